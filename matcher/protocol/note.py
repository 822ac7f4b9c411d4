"""Signed notes (C2SP signed-note): text, an empty line, then one line per signature.

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

A verifier key is ``name+hex(key id)+base64(type || public key)``. Signatures of type 0x01 (Ed25519) are verified here:
notes with further signatures are read, and those of unknown keys ignored, as the specification demands.

Left to others: what the text says (checkpoint.py), signatures of type 0x04 (cosignature.py), private keys (the caller
signs through a function).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matcher.protocol import canonical, ed25519
from matcher.protocol.errors import VerificationError
from matcher.protocol.suite import sha256

ED25519 = 0x01
MAX_NOTE_BYTES = 1 << 17  # at least 16 signatures must fit; a post-quantum one has up to 5 kB
_KEY_ID_SIZE = 4
_SIGNATURE_PREFIX = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Who may sign: name, key id (4 bytes) and Ed25519 public key (32 bytes). The key id depends on the type."""

    name: str
    key_id: bytes
    public: bytes


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. ``signature`` is of whatever algorithm the key has."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note, not yet verified. ``text`` ends in a newline."""

    text: str
    signatures: tuple[NoteSignature, ...]


def key_id(name: str, public: bytes, signature_type: int = ED25519) -> bytes:
    """SHA-256(name || newline || type || public key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes((signature_type,)) + public)[:_KEY_ID_SIZE]


def verifier_key(name: str, public: bytes, signature_type: int = ED25519) -> str:
    """The verifier key's text. Raises VerificationError for a name that no key may have."""
    require_name(name)
    key = bytes((signature_type,)) + public
    return f"{name}+{key_id(name, public, signature_type).hex()}+{canonical.b64(key)}"


def parse_verifier_key(text: str, signature_type: int = ED25519) -> VerifierKey:
    """A verifier key of ``signature_type`` from its text. Raises VerificationError: malformed, or of another type."""
    name, _, rest = text.partition("+")
    hex_id, _, encoded = rest.partition("+")
    require_name(name)
    key = canonical.unb64(encoded)
    if len(key) != 1 + ed25519.PUBLIC_SIZE or key[0] != signature_type:
        raise VerificationError(f"verifier key of {name}: it is no Ed25519 key of type {signature_type}")
    public = key[1:]
    expected = key_id(name, public, signature_type)
    if canonical.unhex(hex_id, _KEY_ID_SIZE) != expected:
        raise VerificationError(f"verifier key of {name}: the key id does not belong to the key")
    return VerifierKey(name, expected, public)


def parse(note: str) -> Note:
    """Take a note apart. Raises VerificationError for anything the specification does not allow."""
    try:
        data = note.encode()
    except UnicodeEncodeError as error:
        raise VerificationError("note: it is not valid UTF-8") from error
    if len(data) > MAX_NOTE_BYTES:
        raise VerificationError(f"note: longer than {MAX_NOTE_BYTES} bytes")
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise VerificationError("note: it holds a control character")
    split = note.rfind("\n\n")
    if split < 0 or not note.endswith("\n"):
        raise VerificationError("note: there is no empty line before the signatures, or no newline at the end")
    lines = note[split + 2 : -1].split("\n")
    return Note(note[: split + 1], tuple(map(parse_signature, lines)))


def parse_signature(line: str) -> NoteSignature:
    """One signature line, without its newline. Raises VerificationError when malformed."""
    name, _, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(_SIGNATURE_PREFIX):
        raise VerificationError("note: a signature line does not begin with a dash")
    require_name(name)
    value = canonical.unb64(encoded)
    if len(value) <= _KEY_ID_SIZE:
        raise VerificationError("note: a signature is too short")
    return NoteSignature(name, value[:_KEY_ID_SIZE], value[_KEY_ID_SIZE:])


def render(note: Note) -> str:
    """The note's text and signature lines."""
    return f"{note.text}\n{''.join(map(render_signature, note.signatures))}"


def render_signature(item: NoteSignature) -> str:
    """A signature's line, with its newline."""
    return f"{_SIGNATURE_PREFIX}{item.name} {canonical.b64(item.key_id + item.signature)}\n"


def sign(text: str, name: str, public: bytes, sign_bytes: Callable[[bytes], bytes]) -> str:
    """``text`` as a note with one Ed25519 signature, made by ``sign_bytes``. Raises VerificationError if malformed."""
    note = render(Note(text, (NoteSignature(name, key_id(name, public), sign_bytes(text.encode())),)))
    parsed = parse(note)
    if parsed.text != text:
        raise VerificationError("note: the text does not end in a newline")
    return note


def verify(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """The keys of ``keys`` that signed. Raises VerificationError when one's signature is wrong, or none signed."""
    known = {(key.name, key.key_id): key for key in keys}
    signers: dict[VerifierKey, None] = {}
    for item in note.signatures:
        key = known.get((item.name, item.key_id))
        if key is None:
            continue
        ed25519.verify(key.public, item.signature, note.text.encode(), f"note: the signature of {key.name}")
        signers[key] = None
    if not signers:
        raise VerificationError("note: no known key signed it")
    return tuple(signers)


def require_name(name: str) -> None:
    """Raise VerificationError unless a key may be called ``name``."""
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        raise VerificationError("note: a key name is empty, or holds a space or a plus")
