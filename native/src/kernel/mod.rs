//! Eight values at a time, where the processor has AVX-512 IFMA: field and group arithmetic, SHA-512, batched encoding.
//! Signatures, which are public, are verified in variable time (`signed`, `point::niels`).
//!
//! Constant time in every scalar and, lengths apart, in every input: no branch, index or loop count depends on them.
//! docs/native.md has the argument and how it was checked. All unsafe code of the crate is in `lanes`.

/// Write out `body` for each number below sixteen, which the compiler then knows.
macro_rules! sixteen_times {
    (|$step:ident| $body:expr) => {
        sixteen_times!(@ $step $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $step:ident $body:expr, $($number:literal)*) => {
        $({
            let $step = $number;
            $body;
        })*
    };
}

pub mod aes256;
mod constants;
mod field;
mod gcm;
pub mod group;
pub mod hash256;
pub mod hmac;
mod lanes;
mod point;
mod roots;
pub mod sha256;
mod sha512;
mod signed;
mod sums;
#[cfg(test)]
mod tests;

pub use lanes::Kernel;
pub use point::niels::Niels;
pub use signed::Signed;
