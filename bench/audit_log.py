"""A long log to verify: one story of the tests' world (tests/auditor/world.py), with as many reveals as are asked for.

Of every ten entries two are signed by a person and by that person's party: a request and its decision. Every second
decision is an approval; a delivery and an opening follow it, signed by a party alone. The others are signed by nobody
but the log: findings that were shown. The agreement's quota of reveals is raised.
"""

from __future__ import annotations

from tests.auditor.world import BANK, LABOUR, World

ENTRIES_PER_REVEAL = 10
_REVEALS_MONTH = 1_000_000


def long_world(size: int) -> World:
    """A world of about ``size`` entries, never fewer."""
    world = World(reveals_month=_REVEALS_MONTH)
    world.begin()
    world.seal(LABOUR, rows=10)
    world.seal(BANK, rows=100)
    world.match()
    number = 0
    while len(world.entries) < size:
        number += 1
        is_approved = number % 2 == 1
        world.request(number)
        world.decide("approved" if is_approved else "refused", number)
        if is_approved:
            world.deliver(number)
            world.open(number)
        for _listing in range(ENTRIES_PER_REVEAL - (4 if is_approved else 2)):
            world.list_findings(LABOUR)
    return world
