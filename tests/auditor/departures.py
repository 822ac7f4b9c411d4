"""Ways to depart from the good story: changes to a world, by entry index or as acts that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from matcher.protocol import canonical, checkpoint, messages
from matcher.protocol.agreement.parse import parse_both
from tests.auditor import files
from tests.auditor.world import BANK, DAY, LABOUR, PEOPLE, ROOTS, World, key, public

CARD, SIGNED, FORCE = 0, 3, 5
ASKED, ANSWERED, SEALED_ASKING, SEALED_ANSWERING, RUN, LISTED = 6, 7, 8, 9, 10, 11
REQUESTED, APPROVED, REFUSED, DELIVERED, OPENED = 12, 13, 14, 15, 16

DENIAL = {
    "rpc": "Log.GetEntries", "reason": "auditors-only", "detail": "only an auditor may read entries",
    "certificate": "", "message": "",
}  # fmt: skip
Change = Callable[[World], object]


def forged(index: int, field: str = "signature") -> Change:
    """A signature that is not one."""

    def change(world: World) -> None:
        value = canonical.decode(world.entries[index])
        value["message"][field] = canonical.b64(bytes(64))
        world.entries[index] = canonical.encode(value)

    return change


def replayed(index: int) -> Change:
    """The very same entry once more, at the time of the last one."""

    def change(world: World) -> None:
        world.entries.append(world.entries[index])
        world.rewrite(-1, time=world.time)

    return change


def dropped(index: int) -> Change:
    """The entry never was; something harmless stands in its place, so that all others keep theirs."""

    def change(world: World) -> None:
        time = canonical.decode(world.entries[index])["time"]
        world.act("access-denied", DENIAL)
        world.entries[index] = world.entries.pop()
        world.rewrite(index, time=time)

    return change


def later(days: float, act: Change) -> Change:
    def change(world: World) -> None:
        world.time += int(days * DAY)
        act(world)

    return change


def both(*changes: Change) -> Change:
    def change(world: World) -> None:
        for one in changes:
            one(world)

    return change


def people_of(party: str, **keys: bytes) -> list[dict[str, str]]:
    return [
        {"id": person, "key": canonical.b64(keys.get(person.replace(".", "_"), public(f"{party}/{person}")))}
        for person in PEOPLE[party]
    ]


def request_again(world: World) -> None:
    """Finding 3, all the way to an approval."""
    world.request(3)
    world.decide("approved", 3)


def one_key_for_two(world: World) -> None:
    """The regulator's approver signs with the key of the labour bureau's clerk."""
    shared = public(f"{LABOUR}/zhang.min")
    world.admit(BANK, "key-rotated", people=people_of(BANK, chen_jie=shared))
    world.request(3)
    index = world.decide("approved", 3)
    value = canonical.decode(world.entries[index])
    data = messages.person_bytes(messages.from_json(value["message"]).digest(), "chen.jie")
    value["message"]["person_signature"] = canonical.b64(key(f"{LABOUR}/zhang.min").sign(data))
    world.entries[index] = canonical.encode(value)


def other_log(world: World) -> None:
    """A signed agreement that belongs in another log."""
    matching, agreement = files.make(ROOTS, "other.example", checkpoint.verifier_key("other.example", public("log")))
    world.agreement = parse_both(matching, agreement)
    world.agreement_files[world.agreement.digest] = (matching, agreement)
    world.sign_agreement(LABOUR)


def thief_s_card(world: World, index: int | None = None) -> None:
    """A card of the labour bureau under a root that is not the bureau's, in place of an entry or as a renewal."""
    if index is None:
        index = world.admit(LABOUR, "key-rotated")
    value = canonical.decode(world.entries[index])
    card = messages.from_json(value["message"])
    body = canonical.encode({**card.content(), "root": canonical.b64(public("thief"))})
    value["message"] = messages.to_json(world.sign(replace(card, body=body), "thief"))
    world.entries[index] = canonical.encode(value)


def guest_signs(world: World) -> None:
    """Somebody on the card, whom the agreement does not know, signs beside the party."""
    guest = {"id": "guest", "key": canonical.b64(public(f"{LABOUR}/guest"))}
    world.admit(LABOUR, "key-rotated", people=[*people_of(LABOUR), guest])
    request_again(world)
    world.deliver(3)
    world.resign(world.open(3), person="guest")


def more_was_matched(world: World) -> None:
    """The run's record has a manifest that neither was sealed nor asked for."""
    sealed = world.inputs()
    index = world.match(inputs=[sealed[0], {"party": LABOUR, "manifests": [*sealed[1]["manifests"], "ab" * 32]}])
    manifests = [digest for item in sealed for digest in item["manifests"]]
    world.resign(index, content={"manifests": manifests})


def beyond_quota(**quota: int) -> Change:
    def change(world: World) -> None:
        world.amend(**quota)
        world.ask_evaluation(2048)
        world.answer_evaluation()

    return change


def asked_in_the_next_period(world: World) -> None:
    """A finding of one period asked for in a run of the next."""
    world.in_period("2022-06")
    world.seal(BANK, 1)
    world.seal(LABOUR, 1)
    world.match()
    world.request(2)


def to_a_party(act: Callable[[World], int], party: str = BANK) -> Change:
    """What is for the service is sent to a party."""

    def change(world: World) -> None:
        world.resign(act(world), recipient=party, sequence=99)

    return change


def next_version_by_one(world: World) -> None:
    before = world.agreement
    world.agreement = world.publish(version=2, previous=before.digest.hex())
    world.sign_agreement(LABOUR)
    world.in_force()


def under_the_old_version(**changes: object) -> Change:
    def change(world: World) -> None:
        before = world.agreement
        world.amend(**changes)
        world.agreement = before
        world.request(3)

    return change


def another_period(world: World) -> None:
    """A new period under the old matching digest, once a new one holds: the old one serves its own periods only."""
    before = world.agreement
    world.amend(epoch=2)
    world.agreement = before
    world.purge()
    world.in_period("2022-06").seal(LABOUR, 5)


def moved_to_new_keys(world: World) -> None:
    """A submission to a period that began under another matching digest and epoch."""
    world.amend(epoch=2)
    world.seal(LABOUR, 5, link_epoch=2)
