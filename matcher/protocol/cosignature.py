"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519, signature type 0x04): a timestamp and a signature over

    cosignature/v1
    time 1679315147
    daxing.example/log
    3
    NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE=

which says: at that time this was the largest tree of that log that the witness had seen, and all it had seen before was
a part of it. Our witnesses also say that they hold every leaf of it (matcher/auditor/witness/).

A line is one more signature line of the checkpoint's note. Timestamps are covered by the signature and mean nothing to
the count: a cosignature does not age, since the tree it is over never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from matcher.protocol import ed25519, note
from matcher.protocol.errors import VerificationError
from matcher.protocol.note import Note, NoteSignature, VerifierKey
from matcher.protocol.suite import u64

COSIGNATURE_V1 = 0x04
_WITNESS_SUFFIX = "/witness"
_HEADER = "cosignature/v1\ntime "
_TIME_SIZE = 8
_MAX_TIME = 2**63 - 1


def witness_name(party: str) -> str:
    """What the witness of auditor ``party`` is called: a key's name, as a schema-less URL."""
    return f"{party}{_WITNESS_SUFFIX}"


def party_of(name: str) -> str:
    """The auditor whose witness is called ``name``; ``name`` itself where it is somebody else's."""
    return name.removesuffix(_WITNESS_SUFFIX)


def verifier_key(name: str, public: bytes) -> str:
    """The verifier key of a witness called ``name``. Raises VerificationError for a name that no key may have."""
    return note.verifier_key(name, public, COSIGNATURE_V1)


def parse_verifier_key(text: str) -> VerifierKey:
    """A witness's verifier key from its text. Raises VerificationError when malformed or of another type."""
    return note.parse_verifier_key(text, COSIGNATURE_V1)


def signed_bytes(text: str, time: int) -> bytes:
    """What a cosignature of ``time`` (seconds since 1970) covers, for a checkpoint's ``text`` without signatures."""
    return f"{_HEADER}{time}\n{text}".encode()


def sign(text: str, name: str, public: bytes, time: int, sign_bytes: Callable[[bytes], bytes]) -> str:
    """The signature line, with its newline, for a checkpoint's ``text``; made by ``sign_bytes`` at ``time``."""
    note.require_name(name)
    signature = u64(time) + sign_bytes(signed_bytes(text, time))
    return note.render_signature(NoteSignature(name, note.key_id(name, public, COSIGNATURE_V1), signature))


def cosigners(parsed: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """Which of ``keys`` cosigned the note, and when (seconds since 1970); lines of other keys are ignored.

    Raises VerificationError when a known key's line does not verify: such a note is refused whole.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[VerifierKey, int] = {}
    for item in parsed.signatures:
        key = known.get((item.name, item.key_id))
        if key is not None:
            found[key] = _verify(parsed.text, item, key)
    return found


def verify_line(text: str, line: str, key: VerifierKey) -> int:
    """The time of the cosignature in ``line`` (with or without newline) over a checkpoint's ``text``.

    Raises VerificationError when it is malformed, of another key, or does not verify.
    """
    item = note.parse_signature(line.removesuffix("\n"))
    if (item.name, item.key_id) != (key.name, key.key_id):
        raise VerificationError(f"cosignature: it is not of {key.name}")
    return _verify(text, item, key)


def require(signed: str, witnesses: Sequence[str], threshold: int) -> dict[str, int]:
    """The witnesses, by name, that cosigned the note ``signed``, with their times in seconds since 1970.

    ``witnesses`` are verifier keys. Raises VerificationError when fewer than ``threshold`` of them did, or one of their
    lines does not verify.
    """
    found = cosigners(note.parse(signed), map(parse_verifier_key, witnesses))
    if len(found) < threshold:
        raise VerificationError(f"{len(found)} witnesses cosigned this checkpoint; the agreement asks for {threshold}")
    return {key.name: time for key, time in found.items()}


def attach(signed: str, lines: Iterable[str]) -> str:
    """The note ``signed`` with cosignature lines added. Raises VerificationError when either is malformed."""
    parsed = note.parse(signed)
    more = (note.parse_signature(line.removesuffix("\n")) for line in lines)
    return note.render(Note(parsed.text, tuple(dict.fromkeys((*parsed.signatures, *more)))))


def bare(signed: str, log_key: str) -> str:
    """The note ``signed`` with the log's signature only: what goes into messages, whatever was attached to it."""
    parsed, key = note.parse(signed), note.parse_verifier_key(log_key)
    own = tuple(item for item in parsed.signatures if (item.name, item.key_id) == (key.name, key.key_id))
    if not own:
        raise VerificationError(f"note: {key.name} did not sign it")
    return note.render(Note(parsed.text, own[:1]))


def _verify(text: str, item: NoteSignature, key: VerifierKey) -> int:
    time = int.from_bytes(item.signature[:_TIME_SIZE], "big")
    if not 0 < time <= _MAX_TIME:
        raise VerificationError(f"cosignature: that of {key.name} does not verify")
    ed25519.verify(
        key.public, item.signature[_TIME_SIZE:], signed_bytes(text, time), f"cosignature: that of {key.name}"
    )  # fmt: skip
    return time
