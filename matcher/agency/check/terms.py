"""What a check needs of the agreement: one side's columns, and the fields they feed.

Read from the agreements that this home keeps, or from two files that are not signed yet. No key is opened and no
signature verified, since nothing leaves: a clerk who checks a file needs no passphrase.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matcher.agency.agreements import known
from matcher.agency.home import AGREEMENTS_DIRECTORY, party_of
from matcher.agency.records.plan import Layout, plain_columns
from matcher.protocol.agreement.model import Agreement, Column, Side
from matcher.protocol.errors import AgreementError, DeniedError, InputError


@dataclass(frozen=True, slots=True)
class SideTerms:
    """One side of one flow: ``multiple`` is how many asking rows may name one link value."""

    agreement: str
    flow: str
    side: Side
    layout: Layout
    multiple: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of this side's files."""
        return self.layout.columns

    def present(self, columns: Iterable[Column]) -> list[int]:
        """The indexes of ``columns``, which a file has."""
        index = {column.name: number for number, column in enumerate(self.columns)}
        return [index[column.name] for column in columns]


def of_directory(directory: Path, party: str, flow: str) -> SideTerms:
    """From the two files in ``directory``, signed or not. Raises AgreementError, InputError."""
    paths = (directory / known.MATCHING_FILE, directory / known.AGREEMENT_FILE)
    if not all(path.is_file() for path in paths):
        raise InputError(
            f"{directory.name}: matching.toml and agreement.toml are not both there",
            remedy="Give the directory that `concordat agreement draft` wrote.",
        )
    return _chosen([known.parse(paths[0].read_bytes(), paths[1].read_bytes())], party, flow)


def of_home(home: Path, flow: str, now: int) -> SideTerms:
    """From the newest agreements in the home at ``home`` whose term includes ``now``. Raises StateError, ..."""
    party, _is_auditor = party_of(home)
    newest: dict[str, Agreement] = {}
    for path in sorted((home / AGREEMENTS_DIRECTORY).glob(f"*/{known.AGREEMENT_FILE}")):
        agreement = known.parse((path.parent / known.MATCHING_FILE).read_bytes(), path.read_bytes())
        is_now = agreement.valid_from <= now < agreement.valid_until
        if is_now and (agreement.id not in newest or newest[agreement.id].version < agreement.version):
            newest[agreement.id] = agreement
    if not newest:
        raise AgreementError(
            "no agreement is kept here whose term includes today",
            remedy="Run `concordat agreement fetch`, or give the draft: --agreement DIR.",
        )
    return _chosen(newest.values(), party, flow)


def _chosen(agreements: Iterable[Agreement], party: str, flow: str) -> SideTerms:
    fitting = [
        (agreement, item)
        for agreement in agreements
        for item in agreement.matching.flows.values()
        if party in item.parties() and (not flow or item.id == flow)
    ]
    if not fitting:
        raise DeniedError(f"no agreement here gives {party} a part in flow {flow or 'of any name'}")
    if len(fitting) > 1:
        raise InputError(
            f"{len(fitting)} flows fit here: {', '.join(item.id for _agreement, item in fitting)}",
            remedy="Name the flow: --flow ID.",
        )
    agreement, item = fitting[0]
    known.require_own_data(agreement.matching)
    side = item.side_of(party)
    columns = plain_columns(agreement.flow_terms(item.id).columns(side))
    layout = Layout(columns, item.fields, agreement.matching.links[item.link].normaliser)
    return SideTerms(agreement.id, item.id, side, layout, item.multiple)
