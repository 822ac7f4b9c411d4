//! Sixteen records side by side are what one record at a time is, and what the standards say.

use sha2::{Digest, Sha512};

use crate::ciphers::{Ciphers, seal};
use crate::keyed::{Expanded, Hashes, Info, Message, Sixteen, Words, cut, derived};
use crate::merkle;

/// Reproducible bytes.
fn bytes(seed: usize, size: usize) -> Vec<u8> {
    let block = |number: usize| Sha512::digest([seed.to_le_bytes(), number.to_le_bytes()].concat());
    (0..size.div_ceil(64)).flat_map(block).take(size).collect()
}

fn keys(seed: usize) -> Hashes {
    std::array::from_fn(|number| bytes(seed * 16 + number, 32).try_into().expect("32 bytes"))
}

fn words(keys: &Hashes) -> Words {
    std::array::from_fn(|at| {
        keys.map(|key| u32::from_be_bytes(key[at * 4..][..4].try_into().expect("4 bytes of a word")))
    })
}

#[test]
fn keys_are_derived_with_info_of_any_length() {
    let secrets: Vec<[u8; 64]> = (0..8).map(|seed| bytes(seed, 64).try_into().expect("64 bytes")).collect();
    for size in (0..300).chain([1000]) {
        let info = Info::new(&bytes(9, size));
        let count = size % 8 + 1;
        let mut found: [Expanded; 2] = [[[0; 192]; 8]; 2];
        for (found, lanes) in found.iter_mut().zip([true, false]) {
            derived(&secrets[..count], &info, lanes, found);
        }
        assert!(found[0][..count] == found[1][..count], "info of {size} bytes");
    }
}

#[test]
fn hashes_under_sixteen_keys_are_those_under_each() {
    let keys = keys(1);
    let [lanes, each] = [true, false].map(|lanes| Sixteen::new(&keys, lanes));
    for size in 0..260 {
        let message = bytes(size, size);
        let same = Message::new(&message);
        assert!(*lanes.same(&same) == *each.same(&same), "{size} bytes in all lanes");
        // Beside it messages of other lengths, one of them empty.
        let many: [&[u8]; 16] = std::array::from_fn(|number| &message[..size * (number ^ 5) / 15]);
        let hashes = lanes.each(&many);
        assert!(*hashes == *each.each(&many), "{size} bytes beside fewer");
        assert!(*lanes.under(&hashes).each(&many) == *each.under(&hashes).each(&many));
    }
}

#[test]
fn blocks_are_encrypted_under_sixteen_keys() {
    let words = words(&keys(2));
    let block = |seed| bytes(seed, 16).try_into().expect("16 bytes");
    let blocks: Vec<_> = (0..17).map(|seed| std::array::from_fn(|number| block(seed * 4 + number))).collect();
    for number in 0..16 {
        for count in 0..blocks.len() {
            let [lanes, each] = [true, false].map(|lanes| {
                let mut found = Vec::new();
                Ciphers::new(&words, lanes).encrypt(number, &blocks[..count], |four| found.push(four));
                found
            });
            assert!(lanes == each && lanes.len() == count, "{count} times four blocks under key {number}");
        }
    }
}

/// FIPS 197, appendix C.3.
#[test]
fn the_published_block() {
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let plain = std::array::from_fn(|at| (at * 0x11) as u8);
    let expected = 0x8ea2b7ca516745bfeafc49904b496089_u128.to_be_bytes();
    for number in 0..16 {
        let mut keys = keys(3);
        keys[number] = key;
        Ciphers::new(&words(&keys), true).encrypt(number, &[[plain; 4]], |four| assert_eq!(four, [expected; 4]));
    }
}

#[test]
fn vectors_of_any_length_are_sealed() {
    let (keys, nonces) = (keys(4), std::array::from_fn(|number| bytes(number, 12).try_into().expect("12 bytes")));
    for size in 0..300 {
        let associated: [Vec<u8>; 16] = std::array::from_fn(|number| bytes(number, size * 7 % 150));
        let count = size % 16 + 1;
        let [lanes, each] = [true, false].map(|lanes| {
            let mut data: Vec<_> = (0..count).map(|number| bytes(number, size + 16)).collect();
            let mut places: Vec<_> = data.iter_mut().map(Vec::as_mut_slice).collect();
            let associated = associated.each_ref().map(Vec::as_slice);
            seal(&keys.each_ref(), &nonces, &associated, &mut places, lanes).expect("short enough");
            data
        });
        assert!(lanes == each, "{count} vectors of {size} bytes");
    }
}

/// Test case 16 of the submission of GCM to NIST: AES-256, a vector that ends within a block, associated data.
#[test]
fn the_published_envelope() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect()
    };
    let key: [u8; 32] = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").try_into().expect("32");
    let nonce: [u8; 12] = hex("cafebabefacedbaddecaf888").try_into().expect("12");
    let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plain = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    let sealed = hex(concat!(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b"
    ));
    let mut data = vec![[&plain[..], &[0; 16]].concat(); 16];
    let mut places: Vec<_> = data.iter_mut().map(Vec::as_mut_slice).collect();
    seal(&[&key; 16], &[nonce; 16], &[&associated; 16], &mut places, true).expect("short enough");
    assert!(data.iter().all(|found| *found == sealed));
}

#[test]
fn leaves_of_any_length_are_hashed() {
    for size in 1..300 {
        let rows: Vec<Vec<u8>> = (0..17).map(|seed| bytes(seed, size)).collect();
        let found = merkle::leaf_hashes_here(&rows.concat(), size).expect("whole rows");
        assert!(found == rows.iter().map(|row| merkle::leaf_hash(row)).collect::<Vec<_>>(), "rows of {size} bytes");
    }
}

#[test]
fn a_hash_is_cut() {
    let keys = keys(5);
    assert_eq!(cut::<8>(&words(&keys), 11), keys[11][..8]);
}
