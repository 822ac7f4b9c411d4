"""Merkle trees of RFC 6962 section 2.1 with SHA-256: roots, roots of streams, proofs and their verification.

Node (level, index) is the root of the complete subtree over leaves [index * 2^level, (index + 1) * 2^level). A tree
kept as its complete nodes never rewrites one, so the log stores them as rows; proofs are built from a node getter.

Left to others: what a leaf is (rows.py, findings.py, entries.py) and where nodes are stored.
"""

from matcher.protocol.merkle.growing import CompactRange, StoredNode, root
from matcher.protocol.merkle.hashing import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash
from matcher.protocol.merkle.partial import PartialTree, complete_subtrees
from matcher.protocol.merkle.proofs import (
    NodeGetter,
    Tree,
    build_consistency_proof,
    build_inclusion_proof,
    consistency_proof,
    inclusion_proof,
    range_root,
)
from matcher.protocol.merkle.verification import verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "CompactRange",
    "NodeGetter",
    "PartialTree",
    "StoredNode",
    "Tree",
    "build_consistency_proof",
    "build_inclusion_proof",
    "complete_subtrees",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "range_root",
    "root",
    "verify_consistency",
    "verify_inclusion",
]
