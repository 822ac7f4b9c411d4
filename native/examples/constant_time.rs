//! Is there a branch or an index that depends on a secret? Asked of valgrind, after ctgrind (A. Langley, 2010).
//!
//! Memcheck reports where a branch or an address comes of memory that was never written. Keys, blinds and values are
//! declared such memory, so whatever depends on them is; lengths and offsets are not. Valgrind's processor has no
//! AVX-512: this is curve25519-dalek's path and the portable hashes. `make constant-time` runs it; with the argument
//! `leak` it branches on a key on purpose, to see that it would be reported.

use std::hint::black_box;

use concordat_native::column::Column;
use concordat_native::input::Inputs;
use concordat_native::keyed;
use concordat_native::oprf::{self, Arithmetic};

const COUNT: usize = 20;
const MAKE_UNDEFINED: u64 = 0x4d43_0001;
const MAKE_DEFINED: u64 = 0x4d43_0002;

/// A request to memcheck (valgrind.h, memcheck.h); without valgrind the instructions do nothing.
#[cfg(target_arch = "x86_64")]
fn ask(request: u64, bytes: &[u8]) {
    let arguments = [request, bytes.as_ptr() as u64, bytes.len() as u64, 0, 0, 0];
    // SAFETY: four rotations by 128 bits in all and an exchange of a register with itself; memcheck reads `arguments`.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(), inout("rdx") 0_u64 => _, options(nostack)
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn ask(_request: u64, _bytes: &[u8]) {}

/// The same bytes, declared secret.
fn secret(bytes: &[u8]) -> Vec<u8> {
    let copy = bytes.to_vec();
    ask(MAKE_UNDEFINED, &copy);
    black_box(copy)
}

/// The same bytes, declared public: what goes to the other side, or is compared below.
fn public(bytes: Vec<u8>) -> Vec<u8> {
    ask(MAKE_DEFINED, &bytes);
    black_box(bytes)
}

fn main() {
    let lengths = [0, 1, 19, 19, 111, 112, 128, 200];
    let mut offsets = vec![0_u32];
    offsets.extend((0..COUNT).scan(0, |end, number| {
        *end += lengths[number % lengths.len()];
        Some(*end)
    }));
    let plain: Vec<u8> = (0..offsets[COUNT]).map(|number| (number * 7) as u8).collect();
    let offsets: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    let scalars: Vec<u8> = (0..COUNT * 32).map(|at| if at % 32 == 31 { 3 } else { (at * 11) as u8 }).collect();
    let (key, blinds, values) = (secret(&scalars[..32]), secret(&scalars), secret(&plain));
    if std::env::args().any(|argument| argument == "leak") && key[5] > 9 {
        println!("This branch depends on the key.");
    }

    let column = || Column::new(&values, &offsets).expect("offsets of the values");
    let inputs = Inputs::new(column(), Some(b"prefix")).expect("short values");
    let arithmetic = Arithmetic::Dalek;
    let direct = oprf::evaluate(&key, &inputs, arithmetic).expect("a key");
    let (_blinds, blinded) = oprf::blind(&inputs, Some(&blinds), arithmetic).expect("blinds");
    let blinded = public(blinded);
    let evaluated = public(oprf::blind_evaluate(&key, &blinded, arithmetic).expect("a key and elements"));
    let exchanged = oprf::finalize(&inputs, &blinds, &evaluated, arithmetic).expect("blinds and elements");
    assert_eq!(public(direct), public(exchanged));
    let hashed = keyed::evaluate(&key, &inputs, false).expect("a key");
    let handles = keyed::handles(&key, b"prefix", &column(), b"ending", &column()).expect("short values");
    println!("{} bytes computed", public(hashed).len() + public(handles).len());
}
