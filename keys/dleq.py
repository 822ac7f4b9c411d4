"""The proof that one key made a whole batch of evaluations (RFC 9497 section 2.2, DLEQ), ristretto255-SHA512.

Batches are element strings: 32 bytes each, concatenated. The holder weighs the blinded elements only and multiplies
once by its key (ComputeCompositesFast); the verifier weighs both sides (ComputeComposites). libsodium decodes and
checks an element in each product, so a bad one is refused by its index at no further cost.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from keys import native, ristretto
from keys.errors import CountError, ElementError, ProofError, ScalarError
from keys.expand import expand_message_xmd
from keys.framing import lp
from keys.ristretto import ELEMENT_SIZE, SCALAR_SIZE
from keys.secret import Secret, raw

CONTEXT_STRING = b"OPRFV1-\x01-ristretto255-SHA512"
PROOF_SIZE = 2 * SCALAR_SIZE
MAX_BATCH = 0xFFFF
_SCALAR_TAG = b"HashToScalar-" + CONTEXT_STRING
_SEED_TAG = b"Seed-" + CONTEXT_STRING
_UNIFORM_SIZE = 64


def count(elements: bytes, what: str) -> int:
    """How many elements a batch has; ``what`` names it. Raises CountError for an empty, broken or too long batch."""
    found, rest = divmod(len(elements), ELEMENT_SIZE)
    if rest or not 1 <= found <= MAX_BATCH:
        raise CountError(f"{what}: {len(elements)} bytes are no batch of 1 to {MAX_BATCH} elements")
    return found


def split(elements: bytes, what: str) -> list[bytes]:
    """The elements of a batch. Raises CountError as ``count``."""
    count(elements, what)
    return native.split(elements, ELEMENT_SIZE)


def require_same_count(what: str, found: int, expected: int) -> None:
    """Raise CountError unless two batches that belong together are equally long."""
    if found != expected:
        raise CountError(f"{what}: {found} elements, {expected} were expected")


def require_key_pair(secret_key: Secret | bytes, public_key: bytes) -> bytes:
    """The secret key's bytes. Raises ScalarError if it is malformed, or ``public_key`` is another key's.

    An answer made with the key of another epoch must stop here, not at the one who asked.
    """
    key = raw(secret_key)
    ristretto.require_scalar(key, "the secret key")
    if ristretto.multiply_base(key) != public_key:
        raise ScalarError("the public key is not that of the secret key")
    return key


def hash_to_scalar(message: bytes, tag: bytes = _SCALAR_TAG) -> bytes:
    """HashToScalar of the suite (RFC 9497 section 4.1)."""
    return ristretto.scalar_reduce(expand_message_xmd(message, tag, _UNIFORM_SIZE))


def generate_proof(secret_key: Secret | bytes, public_key: bytes, blinded: bytes, evaluated: bytes) -> bytes:
    """The proof, 64 bytes (c | s), that ``evaluated`` is ``secret_key`` times ``blinded``, element by element.

    Its random scalar is fresh from the operating system: used twice, it would give the key away. Raises CountError,
    ElementError with the index, ScalarError for a malformed key. The holder vouches for its own ``evaluated``.
    """
    key = require_key_pair(secret_key, public_key)
    return _prove(key, public_key, blinded, evaluated, ristretto.random_scalar())


def verify_proof(public_key: bytes, blinded: bytes, evaluated: bytes, proof: bytes) -> None:
    """Raise unless ``proof`` shows that the key behind ``public_key`` made ``evaluated`` from ``blinded``.

    Raises CountError (batches differ in length), ElementError with the index (not canonical, identity), ProofError.
    """
    ristretto.require_valid(public_key, "the public key")
    _require_pairs(blinded, evaluated)
    if len(proof) != PROOF_SIZE:
        raise ProofError(f"the proof is {len(proof)} bytes long, not {PROOF_SIZE}")
    challenge, response = proof[:SCALAR_SIZE], proof[SCALAR_SIZE:]
    input_sum, output_sum = _composites(public_key, blinded, evaluated)
    try:
        ristretto.require_scalar(challenge, "the proof's challenge")
        ristretto.require_scalar(response, "the proof's response")
        base_commitment = ristretto.add(
            ristretto.multiply_base(response), ristretto.multiply(challenge, public_key)
        )  # fmt: skip
        sum_commitment = ristretto.add(
            ristretto.multiply(response, input_sum), ristretto.multiply(challenge, output_sum)
        )  # fmt: skip
    except (ScalarError, ElementError) as error:
        raise ProofError("the proof is malformed") from error
    expected = _challenge(public_key, input_sum, output_sum, base_commitment, sum_commitment)
    if not hmac.compare_digest(expected, challenge):
        raise ProofError("the proof does not verify: the evaluations were not made with the agreed key")


def _prove(secret_key: bytes, public_key: bytes, blinded: bytes, evaluated: bytes, randomness: bytes) -> bytes:
    """The proof under a given random scalar. Only ``generate_proof`` and the RFC's vectors may choose it."""
    _require_pairs(blinded, evaluated)
    input_sum, _none = _composites(public_key, blinded, evaluated, holder=True)
    output_sum = ristretto.multiply(secret_key, input_sum)
    base_commitment = ristretto.multiply_base(randomness)
    sum_commitment = ristretto.multiply(randomness, input_sum)
    challenge = _challenge(public_key, input_sum, output_sum, base_commitment, sum_commitment)
    response = ristretto.scalar_subtract(randomness, ristretto.scalar_multiply(challenge, secret_key))
    return challenge + response


