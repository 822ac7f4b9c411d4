"""Verification of proofs by the iterative algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2.

Size 0: RFC 6962 and RFC 9162 define consistency for 0 < m only, so a proof from size 0 is refused here. Every tree
extends the empty one and the proof would say nothing; who has no earlier checkpoint does not ask for a proof.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle.hashing import node_hash, require_hash

_MAX_PROOF = 65


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Raise VerificationError unless ``proof`` shows leaf hash ``leaf`` at ``index`` of the tree (RFC 9162 2.1.3.2)."""
    _require_hashes(proof, leaf, root_hash)
    if not 0 <= index < size:
        raise VerificationError(f"inclusion proof: no leaf {index} in a tree of {size}")
    position, last, result = index, size - 1, leaf
    for part in proof:
        if last == 0:
            raise VerificationError("inclusion proof: too long")
        if position & 1 or position == last:
            result = node_hash(part, result)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            result = node_hash(result, part)
        position, last = position >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(result, root_hash):
        raise VerificationError("inclusion proof: does not lead to the root")


def verify_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
    """Raise VerificationError unless the tree (size2, root2) extends the tree (size1, root1) (RFC 9162 2.1.4.2)."""
    if not 0 < size1 <= size2:
        raise VerificationError(f"consistency proof: from {size1} to {size2} is not defined")
    if size1 == size2:
        if proof or not hmac.compare_digest(root1, root2):
            raise VerificationError("consistency proof: two roots for one size, or a proof where none is needed")
        return
    _require_hashes(proof, root1, root2)
    if not proof:
        raise VerificationError("consistency proof: empty")
    # A complete smaller tree is itself the first node of the proof, which is therefore left out.
    path = [root1, *proof] if size1.bit_count() == 1 else list(proof)
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for part in path[1:]:
        if last == 0:
            raise VerificationError("consistency proof: too long")
        if position & 1 or position == last:
            old, new = node_hash(part, old), node_hash(part, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, part)
        position, last = position >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(old, root1) or not hmac.compare_digest(new, root2):
        raise VerificationError("consistency proof: does not lead to both roots")


def _require_hashes(proof: Sequence[bytes], *values: bytes) -> None:
    if len(proof) > _MAX_PROOF:
        raise VerificationError("tree: proof is too long")
    for value in (*values, *proof):
        require_hash(value, "a hash")
