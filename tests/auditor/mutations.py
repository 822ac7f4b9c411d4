"""Every kind of change that is tried (tampering.py applies one, and says who named it)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from matcher.protocol import canonical, cosignature, merkle, note
from tests.auditor.live_log import Log
from tests.auditor.tampering import (
    HELD,
    Victims,
    broken_signature,
    changed_text,
    flipped,
    signed,
    swapped,
)
from tests.auditor.world import LOG_KEY

Kind = Callable[[Victims, random.Random], str]
_TEXTS = ("type", "actor", "agreement", "flow", "period", "kind", "sender", "recipient", "person")


def _cut_files(victims: Victims) -> list[str]:
    return [name for name, data in victims.files.items() if data]


def _byte_of(prefix: str) -> Kind:
    def change(victims: Victims, chance: random.Random) -> str:
        name = chance.choice([name for name in victims.files if name.startswith(prefix)])
        return victims.names_in_export({name: flipped(victims.files[name], chance)})

    return change


def _file_cut(victims: Victims, chance: random.Random) -> str:
    name = chance.choice(_cut_files(victims))
    return victims.names_in_export({name: victims.files[name][: chance.randrange(len(victims.files[name]))]})


def _file_grown(victims: Victims, chance: random.Random) -> str:
    name = chance.choice(_cut_files(victims))
    return victims.names_in_export({name: victims.files[name] + chance.randbytes(chance.randint(1, 40))})


def _file_gone(victims: Victims, chance: random.Random) -> str:
    return victims.names_in_export({chance.choice(list(victims.files)): None})


def _bundles_exchanged(victims: Victims, chance: random.Random) -> str:
    prefix = chance.choice(("tile/entries/", "tile/0/"))
    first, second = (name for name in victims.files if name.startswith(prefix))
    return victims.names_in_export({first: victims.files[second], second: victims.files[first]})


def _bundle_of_another_log(victims: Victims, chance: random.Random) -> str:
    other = victims.rebuilt(swapped(victims.leaves, chance))
    names = [name for name in victims.files if name.startswith("tile/") and other[name] != victims.files[name]]
    name = chance.choice(names)
    return victims.names_in_export({name: other[name]})


def _order(victims: Victims, chance: random.Random) -> str:
    return victims.names_in_export(victims.rebuilt(swapped(victims.leaves, chance)))


def _left_out(victims: Victims, chance: random.Random) -> str:
    place = chance.randrange(len(victims.leaves))
    return victims.names_in_export(victims.rebuilt(victims.leaves[:place] + victims.leaves[place + 1 :]))


def _twice(victims: Victims, chance: random.Random) -> str:
    place = chance.randrange(len(victims.leaves))
    return victims.names_in_export(victims.rebuilt([*victims.leaves[:place], *victims.leaves[place - 1 :]]))


def _end_gone(victims: Victims, chance: random.Random) -> str:
    return victims.names_in_export(victims.rebuilt(victims.leaves[: chance.randrange(len(victims.leaves))]))


def _signature(victims: Victims, chance: random.Random) -> str:
    """The operator signs the log with a party's or a person's broken signature in it."""
    leaves = broken_signature(victims.leaves, chance)
    return victims.names_in_export(victims.rebuilt(leaves, signed(leaves)))


def _fork(victims: Victims, chance: random.Random) -> str:
    """The operator and the witness sign another history, which differs where no party signs."""
    leaves = _other_history(victims.leaves, chance)
    return victims.names_in_export(victims.rebuilt(leaves, signed(leaves)), victims.seen)


def _other_history(leaves: list[bytes], chance: random.Random, first: int = 0, end: int | None = None) -> list[bytes]:
    places = [place for place, leaf in enumerate(leaves[:end]) if b'"finding-listed"' in leaf and place >= first]
    place = chance.choice(places)
    value = canonical.decode(leaves[place])
    value["facts"]["count"] += chance.randint(1, 9)
    return [*leaves[:place], canonical.encode(value), *leaves[place + 1 :]]


def _rollback(victims: Victims, chance: random.Random) -> str:
    leaves = victims.leaves[: chance.randrange(1, len(victims.leaves))]
    return victims.names_in_export(victims.rebuilt(leaves, signed(leaves)), victims.seen)


def _replayed(victims: Victims, chance: random.Random) -> str:
    """An older checkpoint, truly signed, over the files of the newer one."""
    older = signed(victims.leaves, chance.randrange(1, len(victims.leaves)))
    return victims.names_in_export({"checkpoint": older.encode()}, victims.seen)


def _column(name: str) -> Kind:
    def change(victims: Victims, chance: random.Random) -> str:
        index = chance.randrange(len(victims.leaves))
        [before] = victims.store.database.execute(f"SELECT {name} FROM entries WHERE idx = ?", [index])  # noqa: S608
        after = _other_value(before[0], chance)
        return victims.names_in_copy([(f"UPDATE entries SET {name} = ? WHERE idx = ?", [after, index])])  # noqa: S608

    return change


def _other_value(value: object, chance: random.Random) -> object:
    if isinstance(value, bytes):
        return flipped(value, chance)
    if isinstance(value, int):
        return value + chance.choice((-1, 1)) * chance.randint(1, 10**6)
    return changed_text(str(value), chance) if value else chance.choice(("labour-bureau", "2022-05", "x"))


def _point(name: str) -> Kind:
    def change(victims: Victims, chance: random.Random) -> str:
        # Cosignatures are only known of the newest one.
        size = len(victims.leaves) if name == "cosignatures" else chance.choice((HELD, len(victims.leaves)))
        rows = victims.store.database.execute(f"SELECT {name} FROM checkpoints WHERE size = ?", [size])  # noqa: S608
        after = _other_value(next(iter(rows))[0], chance)
        return victims.names_in_copy([(f"UPDATE checkpoints SET {name} = ? WHERE size = ?", [after, size])])  # noqa: S608

    return change


def _edge(victims: Victims, chance: random.Random) -> str:
    [(edge,)] = victims.store.database.execute("SELECT edge FROM log")
    return victims.names_in_copy([("UPDATE log SET edge = ?", [flipped(edge, chance)])])


def _row_gone(victims: Victims, chance: random.Random) -> str:
    return victims.names_in_copy([("DELETE FROM entries WHERE idx = ?", [chance.randrange(len(victims.leaves))])])


def _rows_exchanged(victims: Victims, chance: random.Random) -> str:
    first, second = chance.sample(range(len(victims.leaves)), 2)
    move = "UPDATE entries SET idx = ? WHERE idx = ?"
    return victims.names_in_copy([(move, [-1, first]), (move, [first, second]), (move, [second, -1])])


def _copy_cut(victims: Victims, chance: random.Random) -> str:
    return victims.names_in_copy([("DELETE FROM entries WHERE idx >= ?", [chance.randrange(len(victims.leaves))])])


def _copy_rolled_back(victims: Victims, chance: random.Random) -> str:
    """An older copy, whole in itself: what was verified since is kept elsewhere (HOME/checkpoints)."""
    size = chance.randrange(HELD + 1, len(victims.leaves))
    edge = merkle.CompactRange()
    edge.extend(victims.leaves[:size])
    older = cosignature.bare(signed(victims.leaves, size), LOG_KEY)
    statements: list[tuple[str, list[object]]] = [
        ("DELETE FROM entries WHERE idx >= ?", [size]),
        ("UPDATE checkpoints SET size = ?, note = ?, root = ? WHERE size > ?", [size, older, edge.root(), HELD]),
        ("UPDATE log SET edge = ?", [edge.to_bytes()]),
    ]
    return victims.names_in_copy(statements, victims.seen)


class _Bent(Log):
    """A log that serves other entries, proofs or notes than its checkpoint is of."""

    def __init__(self, leaves: list[bytes], served: list[bytes] | None = None) -> None:
        super().__init__(leaves)
        self._served = leaves if served is None else served
        self.skipped = -1
        self.bend: Callable[[str], str] = lambda text: text
        self.bend_proof: Callable[[list[bytes]], list[bytes]] = lambda proof: proof

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", wait_seconds: int = 0) -> str:
        return self.bend(super().checkpoint(at_least, agreement, wait_seconds))

    def entries(self, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        there = list(enumerate(self._served))[first : first + limit]
        yield from (item for item in there if item[0] != self.skipped)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return self.bend_proof(super().consistency(first, second))


def _live_fork(victims: Victims, chance: random.Random) -> str:
    return victims.names_live(_Bent(_other_history(victims.leaves, chance, end=HELD)))


def _live_fork_of_one_size(victims: Victims, chance: random.Random) -> str:
    return victims.names_live(_Bent(_other_history(victims.leaves[:HELD], chance)))


def _live_rollback(victims: Victims, chance: random.Random) -> str:
    return victims.names_live(_Bent(victims.leaves[: chance.randrange(HELD)]))


def _live_gap(victims: Victims, chance: random.Random) -> str:
    log = _Bent(victims.leaves)
    log.skipped = chance.randrange(HELD, len(victims.leaves))
    return victims.names_live(log)


def _live_order(victims: Victims, chance: random.Random) -> str:
    return victims.names_live(_Bent(victims.leaves, victims.leaves[:HELD] + swapped(victims.leaves[HELD:], chance)))


def _live_entry(victims: Victims, chance: random.Random) -> str:
    place = chance.randrange(HELD, len(victims.leaves))
    changed = flipped(victims.leaves[place], chance)
    return victims.names_live(_Bent(victims.leaves, [*victims.leaves[:place], changed, *victims.leaves[place + 1 :]]))


def _live_other_entry(victims: Victims, chance: random.Random) -> str:
    """A valid entry, but not the one that the checkpoint covers."""
    return victims.names_live(_Bent(victims.leaves, _other_history(victims.leaves, chance, first=HELD)))


def _live_checkpoint(victims: Victims, chance: random.Random) -> str:
    """A character of the note, the log's own signature included; other signers' lines are nobody's business."""
    log = _Bent(victims.leaves)

    def bend(text: str) -> str:
        own = cosignature.bare(text, LOG_KEY)
        return changed_text(own, chance) if note.parse(own) else own

    log.bend = bend
    return victims.names_live(log)


