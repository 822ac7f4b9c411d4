"""``concordat audit proof`` and ``check-proof``: one entry with its proof, as a file that is verified offline.

The file is a C2SP tlog-proof that carries the entry; whoever has the log's verifier key needs nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keys import files
from matcher.auditor.home import AuditorHome
from matcher.auditor.source import ServiceSource
from matcher.protocol import checkpoint, entries, proof
from matcher.protocol.errors import InputError, NotFoundError, VerificationError
from matcher.protocol.proof import Proof
from matcher.text import _
from matcher.text.terminal import Invocation, emit

if TYPE_CHECKING:
    from rich.console import Console

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("proof", help=_("Write one entry with its proof into a file that anybody can verify offline."))
@click.argument("index", type=click.IntRange(0))
@click.option("--out", type=_FILE, help=_("The file to write (default: entry-INDEX.tlog-proof)."))
@click.pass_obj
def make(invocation: Invocation, index: int, out: Path | None) -> None:
    """Write the proof of entry INDEX under the newest checkpoint."""
    home = AuditorHome.of(invocation)
    with home.channel(invocation) as channel:
        signed = ServiceSource(channel).checkpoint()
        size = checkpoint.verify(signed, home.service.log_key).size
        if index >= size:
            raise NotFoundError(f"the log has {size} entries, so there is no entry {index}")
        leaf = next((entry for place, entry in channel.entries(index, 1) if place == index), b"")
        made = Proof(index, tuple(channel.inclusion(index, size)), signed, leaf)
    proof.verify(made, leaf, home.service.log_key)
    path = out or Path(f"entry-{index}{proof.SUFFIX}")
    files.write(path, proof.render(made).encode(), replace=True)
    text = _("Entry {index} of {size} and its proof are in {path}.", index=index, size=size, path=path)
    emit(
        invocation, {"index": index, "size": size, "path": str(path)},
        lambda console: console.print(text, markup=False, soft_wrap=True),
    )  # fmt: skip


@click.command("check-proof", help=_("Verify the proof of one entry, and show what the entry says. Works offline."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--log-key", help=_("The log's verifier key, where no home knows it."))
@click.option("--witness", "witnesses", multiple=True, help=_("A witness's verifier key that must have cosigned it."))
@click.pass_obj
def check(invocation: Invocation, file: Path, log_key: str | None, witnesses: tuple[str, ...]) -> None:
    """Verify FILE."""
    key = log_key or AuditorHome.of(invocation).service.log_key
    given = proof.parse(_read(file))
    if given.extra is None:
        raise InputError("this proof does not carry its entry", remedy="Ask for one that `concordat audit proof` made.")
    point, cosigned = proof.verify(given, given.extra, key, witnesses, len(witnesses))
    entry = entries.parse(given.extra)
    when = datetime.fromtimestamp(entry.time / 1000, UTC).isoformat(timespec="seconds")
    result = {
        "origin": point.origin, "index": given.index, "size": point.size, "type": entry.type, "actor": entry.actor,
        "time": entry.time, "witnesses": cosigned, "verified": True,
    }  # fmt: skip

    def show(console: Console) -> None:
        text = _("Entry {index} of {size} in {origin}:", index=given.index, size=point.size, origin=point.origin)
        console.print(text, markup=False, soft_wrap=True)
        console.print(f"{when}  {entry.type}  {entry.actor}", markup=False)
        if cosigned:
            console.print(_("Witnessed by {names}.", names=", ".join(sorted(cosigned))), markup=False)
        console.print(given.extra.decode() if given.extra else "", markup=False, soft_wrap=True)

    emit(invocation, result, show)


def _read(file: Path) -> str:
    with file.open("rb") as stream:
        data = stream.read(proof.MAX_PROOF_BYTES + 1)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise VerificationError(f"{file.name} is no proof: it is not UTF-8") from error
