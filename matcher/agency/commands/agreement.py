"""``concordat agreement``: draft, check, sign, publish, fetch, show, and the holder's public key.

A group key (mode hmac) is made by ``concordat group-key create``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from matcher.agency.agreements import drafting, known, signatures
from matcher.agency.agreements.known import Stored
from matcher.agency.commands import agreement_view
from matcher.agency.exchange import service_card
from matcher.agency.home import AgencyHome
from matcher.protocol import canonical
from matcher.protocol.errors import InputError, VerificationError
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="DIR | MATCHING AGREEMENT"
)


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    below = click.Group("agreement", help=_("The agreement: two files that every data party signs."))
    for command in (draft, check, sign, publish, fetch, show, oprf_key):
        below.add_command(command)
    group.add_command(below)


def _read(files: tuple[Path, ...]) -> tuple[bytes, bytes]:
    """The bytes of the matching and the agreement file, given as both or as the directory that has them."""
    if len(files) == 1 and files[0].is_dir():
        files = (files[0] / known.MATCHING_FILE, files[0] / known.AGREEMENT_FILE)
    if len(files) != 2 or not all(path.is_file() for path in files):
        raise InputError(
            "the matching file and the agreement file are needed",
            remedy="Give both files in this order, or the directory that holds matching.toml and agreement.toml.",
        )
    return files[0].read_bytes(), files[1].read_bytes()


@click.command(help=_("Fill templates in: roots from cards, the log from service.json, keys, digests."))
@click.option("--matching", required=True, type=_FILE, help=_("Template of the matching file."))
@click.option("--agreement", required=True, type=_FILE, help=_("Template of the agreement file."))
@click.option("--card", "card_files", multiple=True, type=_FILE, help=_("A party's card.json; one for each party."))
@click.option("--service", required=True, type=_FILE, help=_("The operator's service.json."))
@click.option(
    "--oprf-key", "oprf_keys", multiple=True, metavar="KIND=HEX", help=_("Public key of a link kind (mode oprf).")
)
@click.option(
    "--group-key-id", "group_key_ids", multiple=True, metavar="KIND=HEX", help=_("Key id of a link kind (mode hmac).")
)
@click.option("--witness", "witnesses", multiple=True, type=_FILE, help=_("An auditor's witness.vkey; one for each."))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help=_("Directory to write."))
@click.pass_obj
def draft(
    invocation: Invocation, matching: Path, agreement: Path, card_files: tuple[Path, ...], service: Path,
    oprf_keys: tuple[str, ...], group_key_ids: tuple[str, ...], witnesses: tuple[Path, ...], out: Path,
) -> None:  # fmt: skip
    """Draft an agreement."""
    now = int(time.time())
    roots: dict[str, bytes] = {}
    for path in card_files:
        party, root = drafting.card_root(path, now)
        if party in roots:
            raise InputError(f"{path.name}: a second card of {party}")
        roots[party] = root
    keys = [drafting.link_key(text, "oprf") for text in oprf_keys]
    keys += [drafting.link_key(text, "hmac") for text in group_key_ids]
    matching_file, agreement_file, drafted = drafting.draft(
        matching.read_bytes(), agreement.read_bytes(), roots, service_card.parse(service.read_bytes()), keys,
        map(drafting.witness_key, witnesses),
    )  # fmt: skip
    drafting.write(out, matching_file, agreement_file)
    result = {**agreement_view.digests(drafted), "directory": str(out)}
    lines = [
        *agreement_view.heading(drafted),
        _("Written to {path}. Every data party reads, checks and signs these two files.", path=out),
    ]
    emit(invocation, result, lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True))


@click.command(help=_("Read both files and say what is wrong with them, or that nothing is. Needs no home."))
@_FILES
@click.pass_obj
def check(invocation: Invocation, files: tuple[Path, ...]) -> None:
    """Check two files."""
    checked = known.parse(*_read(files))
    known.require_own_data(checked.matching)
    # A term that has not begun is no fault of the files.
    checked.require_in_force(max(int(time.time()), checked.valid_from))
    lines = [
        *agreement_view.heading(checked),
        _("Both files are well-formed, belong together, and fit this program's data."),
    ]
    emit(
        invocation,
        {**agreement_view.digests(checked), "valid": True},
        lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True),
    )


@click.command(help=_("Sign both files for this party; --person must hold the role administer."))
@_FILES
@click.pass_obj
def sign(invocation: Invocation, files: tuple[Path, ...]) -> None:
    """Sign an agreement."""
    data = _read(files)
    home = AgencyHome.of(invocation)
    person = home.person(invocation)
    _show_state(invocation, signatures.sign(home, person, *data), home)


@click.command(help=_("Send a signed agreement and the signatures held to the service."))
@click.option("--digest", default="", help=_("Beginning of the agreement's digest; default: the newest here."))
@click.pass_obj
def publish(invocation: Invocation, digest: str) -> None:
    """Publish an agreement."""
    home = AgencyHome.of(invocation)
    stored = known.find(home, digest)
    with home.channel() as channel:
        _show_state(invocation, signatures.publish(home, channel, stored), home)


@click.command(help=_("Download an agreement, verify every signature, and keep it."))
@click.option("--id", "agreement_id", default="", help=_("Agreement id; default: the only one of this party."))
@click.option("--digest", default="", help=_("A version's full digest, in hex."))
@click.pass_obj
def fetch(invocation: Invocation, agreement_id: str, digest: str) -> None:
    """Fetch an agreement."""
    try:
        wanted = canonical.unhex(digest, 32) if digest else b""
    except VerificationError as error:
        raise InputError("--digest: 32 bytes in lower-case hex are expected") from error
    home = AgencyHome.of(invocation)
    with home.channel() as channel:
        _show_state(invocation, signatures.fetch(home, channel, wanted, agreement_id), home)


@click.command(help=_("Show an agreement as a person reads it: from two files, or one kept in this home."))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[DIR | MATCHING AGREEMENT]")
@click.option("--digest", default="", help=_("Beginning of the agreement's digest; default: the newest here."))
@click.option("--all", "list_all", is_flag=True, help=_("List every agreement kept here instead."))
@click.pass_obj
def show(invocation: Invocation, files: tuple[Path, ...], digest: str, list_all: bool) -> None:
    """Show an agreement."""
    if files:
        read = known.parse(*_read(files))
        emit(invocation, agreement_view.as_json(read), lambda console: agreement_view.show(console, read, None))
        return
    home = AgencyHome.of(invocation)
    if list_all:
        every = known.every(home)
        result = {"agreements": [agreement_view.state(item, home.now()) for item in every]}
        emit(invocation, result, lambda console: console.print(agreement_view.listing(every, home.now())))
        return
    stored = known.find(home, digest)
    result = {**agreement_view.as_json(stored.agreement), **agreement_view.state(stored, home.now())}
    emit(invocation, result, lambda console: agreement_view.show(console, stored.agreement, stored))


@click.command("oprf-key", help=_("Print the public key this holder will evaluate a link kind under."))
@click.option("--link", required=True, help=_("Link kind, e.g. account."))
@click.option("--agreement-id", required=True, help=_("The agreement's id."))
@click.option("--epoch", default=1, show_default=True, type=click.IntRange(1, 2**32 - 1), help=_("Key epoch."))
@click.pass_obj
def oprf_key(invocation: Invocation, link: str, agreement_id: str, epoch: int) -> None:
    """Print an OPRF public key."""
    key = signatures.oprf_public_key(AgencyHome.of(invocation), agreement_id, link, epoch)
    result = {"agreement": agreement_id, "link": link, "epoch": epoch, "public_key": key.hex()}
    emit(invocation, result, lambda console: console.print(f"{link}={key.hex()}", markup=False, soft_wrap=True))


def _show_state(invocation: Invocation, stored: Stored, home: AgencyHome) -> None:
    result: dict[str, Any] = agreement_view.state(stored, home.now())
    lines = [*agreement_view.heading(stored.agreement), *agreement_view.signing(stored)]
    emit(invocation, result, lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True))
