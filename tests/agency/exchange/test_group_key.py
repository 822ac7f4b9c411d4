"""The group key of mode hmac: made once, sealed to one card, believed only under the agreement's id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keys.agency import AgencyKeys
from matcher.agency import setup
from matcher.agency.agent import group_key
from matcher.agency.exchange.cards import CardBook
from matcher.channel.types import MailItem
from matcher.protocol.errors import ConcordatError
from tests.agency.exchange.world import BUREAU, REGULATOR, World


@pytest.fixture
def own_keys(world: World) -> World:
    """Storing a group key writes into the key ring: these tests open the copied one."""
    for home in world.homes.values():
        home.keys = AgencyKeys.open(home.path / "keys", "secret")
    return world


def agree(world: World, key_id: bytes) -> None:
    link = replace(world.agreement.matching.links["account"], mode="hmac", holder="", group_key_id=key_id)
    world.agree(replace(world.agreement, matching=replace(world.agreement.matching, links={"account": link})))


def sent(world: World) -> MailItem:
    home, channel = world.homes[REGULATOR], world.channels[REGULATOR]
    card = CardBook(home, channel).card(world.agreement, BUREAU)  # type: ignore[arg-type]
    return world.deliver(*group_key.seal_for(home, world.agreement, "account", card))


def test_it_arrives_and_is_kept(own_keys: World) -> None:
    world = own_keys
    first = group_key.create(world.homes[REGULATOR], "account")
    assert group_key.create(world.homes[REGULATOR], "account") == first  # made once
    agree(world, first)
    item = sent(world)
    group_key.receive(world.homes[BUREAU], world.inbox(BUREAU).open(item))
    assert world.homes[BUREAU].keys.group_key("account") == world.homes[REGULATOR].keys.group_key("account")
    again = world.inbox(BUREAU).open(item)
    assert again.repeated
    group_key.receive(world.homes[BUREAU], again)


def refused(world: World, item: MailItem) -> None:
    with pytest.raises(ConcordatError) as caught:
        group_key.receive(world.homes[BUREAU], world.inbox(BUREAU).open(item))
    assert caught.value.code == "group-key"


def test_another_id_another_seal_another_mode(own_keys: World) -> None:
    world = own_keys
    agree(world, group_key.create(world.homes[REGULATOR], "account"))
    item = sent(world)
    refused(world, replace(item, attachment=item.attachment[:-1] + bytes([item.attachment[-1] ^ 1])))
    sealed_to_other = world.homes[BUREAU].keys
    world.homes[BUREAU].keys = AgencyKeys.open(world.homes[REGULATOR].path / "keys", "secret")
    refused(world, item)
    world.homes[BUREAU].keys = sealed_to_other
    good = world.agreement
    agree(world, bytes(32))
    refused(world, item)
    link = replace(good.matching.links["account"], mode="oprf")
    world.agree(replace(good, matching=replace(good.matching, links={"account": link})))
    refused(world, item)
    assert not world.homes[BUREAU].keys.has_group_key("account")


def test_another_key_is_here_already(own_keys: World) -> None:
    world = own_keys
    agree(world, group_key.create(world.homes[REGULATOR], "account"))
    item = sent(world)
    group_key.create(world.homes[BUREAU], "account")
    refused(world, item)


def test_a_key_that_is_not_the_agreement_s_is_not_sent(own_keys: World) -> None:
    world = own_keys
    group_key.create(world.homes[REGULATOR], "account")
    agree(world, bytes(32))
    with pytest.raises(ConcordatError):
        sent(world)
    assert setup.issued_card(world.homes[BUREAU].path) is not None
