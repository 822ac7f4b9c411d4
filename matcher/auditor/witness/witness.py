"""One witness of one log: follow it, keep every leaf, then cosign (C2SP tlog-cosignature; design section 5, step 2).

A cosignature says "this is the largest tree of this log that I have seen, all I saw before is a part of it, and I hold
every leaf of it". So the order is fixed: verify (mirror/follow.py), make leaves and checkpoint durable, sign, make the
cosignature durable, and only then hand it in. Whoever dies in between hands the same line in again.

A log that fails is not cosigned again: both checkpoints, and the entry where one is wrong, are kept under evidence/,
and the same failure comes back at every start, since what was held stays held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from keys.signing import SigningKey
from matcher.auditor.mirror.follow import HistoryError, follow
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.witness import evidence
from matcher.protocol import checkpoint, cosignature, note
from matcher.protocol.errors import NotFoundError, VerificationError
from matcher.protocol.note import VerifierKey

Clock = Callable[[], int]


class WitnessedLog(Protocol):
    """What a witness asks of the service; the service's channel is one."""

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", wait_seconds: int = 0) -> str:
        """The newest checkpoint of at least so many entries. Raises NotFoundError when there is none in time."""

    def entries(self, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        """(index, entry) from ``first`` on."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Consistency proof between two sizes."""

    def add_cosignature(self, size: int, line: str) -> int:
        """Hand in a cosignature."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint of ``size`` entries that was cosigned at ``time`` (seconds since 1970)."""

    size: int
    time: int


class Witness:
    """The witness of auditor ``party``; ``key`` cosigns and does nothing else, ``clock`` gives seconds since 1970."""

    def __init__(
        self, home: Path, party: str, log: WitnessedLog, store: MirrorStore, log_key: str, key: SigningKey, clock: Clock
    ) -> None:  # fmt: skip
        self._home = home
        self._name = cosignature.witness_name(party)
        self._log = log
        self._store = store
        self._log_key = log_key
        self._key = key
        self._clock = clock
        self._handed_in = -1

    def step(self, wait_seconds: int = 0) -> Cosigned | None:
        """Cosign the newest checkpoint, or return None when nothing new came within ``wait_seconds``.

        Raises HistoryError once the evidence is kept, and what the service's refusal or silence raises.
        """
        held = self._store.head().note
        held_size = checkpoint.verify(held, self._log_key).size if held else 0
        try:
            # At the first step also the one held: the cosignature may not have left when this program was stopped.
            wanted = held_size + 1 if self._handed_in == held_size else held_size
            shown = self._log.checkpoint(wanted, wait_seconds=wait_seconds)
        except NotFoundError:
            # Nothing new, or the log has shrunk: the newest there is tells.
            shown = self._log.checkpoint()
        signed = cosignature.bare(shown, self._log_key)
        try:
            point = follow(self._log, self._store, self._log_key, signed)
        except HistoryError as error:
            evidence.keep(self._home, held, signed, error)
            raise
        if point.size == self._handed_in or point.size == 0:
            return None
        return self._cosign(signed, point.size)

    def _cosign(self, signed: str, size: int) -> Cosigned:
        text = note.parse(signed).text
        key = cosignature.parse_verifier_key(cosignature.verifier_key(self._name, self._key.public))
        line = self._held_line(size, text, key)
        if not line:
            line = cosignature.sign(text, self._name, self._key.public, self._clock(), self._key.sign)
            self._store.add_cosignatures(size, [line])
        self._log.add_cosignature(size, line)
        self._handed_in = size
        return Cosigned(size, cosignature.verify_line(text, line, key))

    def _held_line(self, size: int, text: str, key: VerifierKey) -> str:
        """The line signed before, if this program was stopped after signing; "" otherwise.

        The copy also holds lines that the service showed, which may say anything: only one that verifies is ours.
        """
        for line in self._store.cosignatures(size):
            with suppress(VerificationError):
                cosignature.verify_line(text, line, key)
                return line
        return ""
