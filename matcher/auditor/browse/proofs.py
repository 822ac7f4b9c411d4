"""Inclusion proofs for the page, from the leaf hashes of the copy; the tree is kept while the copy does not grow."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from matcher.auditor.mirror.reading import MirrorSource
from matcher.auditor.mirror.store import MIRROR_FILE, MirrorStore
from matcher.protocol import checkpoint, merkle
from matcher.protocol.errors import NotFoundError
from matcher.protocol.proof import Proof

_LEAF_HASHES = "SELECT leaf_hash FROM entries WHERE idx < ? ORDER BY idx"


@dataclass(frozen=True, slots=True)
class Proved:
    """One entry and what proves it: verified here, against the checkpoint's root."""

    leaf: bytes
    leaf_hash: bytes
    proof: Proof


class Proofs:
    """Proofs under the newest checkpoint of the copy in ``home``."""

    def __init__(self, home: Path, log_key: str) -> None:
        self._home = home
        self._log_key = log_key
        self._signed = ""
        self._tree = merkle.Tree([])

    def of(self, index: int) -> Proved:
        """Entry ``index`` with its proof. Raises NotFoundError beyond the checkpoint, VerificationError if it fails."""
        with closing(MirrorStore(self._home / MIRROR_FILE, self._log_key)) as store:
            source = MirrorSource(self._home, store, self._log_key)
            signed = source.checkpoint()
            point = checkpoint.verify(signed, self._log_key)
            if not 0 <= index < point.size:
                raise NotFoundError(f"the copy has no entry {index}")
            if signed != self._signed:
                hashes = store.database.execute(
                    "SELECT leaf_hash FROM entries WHERE idx < ? ORDER BY idx", [point.size]
                )
                self._tree, self._signed = merkle.Tree([digest for (digest,) in hashes]), signed
            [leaf] = store.leaves(index, 1)
        digest, hashes_up = merkle.leaf_hash(leaf), tuple(self._tree.inclusion_proof(index))
        merkle.verify_inclusion(digest, index, point.size, list(hashes_up), point.root)
        return Proved(leaf, digest, Proof(index, hashes_up, signed, leaf))
