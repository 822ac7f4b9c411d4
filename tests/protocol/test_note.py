"""Signed notes and checkpoints: the example of C2SP, and named mutations of a good one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import canonical, checkpoint, note
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import VerificationError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "daxing.example/log"
POINT = Checkpoint(ORIGIN, 20852163, bytes(range(32)))
SIGNED = checkpoint.sign(POINT, PUBLIC, KEY.sign)
LOG_KEY = checkpoint.verifier_key(ORIGIN, PUBLIC)


def resigned(text: str) -> str:
    """A note over any text at all, properly signed by the log."""
    line = note.NoteSignature(ORIGIN, note.key_id(ORIGIN, PUBLIC), KEY.sign(text.encode()))
    return note.render(note.Note(text, (line,)))


def with_line(line: str) -> str:
    return SIGNED + line


def test_the_example_of_c2sp(shared_vectors: Callable[[str], Path]) -> None:
    text = shared_vectors("c2sp/signed-note-example.txt").read_text(encoding="utf-8")
    key_text = shared_vectors("c2sp/signed-note-example.vkey").read_text().strip()
    key = note.parse_verifier_key(key_text)
    parsed = note.parse(text)
    assert note.verify(parsed, [key]) == (key,)
    assert parsed.text == "This is an example message.\n"
    assert key.key_id.hex() == "530d903a"
    assert note.verifier_key(key.name, key.public) == key_text
    assert note.render(parsed) == text


def test_a_checkpoint_comes_back() -> None:
    assert checkpoint.verify(SIGNED, LOG_KEY) == POINT
    assert SIGNED.startswith(f"{ORIGIN}\n20852163\nAAECAwQF")


def test_empty_lines_belong_to_the_text() -> None:
    text = "first\n\nsecond\n"
    assert note.parse(resigned(text)).text == text
    note.verify(note.parse(resigned(text)), [note.parse_verifier_key(LOG_KEY)])


def test_unknown_signatures_are_ignored() -> None:
    same_name = f"— {ORIGIN} {canonical.b64(b'abcd' + bytes(64))}\n"
    same_id = f"— other.example {canonical.b64(note.key_id(ORIGIN, PUBLIC) + bytes(64))}\n"
    post_quantum = f"— witness.example {canonical.b64(b'efgh' + bytes(2420))}\n" * 16
    signed = with_line(same_name + same_id + post_quantum)
    assert checkpoint.verify(signed, LOG_KEY) == POINT
    body, lines = SIGNED.split("\n\n")
    assert checkpoint.verify(f"{body}\n\n{post_quantum}{lines}", LOG_KEY) == POINT


def test_a_wrong_signature_of_a_known_key_refuses_the_note() -> None:
    wrong = f"— {ORIGIN} {canonical.b64(note.key_id(ORIGIN, PUBLIC) + bytes(64))}\n"
    with pytest.raises(VerificationError, match="does not verify"):
        checkpoint.verify(with_line(wrong), LOG_KEY)


def test_another_key_of_the_same_name_is_unknown() -> None:
    forged = checkpoint.sign(POINT, OTHER.public_key().public_bytes_raw(), OTHER.sign)
    with pytest.raises(VerificationError, match="no known key"):
        checkpoint.verify(forged, LOG_KEY)


def test_another_origin_under_the_same_key_is_refused() -> None:
    text = checkpoint.render(Checkpoint("elsewhere.example/log", 1, bytes(32)))
    with pytest.raises(VerificationError, match="another log"):
        checkpoint.verify(resigned(text), LOG_KEY)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (SIGNED.removesuffix("\n"), "newline at the end"),
        (SIGNED.replace("\n\n", "\n"), "no empty line"),
        (SIGNED.split("\n\n")[0] + "\n\n", "dash"),
        (SIGNED + "\n", "dash"),
        (SIGNED.replace("— ", "- "), "dash"),
        (SIGNED.replace("\n", "\r\n"), "control character"),
        (SIGNED.replace("20852163", "2085\x002163"), "control character"),
        (with_line("— name\u00a0x AAAAAAA=\n"), "key name"),
        (with_line("— a+b AAAAAAA=\n"), "key name"),
        (with_line("—  AAAAAAA=\n"), "key name"),
        (with_line("— a AAAAAA==\n"), "too short"),
        (with_line("— a AAAAAAB=\n"), "base64"),
        (with_line("— a !\n"), "base64"),
        (with_line("— a AAAAAAA= x\n"), "base64"),
        (with_line("— a " + canonical.b64(bytes(note.MAX_NOTE_BYTES)) + "\n"), "longer"),
        (with_line("— a\udc80 AAAAAAA=\n"), "UTF-8"),
        (SIGNED.replace("20852163", "20852164"), "does not verify"),
    ],
)  # fmt: skip
def test_a_malformed_note_is_refused(broken: str, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        checkpoint.verify(broken, LOG_KEY)


ROOT = canonical.b64(bytes(32))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{ORIGIN}\n1\n", "missing"),
        (f"{ORIGIN}\n\n1\n{ROOT}\n", "empty"),
        (f"{ORIGIN}\n01\n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n+1\n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n-1\n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n1 \n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n١\n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n99999999999999999999\n{ROOT}\n", "decimal"),
        (f"{ORIGIN}\n9999999999999999999\n{ROOT}\n", "too large"),
        (f"{ORIGIN}\n1\n{ROOT[:-4]}\n", "base64"),
        (f"{ORIGIN}\n1\n{ROOT} \n", "base64"),
    ],
)
def test_a_malformed_checkpoint_is_refused_though_signed(text: str, reason: str) -> None:
    with pytest.raises(VerificationError, match=reason):
        checkpoint.verify(resigned(text), LOG_KEY)


def test_extension_lines_are_kept() -> None:
    point = Checkpoint(ORIGIN, 0, bytes(32), ("extension", "another"))
    assert checkpoint.verify(checkpoint.sign(point, PUBLIC, KEY.sign), LOG_KEY) == point


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb"])
def test_an_origin_that_is_no_key_name_cannot_sign(origin: str) -> None:
    with pytest.raises(VerificationError):
        checkpoint.sign(Checkpoint(origin, 1, bytes(32)), PUBLIC, KEY.sign)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ORIGIN,
        LOG_KEY.replace("+", "-"),
        LOG_KEY.replace(ORIGIN, "other.example"),
        f"{ORIGIN}+{LOG_KEY.split('+')[1].upper()}+{LOG_KEY.split('+', 2)[2]}",
        f"{ORIGIN}+{LOG_KEY.split('+')[1]}+{canonical.b64(bytes((4,)) + PUBLIC)}",
        f"{ORIGIN}+{LOG_KEY.split('+')[1]}+{canonical.b64(bytes((1,)) + PUBLIC[:-1])}",
    ],
)
def test_a_malformed_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(VerificationError):
        note.parse_verifier_key(key)


@given(st.text())
def test_any_text_is_refused_or_read(text: str) -> None:
    try:
        parsed = note.parse(text)
    except VerificationError:
        return
    assert note.render(parsed) == text


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_a_key_has_a_proper_name(name: str) -> None:
    with pytest.raises(VerificationError, match="key name"):
        note.verifier_key(name, PUBLIC)
    encoded = canonical.b64(bytes((note.ED25519,)) + PUBLIC)
    with pytest.raises(VerificationError):
        note.parse_verifier_key(f"{name}+{note.key_id(name, PUBLIC).hex()}+{encoded}")


def test_a_note_is_signed_over_lines() -> None:
    with pytest.raises(VerificationError, match="newline"):
        note.sign("no newline at the end", ORIGIN, PUBLIC, KEY.sign)
    with pytest.raises(VerificationError, match="newline"):
        checkpoint.sign(Checkpoint(ORIGIN, 1, bytes(32), ("two\nlines",)), PUBLIC, KEY.sign)
