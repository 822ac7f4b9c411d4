"""Who might call: the parties of an agreement, those outside it, and certificates that stand for nobody.

Each role has a gRPC channel. ``party`` is whoever it can sign as; a role without one shows somebody's messages only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import grpc

from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.service.acts import directory
from tests.service import paper
from tests.service.party import Party
from tests.service.world import World

OTHER_BUREAU, OTHER_BANK, OTHER_AUDIT = "harbour", "port", "watch"
_DAY = 86_400
_OTHER_NAMES = {"bureau": OTHER_BUREAU, "bank": OTHER_BANK, "audit": OTHER_AUDIT, "service-test": "other-test"}


@dataclass(frozen=True, slots=True)
class Role:
    """A caller. ``is_known``: TLS lets it in and the door finds its party; the others are refused before that."""

    name: str
    channel: grpc.Channel
    party: Party | None
    is_known: bool
    dial: Callable[[], grpc.Channel]
    refused_by_tls: str = ""  # the reason that the log gives for it, in place of the door's


def other_agreement(world: World) -> bytes:
    """A second agreement on the same service, in force, of three other parties; its digest."""
    for name, people in ((OTHER_BUREAU, "maker"), (OTHER_BUREAU, "checker"), (OTHER_BANK, "officer")):
        world.parties.setdefault(name, Party(name, world.now)).person(people)
    world.parties.setdefault(OTHER_AUDIT, Party(OTHER_AUDIT, world.now)).person("reader")
    world.admit(OTHER_BUREAU, OTHER_BANK, OTHER_AUDIT)
    matching = _renamed(paper.matching_file())
    roots = {
        own: world.parties[other].root.public.hex() for own, other in _OTHER_NAMES.items() if other in world.parties
    }
    file = _renamed(
        paper.agreement_file(
            **roots, origin=world.public.origin, log_key=world.public.log_key,
            matching=parse_matching(matching).digest.hex(),
        )
    )  # fmt: skip
    agreement = parse_agreement(file, parse_matching(matching))
    body = {"agreement": agreement.id, "version": 1, "matching": agreement.matching.digest.hex()}
    for name, person in ((OTHER_BUREAU, "checker"), (OTHER_BANK, "officer")):
        signature = world.parties[name].sign(
            "agreement", body, hours=0, agreement=agreement.digest, flow="", period="", person=person
        )
        world.channel(name).publish(matching, file, [signature])
    return agreement.digest


def _renamed(file: bytes) -> bytes:
    text = file.decode()
    for own, other in _OTHER_NAMES.items():
        text = text.replace(f'"{own}"', f'"{other}"').replace(f".{own}]", f".{other}]")
    return text.encode()


def _dial(world: World, party: Party) -> grpc.Channel:
    return _channel(world, party.tls_key.reveal(), party.tls_certificate.encode())


def _channel(world: World, key: bytes | None, certificate: bytes | None) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(world.public.tls_certificate.encode(), key, certificate)
    options = [("grpc.ssl_target_name_override", "concordat"), ("grpc.use_local_subchannel_pool", 1)]
    return grpc.secure_channel(world.server.address, credentials, options)


@contextmanager
def roles(world: World) -> Iterator[dict[str, Role]]:
    """Every role, connected. The world has its agreement; the stranger and the other agreement are added here."""
    other_agreement(world)
    replaced, lapsed = Party("replaced", world.now), Party("lapsed", world.now)
    world.parties |= {"replaced": replaced, "lapsed": lapsed}
    world.admit(paper.OTHER, "replaced")
    with ExitStack() as stack:
        made: dict[str, Role] = {}

        def add(name: str, channel: grpc.Channel, party: Party | None, *, known: bool, refused: str = "") -> None:
            def dial() -> grpc.Channel:
                return _dial(world, party) if party is not None else _channel(world, None, None)

            stack.enter_context(channel)
            made[name] = Role(name, channel, party, known, dial, refused)

        for name in (paper.ASKING, paper.ANSWERING, paper.AUDITOR, paper.OTHER):
            add(name, _dial(world, world.parties[name]), world.parties[name], known=True)
        for name in (OTHER_BUREAU, OTHER_BANK, OTHER_AUDIT):
            add(name, _dial(world, world.parties[name]), world.parties[name], known=True)
        add("anonymous", _channel(world, None, None), None, known=False, refused="no-certificate")
        forged = Party(paper.ASKING, world.now)  # a certificate of the right name that the bureau never made
        add("self-made", _dial(world, forged), forged, known=False, refused="unknown-certificate")
        expired = Party("expired", lambda: world.now() - 500 * _DAY)
        # Admitted while it was good; card and certificate have ended since.
        directory.admit(
            world.storage.database, world.storage.log, expired.card(), lambda: world.clock() - 450 * _DAY * 1000
        )
        add("expired certificate", _dial(world, expired), expired, known=False, refused="expired-certificate")
        # Connected while it was good, replaced by a newer card since.
        open_before = _dial(world, replaced)
        grpc.channel_ready_future(open_before).result(10)
        add("replaced card", open_before, replaced, known=False)
        _replace(world, replaced)
        # A card may end before its certificate does.
        directory.admit(
            world.storage.database, world.storage.log, lapsed.card(not_after=world.now() + 100), world.clock
        )
        channel = _dial(world, lapsed)
        grpc.channel_ready_future(channel).result(10)
        add("expired card", channel, lapsed, known=False)
        world.offset += 200
        yield made


def _replace(world: World, party: Party) -> None:
    former = party.tls_key, party.tls_certificate
    party.renew_tls()
    directory.admit(world.storage.database, world.storage.log, party.card(serial=2), world.clock)
    party.tls_key, party.tls_certificate = former
