"""The steps of a reveal: each only from its state, by its side and person, for its finding; else refused and logged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from matcher.protocol import canonical
from matcher.protocol.errors import ConcordatError, QuotaError, StateError
from matcher.protocol.messages import SignedMessage
from tests.service import paper
from tests.service.case import SEALED, Case
from tests.service.world import World


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


REQUESTS: dict[str, tuple[str, Callable[[Case], SignedMessage]]] = {
    "for no agreed purpose": ("purpose", lambda case: case.request({"purpose": "curiosity"})),
    "on no agreed basis": ("legal-basis", lambda case: case.request({"basis": ["article-2"]})),
    "without a basis": ("legal-basis", lambda case: case.request({"basis": []})),
    "without a person": ("role", lambda case: case.request(person="")),
    "by a person who approves": ("role", lambda case: case.request(person="checker")),
    "for an unknown finding": ("foreign-finding", lambda case: case.request(ids=[bytes(32)])),
    "for a row nobody has": ("foreign-finding", lambda case: case.request(ids=[case.by_codes["not-found",]])),
    "of another run": ("foreign-finding", lambda case: case.request({"run": "00" * 32})),
    "of another period": ("state", lambda case: case.request(period="2022-06")),
    "for a finding twice": ("verification", lambda case: case.request(ids=[case.finding, case.finding])),
    "with a short claim": (
        "verification",
        lambda case: case.request({"findings": [{"id": case.finding.hex(), "claim": canonical.b64(bytes(31))}]}),
    ),
    "with free text for a case": ("verification", lambda case: case.request({"case": "see Mr. X"})),
    "to an auditor": ("not-a-party", lambda case: case.request(recipient=paper.AUDITOR)),
    "that is late": ("late", lambda case: case.request(hours=-1)),
}


@pytest.mark.parametrize(("code", "make"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_refused(case: Case, code: str, make: Callable[[Case], SignedMessage]) -> None:
    message = make(case)
    case.refused(code, lambda: case.send_request(message))
    assert case.state() == "listed"
    assert case.answering.receive() == []


def test_the_answering_side_cannot_ask(case: Case) -> None:
    message = case.message(
        paper.ANSWERING, "reveal-request", case.request().content(), {}, {"person": "clerk"}
    )  # fmt: skip
    case.refused("wrong-side", lambda: case.answering.send(message, canonical.encode({"proofs": [{}]})))


def test_a_request_is_not_repeated_while_it_runs(case: Case) -> None:
    case.send_request(case.request())
    case.refused("state", lambda: case.send_request(case.request()))


def test_a_request_comes_with_its_proofs(case: Case) -> None:
    case.refused("verification", lambda: case.asking.send(case.request(), canonical.encode({"proofs": []})))
    with pytest.raises(ConcordatError, match="canonical JSON"):
        case.asking.send(case.request(), b"none")


def test_reveals_are_counted(admitted: World) -> None:
    admitted.agree(reveals=2)
    case = Case(admitted)
    ids = [case.by_codes[codes] for codes in (("frozen",), ("frozen", "paid-short"), ("paid-short",))]
    case.send_request(case.request(ids=ids[:2]))
    with pytest.raises(QuotaError, match="2 used and 1 asked for, 2 allowed"):
        case.send_request(case.request(ids=ids[2:]))
    admitted.offset = 40 * 86400
    case.send_request(case.request(ids=ids[2:]))


DECISIONS: dict[str, tuple[str, Callable[[Case, SignedMessage], SignedMessage]]] = {
    "by nobody": ("role", lambda case, request: case.decision(request, person="")),
    "by a person who prepares": ("role", lambda case, request: case.decision(request, person="clerk")),
    "by the agent alone": (
        "not-automatic", lambda case, request: case.decision(request, {"automatic": True}, person=""),
    ),
    "on another request": ("denied", lambda case, request: case.decision(request, {"request": "00" * 32})),
    "on another finding": (
        "foreign-finding",
        lambda case, request: case.decision(request, {"findings": [case.by_codes["frozen",].hex()]}),
    ),
    "on an unknown finding": (
        "foreign-finding", lambda case, request: case.decision(request, {"findings": ["00" * 32]}),
    ),
    "in another period": ("state", lambda case, request: case.decision(request, period="2022-06")),
    "that is late": ("late", lambda case, request: case.decision(request, hours=-1)),
}  # fmt: skip


@pytest.mark.parametrize(("code", "make"), DECISIONS.values(), ids=DECISIONS)
def test_a_decision_is_refused(case: Case, code: str, make: Callable[[Case, SignedMessage], SignedMessage]) -> None:
    request = case.request()
    case.send_request(request)
    message = make(case, request)
    case.refused(code, lambda: case.answering.send(message))
    assert case.state() == "requested"


def test_an_agent_alone_approves_only_what_is_agreed(case: Case) -> None:
    both = case.request(ids=[case.by_codes["frozen", "paid-short"]])
    case.send_request(both)
    case.refused("not-automatic", lambda: case.answering.send(case.decision(both, {"automatic": True}, person="")))
    alone = case.request(ids=[case.by_codes["frozen",]])
    case.send_request(alone)
    case.answering.send(case.decision(alone, {"automatic": True}, person=""))
    # It may refuse anything: that shows nothing.
    case.answering.send(case.decision(both, {"automatic": True, "decision": "refused"}, person=""))
    assert case.world.log_types()[-2:] == ["reveal-approved", "reveal-refused"]


def test_many_are_decided_at_once_and_each_by_itself(case: Case) -> None:
    ids = list(case.by_codes.values())
    ids.remove(case.by_codes["not-found",])
    request = case.request(ids=ids)
    case.send_request(request)
    case.answering.send(case.decision(request, {"findings": [ids[0].hex()], "decision": "refused"}))
    case.answering.send(case.decision(request, {"findings": [item.hex() for item in ids[1:]]}))
    states = {item.state for item in case.answering.list_findings(case.run.run_digest)}
    assert states == {"refused", "approved"}


def test_a_refused_finding_may_be_asked_for_again(case: Case) -> None:
    first = case.request()
    case.send_request(first)
    case.answering.send(case.decision(first, {"decision": "refused"}))
    assert case.state() == "refused"
    second = case.request()
    case.send_request(second)
    # The old request is over: what was said on it does not serve the new one.
    case.refused("foreign-finding", lambda: case.answering.send(case.decision(first)))
    case.answering.send(case.decision(second))
    assert case.state() == "approved"


def test_a_lapsed_request_is_over(case: Case) -> None:
    request, index = case.approved()
    case.world.offset = 25 * 3600
    assert case.state() == "expired"
    case.refused("state", lambda: case.answering.send(case.delivery(request, index), SEALED))
    case.send_request(case.request())
    assert case.state() == "requested"


DELIVERIES: dict[str, tuple[str, Callable[[Case, SignedMessage, int], SignedMessage]]] = {
    "of another attachment": (
        "verification", lambda case, request, index: case.delivery(request, index, {"sealed_sha256": "00" * 32}),
    ),
    "for another place in the log": ("verification", lambda case, request, index: case.delivery(request, index + 1)),
    "of another finding": (
        "foreign-finding",
        lambda case, request, index: case.delivery(request, index, {"finding": case.by_codes["frozen",].hex()}),
    ),
    "to another": ("denied", lambda case, request, index: case.delivery(request, index, recipient=paper.AUDITOR)),
}  # fmt: skip


@pytest.mark.parametrize(("code", "make"), DELIVERIES.values(), ids=DELIVERIES)
def test_a_delivery_is_refused(
    case: Case, code: str, make: Callable[[Case, SignedMessage, int], SignedMessage]
) -> None:  # fmt: skip
    message = make(case, *case.approved())
    case.refused(code, lambda: case.answering.send(message, SEALED))
    assert case.state() == "approved"


def test_nothing_is_delivered_without_approval(case: Case) -> None:
    request = case.request()
    index = case.send_request(request).index
    case.refused("state", lambda: case.answering.send(case.delivery(request, index), SEALED))
    case.answering.send(case.decision(request))
    case.answering.send(case.delivery(request, index), SEALED)
    case.refused("state", lambda: case.answering.send(case.delivery(request, index), SEALED))


def test_a_payload_is_kept_until_opened(case: Case) -> None:
    delivery = case.delivered()
    case.world.offset = 30 * 3600
    case.world.stop()
    case.world.start()
    case.asking = case.world.channel(paper.ASKING)
    [item] = case.asking.receive(["delivery"])
    assert item.attachment == SEALED
    case.refused("verification", lambda: case.asking.send(case.opening(delivery), b"extra"))
    case.refused("denied", lambda: case.asking.send(case.opening(delivery, {"delivery": "00" * 32})))
    other = {"finding": case.by_codes["frozen",].hex()}
    case.refused("foreign-finding", lambda: case.asking.send(case.opening(delivery, other)))
    case.asking.send(case.opening(delivery))
    with case.world.storage.database.read() as transaction:
        [(kept,)] = transaction.execute("SELECT length(attachment) FROM messages WHERE kind = 'delivery'").fetchall()
    assert kept == 0
    case.refused("state", lambda: case.asking.send(case.opening(delivery)))


@pytest.mark.parametrize("is_opened", [False, True])
def test_what_was_revealed_may_be_disputed(case: Case, is_opened: bool) -> None:
    delivery = case.delivered()
    if is_opened:
        case.asking.send(case.opening(delivery))
    case.asking.send(case.dispute(delivery))
    assert case.state() == "disputed"
    assert case.world.log_types()[-2] == "reveal-disputed"


def test_a_purge_ends_a_case(case: Case) -> None:
    request, index = case.approved()
    case.world.purge()
    case.refused("period-closed", lambda: case.answering.send(case.delivery(request, index), SEALED))
    with pytest.raises(ConcordatError, match="purged"):
        case.state()
    with pytest.raises(ConcordatError, match="purged"):
        case.world.match()
    assert case.asking.receive() == []


def test_the_period_must_be_open(case: Case) -> None:
    case.world.offset = 91 * 86400
    with pytest.raises(ConcordatError, match="retention"):
        case.send_request(case.request())
    with pytest.raises(StateError):
        case.send_request(case.request(period="2022-07"))
