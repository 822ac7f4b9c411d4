//! Keyed hashes with the key hashed once: HMAC-SHA-512, HMAC-SHA-256 and HKDF-Expand (FIPS 198-1, RFC 5869).

use rayon::prelude::*;
use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::column::{Column, require_count};
use crate::error::Error;
use crate::input::Inputs;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Kernel, hash256, hmac, sha256};

const GROUP: usize = 1024;
const GROUP_KEY_SIZE: usize = 32;
const HANDLE_SIZE: usize = 16;

/// HMAC with both key blocks hashed. The hash states are wiped when dropped.
#[derive(Clone)]
pub struct Keyed<D: Digest + Clone> {
    inner: D,
    outer: D,
}

impl<D: Digest + Clone> Keyed<D> {
    /// `key` is at most `BLOCK` bytes long, the block size of `D`.
    pub fn new<const BLOCK: usize>(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0u8; BLOCK]);
        block[..key.len()].copy_from_slice(key);
        block.iter_mut().for_each(|byte| *byte ^= 0x36);
        let inner = D::new().chain_update(block.as_slice());
        block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        Self { inner, outer: D::new().chain_update(block.as_slice()) }
    }

    /// The same with `message` already begun by `prefix`.
    pub fn begun(mut self, prefix: &[u8]) -> Self {
        self.inner.update(prefix);
        self
    }

    /// HMAC of the concatenation of `parts`.
    pub fn of(&self, parts: &[&[u8]]) -> sha2::digest::Output<D> {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        self.outer.clone().chain_update(inner.finalize()).finalize()
    }
}

/// F of each input in mode `hmac`: HMAC-SHA-512 under the group key (design section 4).
pub fn evaluate(key: &[u8], inputs: &Inputs, lanes: bool) -> Result<Vec<u8>, Error> {
    let key = Zeroizing::new(
        <[u8; GROUP_KEY_SIZE]>::try_from(key).map_err(|_| Error::shape("a group key is 32 bytes long"))?,
    );
    let mut output = vec![0; inputs.count() * 64];
    output.par_chunks_mut(GROUP * 64).enumerate().for_each(|(group, part)| {
        let first = group * GROUP;
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
            kernel.evaluated(&key, inputs, first, part);
            return;
        }
        let keyed = Keyed::<Sha512>::new::<128>(&*key);
        let mut message = Zeroizing::new(Vec::new());
        for (number, place) in part.chunks_exact_mut(64).enumerate() {
            message.clear();
            inputs.append(first + number, &mut message);
            place.copy_from_slice(&keyed.of(&[&message]));
        }
    });
    Ok(output)
}

/// Handles of rows, 16 bytes each: HMAC-SHA-256 of `prefix || lp(row id || ending) || lp(link value)`, cut.
pub fn handles(key: &[u8], prefix: &[u8], rows: &Column, ending: &[u8], links: &Column) -> Result<Vec<u8>, Error> {
    if key.len() > 64 {
        return Err(Error::shape("a handle key is at most 64 bytes long"));
    }
    rows.require_framed(links.count())?;
    links.require_framed(links.count())?;
    if let Some(index) = (0..rows.count()).find(|&index| rows.get(index).len() + ending.len() > u16::MAX as usize) {
        return Err(Error::at(index, "a row id is longer than 65,535 bytes"));
    }
    require_count(rows.count(), links.count(), "row ids")?;
    let keyed = Keyed::<Sha256>::new::<64>(key).begun(prefix);
    let mut output = vec![0; links.count() * HANDLE_SIZE];
    output.par_chunks_mut(GROUP * HANDLE_SIZE).enumerate().for_each(|(group, part)| {
        for (number, place) in part.chunks_exact_mut(HANDLE_SIZE).enumerate() {
            let (row, link) = (rows.get(group * GROUP + number), links.get(group * GROUP + number));
            let row_size = ((row.len() + ending.len()) as u16).to_be_bytes();
            let hash = keyed.of(&[&row_size, row, ending, &(link.len() as u16).to_be_bytes(), link]);
            place.copy_from_slice(&hash[..HANDLE_SIZE]);
        }
    });
    Ok(output)
}

/// HKDF-Expand's info, which all records of a submission share.
pub struct Info {
    bytes: Vec<u8>,
    #[cfg(target_arch = "x86_64")]
    made: hmac::Info,
}

impl Info {
    /// Of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            #[cfg(target_arch = "x86_64")]
            made: hmac::Info::new(bytes),
        }
    }
}

