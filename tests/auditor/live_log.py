"""A service's log, in memory, that a test may bend: what a witness and a mirror follow."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.protocol import checkpoint, cosignature, merkle, note
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import NotFoundError
from tests.auditor.world import ORIGIN, key, public

NOW = 1_700_000_000


class Log:
    """A service's log that a test may bend."""

    def __init__(self, entries: list[bytes]) -> None:
        self.leaves = list(entries)
        self.signer = "log"
        self.lines: list[tuple[int, str]] = []
        self.proofs: list[tuple[int, int]] = []
        self.root: bytes | None = None
        self.refuse: Exception | None = None

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", wait_seconds: int = 0) -> str:  # noqa: ARG002
        if len(self.leaves) < at_least:
            raise NotFoundError("nothing new")
        root = self.root or merkle.root(self.leaves)
        public_key = public(self.signer)
        signed = checkpoint.sign(Checkpoint(ORIGIN, len(self.leaves), root), public_key, key(self.signer).sign)
        other = cosignature.sign(note.parse(signed).text, "other", public("w"), NOW, key("w").sign)
        return cosignature.attach(signed, [other])

    def entries(self, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        yield from list(enumerate(self.leaves))[first : first + limit]

    def consistency(self, first: int, second: int) -> list[bytes]:
        self.proofs.append((first, second))
        if second > len(self.leaves):
            raise NotFoundError("no such tree")
        return merkle.consistency_proof([merkle.leaf_hash(leaf) for leaf in self.leaves[:second]], first)

    def add_cosignature(self, size: int, line: str) -> int:
        if self.refuse is not None:
            raise self.refuse
        self.lines.append((size, line))
        return 1
