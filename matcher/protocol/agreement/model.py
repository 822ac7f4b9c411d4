"""The agreement as values: what the two files of design section 4 say, after parsing and validation.

Left to parse.py: reading TOML, refusing unknown fields, checking that the two files fit together. Everything here
is immutable (mappings by their type only: plain ones cross to worker processes); lookups raise AgreementError, so a
caller cannot go on with a party or flow that is not there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from matcher.protocol.errors import AgreementError, DeniedError

Mode = Literal["oprf", "hmac"]
Role = Literal["prepare", "approve", "administer", "read"]
Side = Literal["asking", "answering"]


@dataclass(frozen=True, slots=True)
class Link:
    """One kind of link value. ``public_key`` (32 bytes) is of mode oprf, ``group_key_id`` (32 bytes) of mode hmac.

    ``holder`` keeps the OPRF key, or draws the group key and hands it to the other data parties.
    """

    kind: str
    mode: Mode
    normaliser: str
    epoch: int
    holder: str = ""
    public_key: bytes = b""
    group_key_id: bytes = b""


@dataclass(frozen=True, slots=True)
class Field:
    """One comparison field of a flow. ``codes`` names the bits of a ``flags`` field, lowest bit first."""

    name: str
    comparator: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a rule, over integers only.

    ``test`` is "is" (outcomes in ``values``), "below"/"above" (against ``bound``, an integer of the comparator's own
    unit: a difference of levels for ratio, days for days) or "has" (flag code in ``values``).
    ``unknown`` says whether the condition holds when a side is unknown. A ``fact`` condition has ``field`` empty.
    """

    field: str
    test: str
    values: tuple[str, ...] = ()
    bound: int = 0
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """``code`` is found when every condition holds; several rules may share one code (any of them).

    ``fact`` is "matched" (default), "unmatched" or "duplicate": which kind of result the rule looks at.
    """

    code: str
    fact: str
    conditions: tuple[Condition, ...]
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Flow:
    """One comparison: who asks, who answers, on which link kind, with which fields and rules."""

    id: str
    link: str
    asking: str
    answering: tuple[str, ...]
    multiple: int
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]

    def side_of(self, party: str) -> Side:
        """The side ``party`` is on. Raises DeniedError if it is on none."""
        if party == self.asking:
            return "asking"
        if party in self.answering:
            return "answering"
        raise DeniedError(f"{party} is no party to flow {self.id}")

    def parties(self) -> tuple[str, ...]:
        """Asking side first, then the answering sides."""
        return (self.asking, *self.answering)

    def field(self, name: str) -> Field:
        """The field called ``name``. Raises AgreementError if there is none."""
        for item in self.fields:
            if item.name == name:
                return item
        raise AgreementError(f"flow {self.id} has no field {name!r}")


@dataclass(frozen=True, slots=True)
class Matching:
    """The matching file: what tokens depend on. ``digest`` is SHA-256 of the file's exact bytes."""

    digest: bytes
    agreement_id: str
    links: Mapping[str, Link]
    flows: Mapping[str, Flow]
    normaliser_digest: bytes
    name_data_digest: bytes

    def flow(self, flow: str) -> Flow:
        """The flow called ``flow``. Raises AgreementError if there is none."""
        if flow not in self.flows:
            raise AgreementError(f"the agreement has no flow {flow!r}; it has: {', '.join(self.flows)}")
        return self.flows[flow]