/// What HKDF-Expand gives for eight record secrets: 176 bytes of keys, and 16 that nobody needs.
pub type Expanded = [[u8; 192]; 8];

/// The six keys of up to eight record secrets: HKDF-Expand with SHA-512 (matcher/protocol/suite.py, `derived`).
pub fn derived(secrets: &[[u8; 64]], info: &Info, lanes: bool, output: &mut Expanded) {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
        kernel.expanded(secrets, &info.made, output);
        return;
    }
    for (secret, place) in secrets.iter().zip(output.iter_mut()) {
        let keyed = Keyed::<Sha512>::new::<128>(secret);
        place[..64].copy_from_slice(&keyed.of(&[&info.bytes, &[1]]));
        for (round, at) in [(2u8, 64), (3, 128)] {
            let (before, after) = place.split_at_mut(at);
            after[..64].copy_from_slice(&keyed.of(&[&before[at - 64..], &info.bytes, &[round]]));
        }
    }
}

/// Keys of sixteen records.
pub type Hashes = [[u8; 32]; Sixteen::COUNT];
/// Hashes of sixteen records: eight words of each, by word.
pub type Words = [[u32; Sixteen::COUNT]; 8];

/// The first `N` bytes of one of sixteen hashes.
pub fn cut<const N: usize>(hashes: &Words, number: usize) -> [u8; N] {
    let mut bytes = [0; N];
    for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(hashes) {
        *place = word[number].to_be_bytes();
    }
    bytes
}

/// A message that is the same for all records.
pub struct Message {
    bytes: Vec<u8>,
    #[cfg(target_arch = "x86_64")]
    blocks: Vec<sha256::Schedule>,
}

impl Message {
    /// Of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            #[cfg(target_arch = "x86_64")]
            blocks: hash256::same(bytes),
        }
    }
}

/// HMAC-SHA-256 under the keys of sixteen records, side by side where the processor can.
pub struct Sixteen {
    /// Whether the kernel is allowed.
    pub lanes: bool,
    states: States,
}

/// Large, and on the stack for one group of records.
#[allow(clippy::large_enum_variant)]
enum States {
    #[cfg(target_arch = "x86_64")]
    Lanes(Kernel, hash256::Keyed),
    Each(Vec<Keyed<Sha256>>),
}

impl Sixteen {
    /// How many records go together.
    pub const COUNT: usize = 16;

    /// Both key blocks hashed. `lanes` allows the eight- and sixteen-lane kernel.
    pub fn new(keys: &Hashes, lanes: bool) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
            return Self { lanes, states: States::Lanes(kernel, kernel.keyed256(keys)) };
        }
        Self { lanes, states: States::Each(keys.iter().map(|key| Keyed::new::<64>(key)).collect()) }
    }

    /// The same under hashes as keys.
    pub fn under(&self, keys: &Words) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let States::Lanes(kernel, _) = self.states {
            return Self { lanes: self.lanes, states: States::Lanes(kernel, kernel.keyed256_of(keys)) };
        }
        Self::new(&Zeroizing::new(std::array::from_fn(|number| cut(keys, number))), self.lanes)
    }

    /// HMAC of one message under each key.
    pub fn same(&self, message: &Message) -> Zeroizing<Words> {
        match &self.states {
            #[cfg(target_arch = "x86_64")]
            States::Lanes(kernel, states) => Zeroizing::new(kernel.same256(states, &message.blocks)),
            States::Each(_) => self.each(&[&message.bytes; Self::COUNT]),
        }
    }

    /// HMAC of each message under its key.
    pub fn each(&self, messages: &[&[u8]; Self::COUNT]) -> Zeroizing<Words> {
        match &self.states {
            #[cfg(target_arch = "x86_64")]
            States::Lanes(kernel, states) => Zeroizing::new(kernel.each256(states, messages)),
            States::Each(keyed) => {
                let mut words = Zeroizing::new(Words::default());
                for (number, (keyed, message)) in keyed.iter().zip(messages).enumerate() {
                    for (word, bytes) in words.iter_mut().zip(keyed.of(&[message]).as_chunks::<4>().0) {
                        word[number] = u32::from_be_bytes(*bytes);
                    }
                }
                words
            }
        }
    }
}

impl Drop for Sixteen {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if let States::Lanes(_, states) = &mut self.states {
            states.inner.zeroize();
            states.outer.zeroize();
        }
    }
}
