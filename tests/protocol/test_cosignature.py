"""Cosignatures: what a witness says, who is counted, and that a wrong line spoils the note."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher.protocol import checkpoint, cosignature, note
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import VerificationError

LOG, FIRST, SECOND = (Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32) for number in (1, 2, 3))
ORIGIN, TIME = "log.example", 1_679_315_147
LOG_KEY = checkpoint.verifier_key(ORIGIN, LOG.public_key().public_bytes_raw())
NAMES = {"witness.example/one": FIRST, "witness.example/two": SECOND}
KEYS = [cosignature.verifier_key(name, key.public_key().public_bytes_raw()) for name, key in NAMES.items()]


def signed(size: int = 3) -> str:
    return checkpoint.sign(Checkpoint(ORIGIN, size, bytes(32)), LOG.public_key().public_bytes_raw(), LOG.sign)


def line(name: str, of: str = "", time: int = TIME, key: Ed25519PrivateKey | None = None) -> str:
    maker = key or NAMES[name]
    public = NAMES[name].public_key().public_bytes_raw()
    return cosignature.sign(note.parse(of or signed()).text, name, public, time, maker.sign)


# C2SP tlog-cosignature (CC BY 4.0): the cosigned message, and the time in its line. The key is not given there.
SPECIFIED_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SPECIFIED_MESSAGE = b"cosignature/v1\ntime 1679315147\n" + SPECIFIED_TEXT.encode()
SPECIFIED_TIME = "AAAAAGQYUMs="


def test_the_signed_message_is_the_specification_s() -> None:
    assert cosignature.signed_bytes(SPECIFIED_TEXT, TIME) == SPECIFIED_MESSAGE
    made = cosignature.sign(SPECIFIED_TEXT, "w", FIRST.public_key().public_bytes_raw(), TIME, FIRST.sign)
    raw = base64.b64decode(made.split(" ")[2])
    assert base64.b64encode(raw[4:12]).decode() == SPECIFIED_TIME
    FIRST.public_key().verify(raw[12:], SPECIFIED_MESSAGE)
    assert len(raw) == 4 + 8 + 64


def test_the_key_id_is_of_type_4() -> None:
    public = FIRST.public_key().public_bytes_raw()
    assert note.key_id("w", public, 4) != note.key_id("w", public)
    assert base64.b64decode(KEYS[0].split("+")[2])[0] == 4
    with pytest.raises(VerificationError, match="type 4"):
        cosignature.parse_verifier_key(LOG_KEY)
    with pytest.raises(VerificationError, match="type 1"):
        note.parse_verifier_key(KEYS[0])


def test_as_many_as_cosigned_are_counted() -> None:
    one = cosignature.attach(signed(), [line("witness.example/one")])
    both = cosignature.attach(one, [line("witness.example/two", time=TIME + 5)])
    assert cosignature.require(both, KEYS, 2) == {"witness.example/one": TIME, "witness.example/two": TIME + 5}
    assert cosignature.require(one, KEYS, 1) == {"witness.example/one": TIME}
    with pytest.raises(VerificationError, match="1 witnesses cosigned this checkpoint; the agreement asks for 2"):
        cosignature.require(one, KEYS, 2)
    assert cosignature.require(signed(), KEYS, 0) == {}
    assert checkpoint.verify(both, LOG_KEY).size == 3


def test_a_witness_counts_once_and_strangers_not_at_all() -> None:
    twice = cosignature.attach(signed(), [line("witness.example/one"), line("witness.example/one", time=TIME + 1)])
    with pytest.raises(VerificationError, match="1 witnesses"):
        cosignature.require(twice, KEYS, 2)
    with pytest.raises(VerificationError, match="0 witnesses"):
        cosignature.require(twice, KEYS[1:], 1)
    once = line("witness.example/one")
    assert cosignature.attach(signed(), [once, once]).count(once) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        line("witness.example/one", of=signed(4)),
        line("witness.example/one", key=SECOND),
        line("witness.example/one", time=0),
        line("witness.example/one", time=2**63),
        cosignature.note.render_signature(
            note.NoteSignature(
                "witness.example/one", note.key_id("witness.example/one", FIRST.public_key().public_bytes_raw(), 4),
                FIRST.sign(note.parse(signed()).text.encode()),
            )
        ),
    ],
    ids=["of another tree", "by another key", "no time", "time too large", "a plain signature"],
)  # fmt: skip
def test_a_wrong_line_of_a_known_witness_spoils_the_note(wrong: str) -> None:
    spoiled = cosignature.attach(signed(), [line("witness.example/two"), wrong])
    with pytest.raises(VerificationError, match=r"witness\.example/one does not verify"):
        cosignature.require(spoiled, KEYS, 1)
    with pytest.raises(VerificationError):
        cosignature.verify_line(note.parse(signed()).text, wrong, cosignature.parse_verifier_key(KEYS[0]))


def test_one_line_is_verified_by_itself() -> None:
    text, key = note.parse(signed()).text, cosignature.parse_verifier_key(KEYS[0])
    assert cosignature.verify_line(text, line("witness.example/one"), key) == TIME
    with pytest.raises(VerificationError, match=r"not of witness\.example/one"):
        cosignature.verify_line(text, line("witness.example/two"), key)
    with pytest.raises(VerificationError, match="dash"):
        cosignature.verify_line(text, "no line", key)


def test_a_bare_note_has_the_log_s_signature_only() -> None:
    both = cosignature.attach(signed(), [line("witness.example/one"), line("witness.example/two")])
    assert cosignature.bare(both, LOG_KEY) == signed()
    with pytest.raises(VerificationError, match="did not sign"):
        cosignature.bare(both, checkpoint.verifier_key(ORIGIN, FIRST.public_key().public_bytes_raw()))
