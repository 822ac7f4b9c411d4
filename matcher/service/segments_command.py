"""``concordat-server segments export``: the sealed rows of one match run, for an auditor who makes the run again.

DIR/MANIFEST.rows    one file a submission: its rows as they were sent; MANIFEST is the manifest's digest in hex

Rows are tokens, keys and sealed vectors. Whoever has the rows of both sides can open and compare the vectors of those
that join, as the service does (docs/threat-model.md): hand them to the auditor who asked, and to nobody else.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click
import pyarrow as pa

from keys import passphrase
from keys.service import ServiceKeys
from matcher.protocol import rows
from matcher.protocol.canonical import unhex
from matcher.protocol.errors import InputError, StateError, VerificationError
from matcher.service import app
from matcher.service.store import runs, segments, uploads
from matcher.service.upkeep import home_of
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_COLUMNS = (*(name for name, _width in rows.COLUMNS), "sealed")


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    below = click.Group("segments", help=_("The sealed rows of submissions."))
    below.add_command(export)
    group.add_command(below)


@click.command("export", help=_("Write the sealed rows of a match run, for an auditor who makes it again."))
@click.argument("run")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def export(invocation: Invocation, run: str, target: Path) -> None:
    """Export; the rows of a period that was purged are gone (NotFoundError)."""
    home = home_of(invocation)
    home.require()
    keys = ServiceKeys.open(home.keys, passphrase.of_party(invocation.passphrase_file))
    with app.opened(home, keys, app.system_clock) as storage:
        written = write(storage, _digest(run), target)
    text = _(
        "{rows} sealed rows of {n} submissions are in {path}.", rows=sum(written.values()), n=len(written), path=target
    )
    emit(invocation, {"rows": written, "path": str(target)}, lambda console: console.print(text, markup=False))


def _digest(run: str) -> bytes:
    try:
        return unhex(run.lower(), 32)
    except VerificationError as error:
        raise InputError(
            "a run is named by its digest, 64 hexadecimal digits", remedy="`concordat audit show` lists the runs."
        ) from error


def write(storage: app.Storage, run: bytes, target: Path) -> dict[str, int]:
    """Write the sealed rows of ``run`` into ``target``, which must be new or empty; rows by manifest.

    Raises NotFoundError for an unknown run or rows that are gone, StateError when something is in the directory.
    """
    if target.exists() and any(target.iterdir()):
        raise StateError("the directory to export to is not empty", remedy="Name a new directory.")
    with storage.database.read() as transaction:
        found = runs.find(transaction, run)
        submissions = [
            item for item in uploads.sealed_in(transaction, found.name) if item.log_index < found.log_index
        ]  # fmt: skip
    segments.require_present(storage.home.segments, (item.submission for item in submissions))
    key = storage.period_keys.get(found.name.key_name())
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as opened:
        for item in submissions:
            path = target / f"{item.manifest.hex()}.rows"
            path.touch(mode=0o600, exist_ok=False)
            file = opened.enter_context(path.open("wb"))
            for batch in segments.read(storage.home.segments, item.submission, item.rows, key, _COLUMNS):
                file.write(_packed(batch))
    return {item.manifest.hex(): item.rows for item in submissions}


def _packed(batch: pa.RecordBatch) -> bytes:
    columns = [column.to_pylist() for column in batch.columns]
    return b"".join(b"".join(row) for row in zip(*columns, strict=True))
