"""What agencies exchange while something breaks: evaluations, reveals from asking to opening,
refusals, disputes, waiting for witnesses, the group key."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any
from unittest import mock

from keys.agency import AgencyKeys
from matcher.agency.agent import decisions, group_key, loop, pending, unwitnessed
from matcher.agency.exchange import outgoing
from matcher.agency.exchange.cards import CardBook
from matcher.agency.exchange.trust import EVIDENCE_DIRECTORY, trust_of
from matcher.agency.reveal import asking
from matcher.protocol.errors import VerificationError
from tests.agency.exchange import world as exchange
from tests.agency.exchange.test_evaluation import HerePool
from tests.agency.exchange.test_group_key import agree
from tests.agency.exchange.test_reveal_flow import FROZEN, WRONG, approve, ask_for
from tests.faults.local_acts import SECRET, Scene, close_journals


class ExchangeScene(Scene):
    def prepare(self) -> None:
        """A fresh exchange in memory, homes on disk."""
        for item in (
            mock.patch.object(loop, "EvaluationPool", HerePool), mock.patch.object(loop, "_BUSY_WAIT_SECONDS", 0),
        ):  # fmt: skip
            self.stack.enter_context(item)
        self.world = exchange.make_world(self.path, self.shelf.templates)
        self.stack.callback(self._close)
        self.arrange()

    def arrange(self) -> None:
        """What comes before the act."""

    def _close(self) -> None:
        close_journals(self.world.homes.values())

    def reopen(self) -> None:
        """Open the journals again."""
        self._close()

    def elsewhere(self) -> dict[str, Any]:
        """The log and the mailbox."""
        return {name: getattr(self.world.service, name) for name in ("entries", "mail", "witnessed")}

    def restore_elsewhere(self, held: dict[str, Any]) -> None:
        """Put them back."""
        vars(self.world.service).update(held)

    def kinds(self) -> Counter[str]:
        """The kinds of messages in the mailbox."""
        return Counter(item.message.kind for item in self.world.service.mail)

    def run_agent(self) -> None:
        """One pass of a fresh agent."""
        home, channel = self.world.homes[exchange.REGULATOR], self.world.channels[exchange.REGULATOR]
        arguments: Any = (
            home, channel, self.world.inbox(exchange.REGULATOR), self.world.reveal_desk(), self.world.delivery_desk(),
            lambda _act: None,
        )  # fmt: skip
        loop.Agent(*arguments).run(0)

    def ask(self, **changes: object) -> None:
        """An evaluation request arrives."""
        from matcher.protocol import suite

        body: dict[str, object] = {
            "link": "account", "epoch": 1, "count": 1024, "checkpoint": self.world.note(),
            "elements_sha256": suite.sha256(self.shelf.elements).hex(), **changes,
        }  # fmt: skip
        request = self.world.sign(exchange.BUREAU, "evaluation-request", body, exchange.REGULATOR)
        self.world.deliver(request, self.shelf.elements)


class AnswerEvaluation(ExchangeScene):
    """The agent evaluates a batch: counted once, answered once."""

    def arrange(self) -> None:
        """A request."""
        self.ask()

    def do(self) -> None:
        """Answer."""
        self.run_agent()

    def check(self) -> None:
        """One answer, 1,024 counted."""
        assert self.kinds() == {"evaluation-request": 1, "evaluation-answer": 1}
        rows = self.world.homes[exchange.REGULATOR].journal.rows("SELECT used FROM counts")
        assert {row["used"] for row in rows} == {1024}


class RefuseEvaluation(AnswerEvaluation):
    """The agent refuses a batch: nothing counted, refused once."""

    def arrange(self) -> None:
        """A request of another epoch."""
        self.ask(epoch=2)

    def check(self) -> None:
        """One refusal."""
        assert self.kinds() == {"evaluation-request": 1, "evaluation-refusal": 1}
        assert not self.world.homes[exchange.REGULATOR].journal.rows("SELECT used FROM counts")


class TakeRequest(ExchangeScene):
    """The agent takes a reveal request: a flag approved, another finding pending."""

    def arrange(self) -> None:
        """Two findings asked for."""
        run, own = self.world.run((FROZEN, WRONG))
        self.world.ask(run, own)
        outgoing.send_waiting(self.world.homes[exchange.BUREAU], self.world.channels[exchange.BUREAU])  # type: ignore[arg-type]

    def do(self) -> None:
        """Take, decide by flag, deliver."""
        self.run_agent()

    def check(self) -> None:
        """One decision and one delivery; one finding waits for a person; two counted."""
        assert self.kinds() == {"reveal-request": 1, "reveal-decision": 1, "delivery": 1}
        journal = self.world.homes[exchange.REGULATOR].journal
        assert len(pending.listed(journal, (pending.PENDING,))) == 1
        assert [row["used"] for row in journal.rows("SELECT used FROM counts")] == [2]


class DecideAndDeliver(TakeRequest):
    """A person approves; what was approved is sealed and sent once."""

    def arrange(self) -> None:
        """A finding that waits."""
        ask_for(self.world, WRONG)

    def do(self) -> None:
        """Approve what waits, send."""
        if pending.listed(self.world.homes[exchange.REGULATOR].journal, (pending.PENDING,)):
            approve(self.world, reason=decisions.PERSON_REASON)
        self.world.delivery_desk().run()

    def check(self) -> None:
        """One decision, one delivery."""
        assert self.kinds() == {"reveal-request": 1, "reveal-decision": 1, "delivery": 1}


class Collect(DecideAndDeliver):
    """The asking side opens what was delivered."""

    def arrange(self) -> None:
        """A delivered finding."""
        super().arrange()
        DecideAndDeliver.do(self)

    def do(self) -> None:
        """Collect."""
        self.world.collector().run(0, lambda _done: None)

    def check(self) -> None:
        """One opening, and the finding is opened."""
        assert self.kinds()["opening"] == 1
        rows = self.world.homes[exchange.BUREAU].journal.rows("SELECT state FROM asked")
        assert [row["state"] for row in rows] == ["opened"]


class AskForReveal(ExchangeScene):
    """``concordat reveal request``: signed and kept before it is sent, sent once."""

    def arrange(self) -> None:
        """A run with a finding."""
        self.run, self.own = self.world.run((WRONG,))

    def do(self) -> None:
        """Ask, unless it is kept already; send what waits."""
        home: Any = self.world.homes[exchange.BUREAU]
        requests = [] if home.journal.rows("SELECT 1 FROM asked") else self.world.ask(self.run, self.own)
        channel: Any = self.world.channels[exchange.BUREAU]
        asking.require_taken(home, outgoing.send_waiting(home, channel), requests)

    def check(self) -> None:
        """One request, in the log and here."""
        assert self.kinds() == {"reveal-request": 1}
        rows = self.world.homes[exchange.BUREAU].journal.rows("SELECT state FROM asked")
        assert [row["state"] for row in rows] == ["requested"]


class RefuseByPerson(DecideAndDeliver):
    """A person refuses; the asking side learns it by name."""

    def do(self) -> None:
        """Refuse what waits, send, collect."""
        if pending.listed(self.world.homes[exchange.REGULATOR].journal, (pending.PENDING,)):
            approve(self.world, pending.REFUSED, "wrong-case")
        self.world.delivery_desk().run()
        self.world.collector().run(0, lambda _done: None)

    def check(self) -> None:
        """One decision; the finding is refused at both sides."""
        assert self.kinds() == {"reveal-request": 1, "reveal-decision": 1}
        (row,) = self.world.homes[exchange.BUREAU].journal.rows("SELECT state, reason FROM asked")
        assert tuple(row) == ("refused", "wrong-case")


class RefuseByGate(TakeRequest):
    """The agent refuses a whole request that does not pass its gate."""

    def arrange(self) -> None:
        """A request for a purpose that the agreement no longer has."""
        super().arrange()
        self.world.change_terms(purposes={"other": ""})

    def check(self) -> None:
        """One refusal; nothing waits."""
        assert self.kinds() == {"reveal-request": 1, "reveal-decision": 1}
        assert pending.listed(self.world.homes[exchange.REGULATOR].journal, (pending.PENDING,)) == []


class Dispute(DecideAndDeliver):
    """A record is opened though no rule holds: both sides keep that."""

    def arrange(self) -> None:
        """A finding of a pair that agrees, delivered."""
        ask_for(self.world, ("c", ("wrong-kind",)))
        DecideAndDeliver.do(self)

    def do(self) -> None:
        """Collect, and let the agent take the notices."""
        self.world.collector().run(0, lambda _done: None)
        self.run_agent()

    def check(self) -> None:
        """One opening, one dispute, noted where it was approved."""
        assert (self.kinds()["opening"], self.kinds()["dispute"]) == (1, 1)
        assert len(pending.listed(self.world.homes[exchange.REGULATOR].journal, ("disputed",))) == 1


class WaitForWitnesses(AnswerEvaluation):
    """A request that too few witnesses hold is noted, waits, and is answered once they do."""

    def arrange(self) -> None:
        """An agreement that asks for two of three witnesses."""
        self.world.agree(replace(self.world.agreement, witnesses=self.world.service.hire(3), witness_threshold=2))
        self.world.service.witness()
        super().arrange()

    def do(self) -> None:
        """Two passes of the agent, the witnesses in between."""
        self.run_agent()
        self.world.service.witness()
        self.run_agent()

    def check(self) -> None:
        """One answer, and nothing waits."""
        super().check()
        assert unwitnessed.listed(self.world.homes[exchange.REGULATOR].journal) == []


class GroupKey(ExchangeScene):
    """The group key is made once, sealed to a card, sent and kept."""

    def reopen(self) -> None:
        """Open journals and key rings again."""
        super().reopen()
        for home in self.world.homes.values():
            home.keys = AgencyKeys.open(home.path / "keys", SECRET)

    def do(self) -> None:
        """Make, send, take."""
        maker: Any = self.world.homes[exchange.REGULATOR]
        channel: Any = self.world.channels[exchange.REGULATOR]
        agree(self.world, group_key.create(maker, "account"))
        if not self.kinds()["group-key"]:
            card = CardBook(maker, channel).card(self.world.agreement, exchange.BUREAU)
            message, sealed = group_key.seal_for(maker, self.world.agreement, "account", card)
            with maker.journal.transaction() as connection:
                outgoing.store(connection, message.digest(), "group-key", message, sealed)
        outgoing.send_waiting(maker, channel)
        item = next(item for item in self.world.service.mail if item.message.kind == "group-key")
        group_key.receive(self.world.homes[exchange.BUREAU], self.world.inbox(exchange.BUREAU).open(item))

    def check(self) -> None:
        """Both hold the same key."""
        keys = [AgencyKeys.open(home.path / "keys", SECRET) for home in self.world.homes.values()]
        assert keys[0].group_key("account") == keys[1].group_key("account")


class KeepEvidence(ExchangeScene):
    """A log with two histories is refused, and both are kept."""

    def arrange(self) -> None:
        """A checkpoint that was seen, and one of another history."""
        service = self.world.service
        home: Any = self.world.homes[exchange.BUREAU]
        trust_of(home, service, self.world.agreement).accept(service.checkpoint())
        fork = service.fork()
        fork.entries[-1] = fork.entries[0]
        self.shown = fork.checkpoint()

    def do(self) -> None:
        """Look at the other history."""
        home: Any = self.world.homes[exchange.BUREAU]
        with suppress(VerificationError):
            trust_of(home, self.world.service, self.world.agreement).accept(self.shown)

    def check(self) -> None:
        """Both notes are there, whole."""
        kept = [path.read_text() for path in (self.path / exchange.BUREAU / EVIDENCE_DIRECTORY).glob("*.note")]
        assert {self.shown, self.world.service.checkpoint()} <= set(kept)


EXCHANGE_SCENES = {
    "agency: answer evaluation": AnswerEvaluation,
    "agency: refuse evaluation": RefuseEvaluation,
    "agency: take reveal request": TakeRequest,
    "agency: decide and deliver": DecideAndDeliver,
    "agency: collect": Collect,
    "agency: ask for reveal": AskForReveal,
    "agency: refuse by person": RefuseByPerson,
    "agency: refuse by gate": RefuseByGate,
    "agency: dispute": Dispute,
    "agency: wait for witnesses": WaitForWitnesses,
    "agency: group key": GroupKey,
    "agency: keep evidence": KeepEvidence,
}