@dataclass(frozen=True, slots=True)
class Party:
    """A data party or an auditor. ``root`` is its Ed25519 public key; ``people`` maps a person's id to roles."""

    id: str
    name: str
    kind: Literal["data", "auditor"]
    root: bytes
    people: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Due:
    """Where a date's cell is empty: the last of ``working_days`` working days after the date in column ``after``."""

    after: str
    working_days: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a party's file for a flow, and what it feeds.

    ``type``: account | company | credit-code | text | amount | date | flags | choice. ``headers`` are accepted
    spellings, Chinese and English. ``feeds`` is a comparison field, or "" for a column kept for reveals only.
    ``link`` marks a column of link values: each non-empty cell of such a column is a record of its own, and
    ``sets`` fills other columns for that record (a project's wage and deposit accounts stand in one line).
    ``choices`` maps accepted spellings to the canonical value. ``unless`` of a link column names choice columns and the
    values with which its cell makes no record: what stands there needs no comparison.
    """

    name: str
    headers: tuple[str, ...]
    type: str
    feeds: str = ""
    required: bool = False
    link: bool = False
    row_id: bool = False
    only_for: Mapping[str, str] | None = None
    sets: Mapping[str, str] | None = None
    choices: Mapping[str, str] | None = None
    unless: Mapping[str, tuple[str, ...]] | None = None
    due: Due | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the agreement file adds to one flow: columns by side, purposes, legal basis, reveal fields, approvals.

    ``purposes`` and ``legal_basis_texts`` map ids to what a person reads.
    """

    flow: str
    asking_columns: tuple[Column, ...]
    answering_columns: tuple[Column, ...]
    purposes: Mapping[str, str]
    legal_basis: tuple[str, ...]
    legal_basis_required: bool
    reveal: tuple[str, ...]
    automatic: frozenset[str]
    legal_basis_texts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def columns(self, side: Side) -> tuple[Column, ...]:
        """The columns of one side's files."""
        return self.asking_columns if side == "asking" else self.answering_columns


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits per party: rows and submissions per (flow, period), match runs per (flow, period), evaluations per epoch
    and per calendar month, findings in reveal requests per calendar month."""

    rows: int
    submissions: int
    runs: int
    evaluations_epoch: int
    evaluations_month: int
    reveals_month: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement file joined with its matching file. ``digest`` is SHA-256 of the agreement file's exact bytes.

    ``valid_from`` and ``valid_until`` are seconds since 1970, the first inclusive, the last exclusive.
    """

    digest: bytes
    matching: Matching
    version: int
    previous: bytes
    title: str
    valid_from: int
    valid_until: int
    period_pattern: Literal["month", "quarter", "year"]
    window_days: int
    retention_days: int
    message_hours: int
    parties: Mapping[str, Party]
    terms: Mapping[str, Terms]
    quotas: Mapping[str, Quotas]
    log_origin: str
    log_key: str
    witnesses: tuple[str, ...]
    witness_threshold: int

    @property
    def id(self) -> str:
        """The agreement's id, the same in every version."""
        return self.matching.agreement_id

    def party(self, party: str) -> Party:
        """The party called ``party``. Raises DeniedError if it is none of this agreement's."""
        if party not in self.parties:
            raise DeniedError(f"{party} is no party to agreement {self.id}")
        return self.parties[party]

    def data_parties(self) -> tuple[str, ...]:
        """Ids of the parties whose signature is needed."""
        return tuple(party.id for party in self.parties.values() if party.kind == "data")

    def flow(self, flow: str) -> Flow:
        """The flow called ``flow``. Raises AgreementError if there is none."""
        return self.matching.flow(flow)

    def flow_terms(self, flow: str) -> Terms:
        """The terms of the flow. Raises AgreementError if there is none."""
        self.matching.flow(flow)
        return self.terms[flow]

    def require_role(self, party: str, person: str, role: Role) -> None:
        """Raise DeniedError unless ``person`` holds ``role`` at ``party``."""
        if role not in self.party(party).people.get(person, frozenset()):
            raise DeniedError(f"{person or 'nobody'} holds no role {role!r} at {party}")

    def require_in_force(self, now: int) -> None:
        """Raise AgreementError unless ``now`` (seconds since 1970) lies within the term."""
        if now < self.valid_from:
            raise AgreementError(f"agreement {self.id} version {self.version} is not in force yet")
        if now >= self.valid_until:
            raise AgreementError(
                f"agreement {self.id} version {self.version} has expired", remedy="Sign a new version."
            )
