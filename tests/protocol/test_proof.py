"""tlog-proof: one entry's proof as a text, and every way it can be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.protocol import canonical, checkpoint, cosignature, merkle, note, proof
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import VerificationError
from matcher.protocol.proof import Proof
from tests.protocol.test_cosignature import KEYS, LOG, LOG_KEY, ORIGIN, TIME, line

LEAVES = [b"entry %d" % number for number in range(7)]
TREE = merkle.Tree([merkle.leaf_hash(leaf) for leaf in LEAVES])
SIGNED = checkpoint.sign(Checkpoint(ORIGIN, 7, TREE.root()), LOG.public_key().public_bytes_raw(), LOG.sign)
COSIGNED = cosignature.attach(SIGNED, [line("witness.example/one", of=SIGNED)])


def made(index: int = 2, signed: str = COSIGNED) -> Proof:
    return Proof(index, tuple(TREE.inclusion_proof(index)), signed, LEAVES[index])


@pytest.mark.parametrize("index", range(7))
def test_every_entry_has_a_proof_that_verifies(index: int) -> None:
    text = proof.render(made(index))
    parsed = proof.parse(text)
    assert parsed == made(index)
    point, cosigned = proof.verify(parsed, LEAVES[index], LOG_KEY, KEYS, 1)
    assert (point.size, cosigned) == (7, {"witness.example/one": TIME})


def test_the_text_is_laid_out_as_the_specification_says() -> None:
    hashes = [canonical.b64(item) for item in TREE.inclusion_proof(2)]
    lines = proof.render(replace(made(), signed=SIGNED)).split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", f"extra {canonical.b64(LEAVES[2])}", "index 2"]
    assert lines[3:6] == hashes
    assert "\n".join(lines[6:]) == "\n" + SIGNED
    assert proof.render(replace(made(), extra=None)).split("\n")[1] == "index 2"
    assert proof.parse(proof.render(replace(made(), extra=None))).extra is None


def test_a_tree_of_one_needs_no_hashes() -> None:
    root = merkle.leaf_hash(b"only")
    signed = checkpoint.sign(Checkpoint(ORIGIN, 1, root), LOG.public_key().public_bytes_raw(), LOG.sign)
    text = proof.render(Proof(0, (), signed))
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n1\n")
    assert proof.verify(proof.parse(text), b"only", LOG_KEY)[0].size == 1


GOOD = proof.render(made())
MALFORMED = {
    "another version": ("@v1", "@v2"),
    "no index": ("index 2\n", ""),
    "a leading zero": ("index 2", "index 02"),
    "a negative index": ("index 2", "index -2"),
    "no number": ("index 2", "index two"),
    "an index too large": ("index 2", f"index {10**19}"),
    "a short hash": (canonical.b64(TREE.inclusion_proof(2)[0]), canonical.b64(bytes(31))),
    "no hash": (canonical.b64(TREE.inclusion_proof(2)[0]), "hash"),
    "extra that is no base64": ("extra ", "extra !"),
    "extra after the index": ("index 2\n", "index 2\nextra AAAA\n"),
    "too many hashes": ("index 2\n", "index 2\n" + f"{canonical.b64(bytes(32))}\n" * 61),
    "no checkpoint": ("\n\n", "\n"),
    "too long": ("extra ", "extra " + "A" * proof.MAX_PROOF_BYTES),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_proof_is_refused(name: str) -> None:
    old, new = MALFORMED[name]
    text = GOOD.replace(old, new) if old == "\n\n" else GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(VerificationError):
        proof.parse(text)


def test_a_proof_of_something_else_does_not_verify() -> None:
    good = made()
    another_tree = checkpoint.sign(Checkpoint(ORIGIN, 7, bytes(32)), LOG.public_key().public_bytes_raw(), LOG.sign)
    for wrong, leaf, key, threshold in (
        (good, LEAVES[3], LOG_KEY, 1),
        (replace(good, index=3), LEAVES[2], LOG_KEY, 1),
        (replace(good, index=7), LEAVES[2], LOG_KEY, 1),
        (replace(good, hashes=good.hashes[:-1]), LEAVES[2], LOG_KEY, 1),
        (replace(good, hashes=good.hashes[::-1]), LEAVES[2], LOG_KEY, 1),
        (replace(good, signed=another_tree), LEAVES[2], LOG_KEY, 0),
        (replace(good, signed=SIGNED), LEAVES[2], LOG_KEY, 1),
        (good, LEAVES[2], LOG_KEY, 2),
        (good, LEAVES[2], checkpoint.verifier_key(ORIGIN, bytes(range(32))), 0),
    ):
        with pytest.raises(VerificationError):
            proof.verify(wrong, leaf, key, KEYS, threshold)


def test_extra_is_not_believed() -> None:
    lying = replace(made(), extra=LEAVES[3])
    assert proof.verify(lying, LEAVES[2], LOG_KEY)[0].size == 7
    with pytest.raises(VerificationError):
        proof.verify(lying, lying.extra or b"", LOG_KEY)
    assert note.parse(lying.signed).text == note.parse(SIGNED).text