def _require_pairs(blinded: bytes, evaluated: bytes) -> None:
    expected = count(blinded, "blinded elements")
    require_same_count("evaluated elements", count(evaluated, "evaluated elements"), expected)


def _composites(public_key: bytes, blinded: bytes, evaluated: bytes, *, holder: bool = False) -> tuple[bytes, bytes]:
    """The weighted sums of both batches; the second is empty for a ``holder``, who multiplies the first by its key."""
    if (crate := native.module()) is not None:
        try:
            left, right = crate.dleq_composites(public_key, blinded, evaluated, both=not holder, threads=1)
        except crate.RejectedError as error:
            raise ElementError(*error.args) from None
        return bytes(left), bytes(right or b"")
    inputs, outputs = split(blinded, "blinded elements"), split(evaluated, "evaluated elements")
    weights = list(_weights(public_key, inputs, outputs))
    input_sum = _weighted_sum(weights, inputs, "blinded")
    return input_sum, b"" if holder else _weighted_sum(weights, outputs, "evaluated")


def _weights(public_key: bytes, inputs: list[bytes], outputs: list[bytes]) -> Iterator[bytes]:
    """The weight of each pair (RFC 9497 section 2.2.1, d_i): a hash of the key, the index and the pair."""
    seed = hashlib.sha512(lp(public_key) + lp(_SEED_TAG)).digest()
    head = lp(seed)
    for index, (entered, left) in enumerate(zip(inputs, outputs, strict=True)):
        yield hash_to_scalar(head + index.to_bytes(2, "big") + lp(entered) + lp(left) + b"Composite")


def _weighted_sum(weights: list[bytes], elements: list[bytes], what: str) -> bytes:
    total = b""
    for index, (weight, element) in enumerate(zip(weights, elements, strict=True)):
        try:
            term = ristretto.multiply(weight, element)
        except ElementError:
            raise ElementError(f"{what} element {index} is not canonical, or is the identity", index) from None
        total = ristretto.add(total, term) if total else term
    return total


def _challenge(public_key: bytes, *elements: bytes) -> bytes:
    return hash_to_scalar(lp(public_key) + b"".join(map(lp, elements)) + b"Challenge")
