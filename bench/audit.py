"""What an auditor needs: appends, mirroring and verifying a long log, changes tried and named. ``--json`` for tables.

    appending    bench/appending.py: durable appends a second, and the wait of one
    mirroring    a long log (bench/audit_log.py) fetched from memory into an auditor's copy: proofs, entries, disk
    verifying    that copy read whole again, by every check, every signature verified, by one process
    tampering    tests/auditor/mutations.py: changes to export, copy and live log, and how many were named

Seconds are given twice: by the clock, and of the processor, which says more where other programs run beside. All but
appending is done by one thread of one process. ``CONCORDAT_BACKEND=portable`` measures without the native crate.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from bench import appending
from bench.audit_log import long_world
from bench.machine import describe
from keys import native, verifying
from keys.signing import SigningKey
from matcher.auditor.mirror.follow import follow
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.mirror.updating import verify_copy
from matcher.protocol import merkle
from matcher.protocol.errors import VerificationError
from tests.auditor.mutations import KINDS
from tests.auditor.tampering import Victims
from tests.auditor.world import LOG_KEY, World

ENTRIES = 1_000_000
MUTATIONS = 10_000
_BATCH, _BATCHES = 128, 50


class _Served:
    """A world's log as a service would serve it, from memory."""

    def __init__(self, world: World) -> None:
        self._entries = world.entries
        self._tree = merkle.Tree([merkle.leaf_hash(entry) for entry in world.entries])

    def entries(self, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        yield from enumerate(self._entries[first : first + limit], first)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return merkle.build_consistency_proof(first, second, self._tree.node)


class _Stopwatch:
    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def figures(self, count: int) -> dict[str, float]:
        seconds, processor = time.perf_counter() - self._clock, time.process_time() - self._processor
        return {
            "seconds": round(seconds, 2), "processor_seconds": round(processor, 2),
            "entries_per_second": round(count / seconds), "entries_per_processor_second": round(count / processor),
        }  # fmt: skip


def measure_log(count: int, directory: Path) -> dict[str, Any]:
    """Mirror and verify a log of about ``count`` entries, its copy in ``directory``. Raises if it does not verify."""
    world = long_world(count)
    served, signed = _Served(world), world.checkpoint()
    for digest, papers in world.agreement_files.items():
        keep_agreement(directory, digest, *papers)
    with closing(MirrorStore(directory / "mirror.db", LOG_KEY)) as store:
        watch = _Stopwatch()
        follow(served, store, LOG_KEY, signed)
        mirroring = watch.figures(len(world.entries))
        watch = _Stopwatch()
        report = verify_copy(directory, store, LOG_KEY, None, lambda _: None)
        verified = watch.figures(len(world.entries))
    report.require_clean()
    by_people = report.entry_counts["reveal-requested"] + report.entry_counts["reveal-approved"]
    by_people += report.entry_counts["reveal-refused"] + report.entry_counts["match-run"]
    by_parties = sum(count for name, count in report.entry_counts.items() if name not in _WITHOUT_MESSAGE)
    return {
        "entries": report.read,
        "entries_signed_by_people": by_people,
        "signatures": by_people + by_parties,
        "bytes_per_entry": round(sum(map(len, world.entries)) / len(world.entries)),
        "mirroring": mirroring,
        "verifying": verified,
    }


_WITHOUT_MESSAGE = frozenset(("finding-listed", "agreement-in-force"))


def measure_signature() -> float:
    """Processor microseconds for one signature verified as an auditor does: by the batch, of four keys."""
    keys, data = [SigningKey.generate() for _ in range(4)], bytes(250)
    signed = [(key.public, key.sign(data)) for key in keys]
    pending = verifying.Pending()
    started = time.process_time()
    for _ in range(_BATCHES):
        for _ in range(_BATCH // len(keys)):
            for public, signature in signed:
                pending.add(public, signature, data)
        if pending.refused():
            raise VerificationError("a good signature was refused")
    return round((time.process_time() - started) / (_BATCH * _BATCHES) * 1e6, 1)


def measure_tampering(count: int, directory: Path) -> dict[str, Any]:
    """Try at least ``count`` changes, all kinds alike often, and count those that somebody named."""
    victims = Victims(directory)
    caught: dict[str, int] = {}
    missed: list[str] = []
    times = -(-count // len(KINDS))
    for kind, change in KINDS.items():
        for seed in range(times):
            if change(victims, random.Random(f"{kind} {seed}")):  # noqa: S311 - which byte is changed is no secret
                place = kind.partition(":")[0]
                caught[place] = caught.get(place, 0) + 1
            else:
                missed.append(f"{kind}, seed {seed}")
    return {"kinds": len(KINDS), "tried": times * len(KINDS), "caught": sum(caught.values()), "by_place": caught,
            "missed": missed}  # fmt: skip


@click.command()
@click.option("--entries", default=ENTRIES, show_default=True, help="Length of the log that is mirrored and verified.")
@click.option("--mutations", default=MUTATIONS, show_default=True, help="At least so many changes are tried.")
@click.option("--appends", default=appending.ENTRIES, show_default=True, help="So many appends are timed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(entries: int, mutations: int, appends: int, as_json: bool) -> None:
    """Measure everything an auditor does."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-audit-") as made:
        home, victims = Path(made) / "home", Path(made) / "victims"
        home.mkdir()
        victims.mkdir()
        measured: dict[str, Any] = {
            "machine": describe(),
            "backend": native.name(),
            "signature_us": measure_signature(),
            "appending": appending.measure(appends),
            "log": measure_log(entries, home),
            "tampering": measure_tampering(mutations, victims),
        }
    if as_json:
        click.echo(json.dumps(measured, indent=1))
        return
    log, tampering, appended = measured["log"], measured["tampering"], measured["appending"]
    click.echo(f"{appended['appends_per_second']:,} durable appends a second, 99 of 100 within {appended['p99_ms']} ms")
    for name in ("mirroring", "verifying"):
        figures = log[name]
        click.echo(
            f"{name} {log['entries']:,} entries, {log['signatures']:,} signatures: {figures['seconds']} s, "
            f"{figures['processor_seconds']} s of one processor"
        )
    click.echo(f"{tampering['tried']:,} changes tried, {tampering['caught']:,} named")


if __name__ == "__main__":
    main()