def _live_proof(victims: Victims, chance: random.Random) -> str:
    log = _Bent(victims.leaves)

    def bend(proof: list[bytes]) -> list[bytes]:
        place = chance.randrange(len(proof))
        changed = chance.choice(([], [flipped(proof[place], chance)], [proof[place]] * 2))
        return [*proof[:place], *changed, *proof[place + 1 :]]

    log.bend_proof = bend
    return victims.names_live(log)


KINDS: Mapping[str, Kind] = {
    "export: a byte of an entry bundle": _byte_of("tile/entries/"),
    "export: a byte of a hash tile": _byte_of("tile/0/"),
    "export: a byte of an upper hash tile": _byte_of("tile/1/"),
    "export: a byte of the checkpoint": _byte_of("checkpoint"),
    "export: a byte of an agreement's file": _byte_of("agreements/"),
    "export: a file cut short": _file_cut,
    "export: a file grown": _file_grown,
    "export: a file gone": _file_gone,
    "export: two bundles exchanged": _bundles_exchanged,
    "export: a bundle or tile of another log": _bundle_of_another_log,
    "export: two entries in another order": _order,
    "export: an entry left out": _left_out,
    "export: an entry twice": _twice,
    "export: the last entries gone": _end_gone,
    "export: a signature of a party or a person": _signature,
    "export: a fork, signed": _fork,
    "export: a rollback, signed": _rollback,
    "export: a replayed checkpoint": _replayed,
    **{f"copy: {name}": _column(name) for name in ("idx", "leaf", "leaf_hash", "time", *_TEXTS)},
    **{f"copy: a checkpoint's {name}": _point(name) for name in ("size", "note", "root", "cosignatures")},
    "copy: the edge of the tree": _edge,
    "copy: an entry gone": _row_gone,
    "copy: two entries exchanged": _rows_exchanged,
    "copy: the last entries gone": _copy_cut,
    "copy: an older copy": _copy_rolled_back,
    "live: a fork": _live_fork,
    "live: a fork of the same size": _live_fork_of_one_size,
    "live: a rollback": _live_rollback,
    "live: a gap": _live_gap,
    "live: two entries in another order": _live_order,
    "live: a byte of an entry": _live_entry,
    "live: another entry": _live_other_entry,
    "live: the checkpoint": _live_checkpoint,
    "live: a consistency proof": _live_proof,
}
