"""One entry after the other through the checks that concern it, in the order of their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from matcher.auditor.checks import CheckFailed
from matcher.auditor.replay.act import Act
from matcher.auditor.replay.agreements import AgreementFiles, Agreements
from matcher.auditor.replay.cards import Cards
from matcher.auditor.replay.evaluations import Evaluations
from matcher.auditor.replay.numbers import Numbers, require_in_time
from matcher.auditor.replay.periods import Periods
from matcher.auditor.replay.reveals import Reveals
from matcher.auditor.replay.signatures import Signatures
from matcher.protocol import cases
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.entries import Entry
from matcher.protocol.errors import ConcordatError
from matcher.protocol.messages import NO_AGREEMENT

Step = Callable[[Act], None]
NumberedStep = tuple[int, Step]
_CARDS = frozenset(("card-admitted", "key-rotated"))
_SIGNING = frozenset(("agreement-signed", "agreement-in-force"))
# What may still happen when an agreement has ended: its data is shown no more, and destroyed.
_AFTER_THE_END = frozenset(("finding-listed", "period-purged"))


class Replay:
    """The state of everything, as of the last entry taken."""

    def __init__(self, files: AgreementFiles, origin: str, log_key: str) -> None:
        self._signatures = Signatures()
        self._cards = Cards(self._signatures)
        self._agreements = Agreements(files, origin, log_key)
        self._numbers = Numbers()
        self._periods = Periods()
        self._evaluations = Evaluations()
        self._reveals = Reveals(self._cards, self._periods)
        self._last_time = 0
        self.counts: Counter[str] = Counter()
        self._steps_by_kind: dict[tuple[str, bool], tuple[NumberedStep, ...]] = {}
        self._message_steps: tuple[NumberedStep, ...] = (
            (7, self._cards.require_signed),
            (8, self._cards.require_person),
            (9, self._cards.require_role),
            (10, self._numbers.take),
            (11, require_in_time),
        )
        self._own_steps: Mapping[str, tuple[int, tuple[Step, ...]]] = {
            "agreement-signed": (13, (self._agreements.sign,)),
            "agreement-in-force": (14, (self._agreements.bring_into_force,)),
            "submission-sealed": (17, (self._periods.require_open, self._periods.seal)),
            "match-run": (18, (self._periods.require_open, self._periods.run)),
            "finding-listed": (19, (self._periods.require_open, self._periods.list_findings)),
            "receipts-issued": (19, (self._periods.issue_receipts,)),
            "group-key-delivered": (20, (self._evaluations.deliver_group_key,)),
            "evaluation-requested": (20, (self._evaluations.ask,)),
            "evaluation-answered": (20, (self._evaluations.answer,)),
            "evaluation-refused": (20, (self._evaluations.refuse,)),
            "period-purged": (27, (self._periods.purge,)),
            **{
                act.entry: (22, (self._periods.require_open, self._reveals.step, self._reveals.examine))
                for act in cases.ACTS.values()
            },
        }

    def states(self) -> Counter[str]:
        """How many findings are in which state of their case."""
        return self._reveals.states()

    def agreements(self) -> tuple[Agreement, ...]:
        """The newest version that came into force of every agreement."""
        return self._agreements.present()

    def take(self, index: int, entry: Entry) -> list[CheckFailed]:
        """Play one entry; returns the checks it breaks, but for its signatures, which ``settle`` verifies."""
        broken: list[CheckFailed] = []
        self.counts[entry.type] += 1
        if entry.time < self._last_time:
            broken.append(CheckFailed(5, f"its time is {self._last_time - entry.time} ms before the entry before it"))
        else:
            self._last_time = entry.time
        if entry.type in _CARDS:
            try:
                self._cards.admit(entry)
            except CheckFailed as failed:
                broken.append(failed)
        elif entry.agreement != NO_AGREEMENT and entry.type != "access-denied":
            self._act(index, entry, broken)
        return broken

    def settle(self) -> list[tuple[int, CheckFailed]]:
        """Verify the signatures of the entries taken since: (index, failure) of each that is wrong."""
        return self._signatures.settle()

    def _act(self, index: int, entry: Entry, broken: list[CheckFailed]) -> None:
        try:
            act = Act(index, entry, self._agreements.find(entry.agreement))
        except CheckFailed as failed:
            broken.append(failed)
            return
        for number, step in self._steps(entry):
            try:
                step(act)
            except CheckFailed as failed:
                broken.append(failed)
            except ConcordatError as error:
                broken.append(CheckFailed(number, str(error)))

    def _steps(self, entry: Entry) -> tuple[NumberedStep, ...]:
        """The steps of an entry of this type, with or without a message: worked out once each."""
        kind = entry.type, entry.message is not None
        if kind not in self._steps_by_kind:
            number, own = self._own_steps[entry.type]
            usable = () if entry.type in _SIGNING | _AFTER_THE_END else ((15, self._require_usable),)
            self._steps_by_kind[kind] = (
                *(self._message_steps if entry.message is not None else ()), *usable, *((number, step) for step in own),
            )  # fmt: skip
        return self._steps_by_kind[kind]

    def _require_usable(self, act: Act) -> None:
        self._agreements.require_usable(act, self._periods.serves)
