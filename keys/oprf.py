"""The pseudorandom function that only its key's holder can evaluate: RFC 9497 VOPRF, ristretto255-SHA512, mode 1.

The one who holds x blinds it, the holder evaluates without seeing x and proves it used the agreed key (dleq.py), the
first one finalizes to 64 bytes. The holder computes the same directly with ``evaluate``.

Batches are what the exchange sends: elements of 32 bytes each, concatenated. The batch functions are pure functions
of bytes and bring only libsodium with them, so worker processes can run them; where the native crate is installed it
does their arithmetic, on one thread, for the workers are one a core. A secret is a Secret, or plain bytes
where it crossed to a worker. Left to others: whom to answer, counting, padding to a round number, transport.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

from keys import dleq, native, ristretto
from keys.dleq import (
    CONTEXT_STRING,
    MAX_BATCH,
    PROOF_SIZE,
    generate_proof,
    hash_to_scalar,
    require_key_pair,
    require_same_count,
    split,
    verify_proof,
)
from keys.errors import CountError, ElementError, ScalarError
from keys.expand import expand_message_xmd
from keys.framing import MAX_LENGTH, lp
from keys.ristretto import ELEMENT_SIZE, SCALAR_SIZE, UNIFORM_SIZE
from keys.secret import Secret, raw
from keys.seed import SEED_SIZE

__all__ = [
    "CONTEXT_STRING", "ELEMENT_SIZE", "IDENTIFIER", "MAX_BATCH", "MODE", "OUTPUT_SIZE", "PROOF_SIZE",
    "blind", "blind_batch", "blind_column", "blind_evaluate", "derive_key_pair", "evaluate", "evaluate_batch",
    "finalize", "finalize_batch", "finalize_column", "generate_proof", "hash_to_group", "hash_to_scalar", "padding",
    "verify_proof",
]  # fmt: skip

IDENTIFIER = "ristretto255-SHA512"
MODE = 0x01
OUTPUT_SIZE = 64
_GROUP_TAG = b"HashToGroup-" + CONTEXT_STRING
_KEY_PAIR_TAG = b"DeriveKeyPair" + CONTEXT_STRING


def derive_key_pair(seed: Secret | bytes, info: bytes) -> tuple[Secret, bytes]:
    """(secret key, public key) from a 32-byte seed and public ``info`` (RFC 9497 section 3.2.1).

    Raises ScalarError for a seed of another length, or in the case, of probability 2^-252 each, that 256 tries give 0.
    """
    value = raw(seed)
    if len(value) != SEED_SIZE:
        raise ScalarError(f"the seed is {len(value)} bytes long, not {SEED_SIZE}")
    material = value + lp(info)
    for counter in range(256):
        secret_key = hash_to_scalar(material + bytes((counter,)), _KEY_PAIR_TAG)
        if secret_key != ristretto.ZERO:
            return Secret(secret_key), ristretto.multiply_base(secret_key)
    raise ScalarError("no key pair can be derived from this seed")


def hash_to_group(message: bytes) -> bytes:
    """HashToGroup of the suite (RFC 9497 section 4.1): the element of an input."""
    return ristretto.from_uniform(expand_message_xmd(message, _GROUP_TAG, UNIFORM_SIZE))


def blind(message: bytes) -> tuple[Secret, bytes]:
    """(blind, blinded element) of one input. The blind is fresh from the operating system and must be used once."""
    fresh = ristretto.random_scalar()
    return Secret(fresh), _blind(message, fresh)


def blind_batch(inputs: Sequence[bytes]) -> tuple[bytes, bytes]:
    """(blinds, blinded elements) of many inputs, 32 bytes for each in each. The blinds are secret, fresh, used once."""
    if (crate := native.module()) is not None:
        for message in inputs:
            _require_input(message)
        drawn, elements = crate.oprf_blind(*native.column(inputs), threads=1)
        return bytes(drawn), bytes(elements)
    blinds = [ristretto.random_scalar() for _ in inputs]
    return b"".join(blinds), b"".join(map(_blind, inputs, blinds))


def blind_column(prefix: bytes, values: native.Column) -> tuple[bytes, bytes]:
    """``blind_batch`` of the inputs ``prefix || lp(value)``."""
    if (crate := native.module()) is not None:
        drawn, elements = crate.oprf_blind(*values, prefix=prefix, threads=1)
        return bytes(drawn), bytes(elements)
    return blind_batch(_inputs(prefix, values))


def padding(count: int) -> bytes:
    """``count`` random elements that no input has, to fill a batch up to a round number."""
    return b"".join(ristretto.random_element() for _ in range(count))


def blind_evaluate(secret_key: Secret | bytes, public_key: bytes, blinded: bytes) -> bytes:
    """The evaluated elements of a batch of blinded ones: for the key's holder.

    Raises ScalarError (the public key is another key's), CountError (empty, broken or too long batch), ElementError
    with the index (not canonical, identity).
    """
    key = require_key_pair(secret_key, public_key)
    if (crate := native.module()) is not None:
        dleq.count(blinded, "blinded elements")
        with _named("blinded", crate):
            return bytes(crate.oprf_blind_evaluate(key, blinded, threads=1))
    return b"".join(_multiply_each([key] * (len(blinded) // ELEMENT_SIZE), blinded, "blinded"))


def finalize(message: bytes, fresh: Secret | bytes, evaluated: bytes) -> bytes:
    """F(input), 64 bytes, from the input, its blind and the evaluated element, whose proof must have been verified."""
    return finalize_batch([message], raw(fresh), evaluated)[0]


def finalize_batch(inputs: Sequence[bytes], blinds: bytes, evaluated: bytes) -> list[bytes]:
    """F(input) of many inputs: 64 bytes each. ``verify_proof`` must have accepted ``evaluated`` before.

    Raises CountError when the three differ in count, ElementError with the index, ScalarError for a bad blind.
    """
    if (crate := native.module()) is not None:
        return native.split(_finalize_native(crate, None, native.column(inputs), blinds, evaluated), OUTPUT_SIZE)
    _require_counts(len(inputs), blinds, evaluated)
    scalars = split(blinds, "blinds")
    for index, scalar in enumerate(scalars):
        ristretto.require_scalar(scalar, f"blind {index}")
    unblinded = _multiply_each(ristretto.invert_each(scalars), evaluated, "evaluated")
    return list(map(_output, inputs, unblinded))


def finalize_column(prefix: bytes, values: native.Column, blinds: bytes, evaluated: bytes) -> bytes:
    """``finalize_batch`` of the inputs ``prefix || lp(value)``, end to end."""
    if (crate := native.module()) is not None:
        return _finalize_native(crate, prefix, values, blinds, evaluated)
    return b"".join(finalize_batch(_inputs(prefix, values), blinds, evaluated))


def evaluate(secret_key: Secret | bytes, message: bytes) -> bytes:
    """F(input), 64 bytes, directly: for the key's holder and its own records."""
    return _output(message, ristretto.multiply(_key(secret_key), hash_to_group(message)))


def evaluate_batch(secret_key: Secret | bytes, inputs: Sequence[bytes]) -> list[bytes]:
    """F(input) of many inputs, 64 bytes each, directly: for the key's holder and its own records."""
    key = _key(secret_key)
    if (crate := native.module()) is not None:
        return native.split(crate.oprf_evaluate(key, *native.column(inputs), threads=1), OUTPUT_SIZE)
    return [_output(message, ristretto.multiply(key, hash_to_group(message))) for message in inputs]


def _inputs(prefix: bytes, values: native.Column) -> list[bytes]:
    return [prefix + lp(value) for value in native.values(*values)]


def _require_counts(inputs: int, blinds: bytes, evaluated: bytes) -> None:
    require_same_count("blinds", dleq.count(blinds, "blinds"), inputs)
    require_same_count("evaluated elements", dleq.count(evaluated, "evaluated elements"), inputs)


def _finalize_native(
    crate: ModuleType, prefix: bytes | None, values: native.Column, blinds: bytes, evaluated: bytes
) -> bytes:
    _require_counts(native.count(values), blinds, evaluated)
    with _named("evaluated", crate, blinds):
        return bytes(crate.oprf_finalize(*values, blinds, evaluated, prefix=prefix, threads=1))


@contextmanager
def _named(what: str, crate: ModuleType, blinds: bytes = b"") -> Iterator[None]:
    """Inside, an element, or one of ``blinds``, that the crate refuses is an error of ours, with its index."""
    try:
        yield
    except crate.RejectedError as error:
        _message, index = error.args
        if blinds:  # the crate looks at them first
            ristretto.require_scalar(blinds[index * SCALAR_SIZE :][:SCALAR_SIZE], f"blind {index}")
        raise ElementError(f"{what} element {index} is not canonical, or is the identity", index) from None


def _key(secret_key: Secret | bytes) -> bytes:
    key = raw(secret_key)
    ristretto.require_scalar(key, "the secret key")
    return key


def _blind(message: bytes, fresh: bytes) -> bytes:
    """The blinded element under a given blind. Only ``blind``, ``blind_batch`` and the RFC's vectors may choose it."""
    _require_input(message)
    return ristretto.multiply(fresh, hash_to_group(message))


def _multiply_each(scalars: list[bytes], elements: bytes, what: str) -> list[bytes]:
    products = []
    for index, (scalar, element) in enumerate(zip(scalars, split(elements, f"{what} elements"), strict=True)):
        try:
            products.append(ristretto.multiply(scalar, element))
        except ElementError:
            raise ElementError(f"{what} element {index} is not canonical, or is the identity", index) from None
    return products


def _output(message: bytes, element: bytes) -> bytes:
    return hashlib.sha512(lp(message) + lp(element) + b"Finalize").digest()


def _require_input(message: bytes) -> None:
    # Found when blinding, not when the answer comes: the same limit that ``_output`` needs.
    if len(message) > MAX_LENGTH:
        raise CountError(f"an input of {len(message)} bytes is longer than {MAX_LENGTH}")
