"""Before anything is compared: a service, three homes, cards handed over, and an agreement that both sides sign."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from matcher.demo.parties import (
    AUDITOR_CLERK,
    BUREAU_CLERK,
    BUREAU_HEAD,
    REGULATOR_CLERK,
    REGULATOR_HEAD,
    Party,
)
from matcher.demo.processes import Background
from matcher.demo.stage import AGREEMENT_ID, LINK, Result, Stage, together
from matcher.text import _

ORIGIN = "concordat.demo/daxing"


def prepare(stage: Stage) -> Background:
    """Everything up to an agreement in force; returns the service's process."""
    parties = stage.parties
    stage.say(_("Service, bureau, regulator and auditor make their keys"))
    together(
        stage,
        partial(stage.server, "init", "--origin", ORIGIN),
        partial(_make_home, stage, parties.bureau, BUREAU_CLERK, BUREAU_HEAD),
        partial(_make_home, stage, parties.regulator, REGULATOR_CLERK, REGULATOR_HEAD, "--holder"),
        partial(_make_home, stage, parties.auditor, AUDITOR_CLERK, "", "--auditor"),
    )
    stage.say(_("The service starts and admits the three cards"))
    service = _serve(stage)
    address = stage.processes.wait_for_file(address_file(stage), "concordat-server")
    together(stage, partial(_admit, stage), partial(_introduce, stage, address), partial(_draft, stage))
    stage.say(_("Both sides check, sign and publish the agreement"))
    _sign(stage)
    stage.say(_("The auditor's witness starts: nothing is evaluated or revealed that it does not hold"))
    stage.processes.start("witness", "client", "audit", "witness", *parties.auditor.options())
    return service


def _make_home(stage: Stage, party: Party, person: str, second: str, *options: str) -> Result:
    """``concordat init``, then a second person under a passphrase of their own, and the card with both."""
    made = stage.concordat_as(party, person, "init", "--party", party.id, *options, *_persons(person))
    if second:
        stage.processes.run("client", "person", "add", second, *party.acting(second))
        made = stage.concordat(party, "card")
    return made


def _persons(person: str) -> tuple[str, ...]:
    return "--person", person


def _serve(stage: Stage) -> Background:
    service = stage.parties.service
    listen = ("--listen", "127.0.0.1:0", "--ready-file", address_file(stage))
    return stage.processes.start("service", "server", "serve", *listen, *service.options())


def address_file(stage: Stage) -> Path:
    """Where the service writes the address it listens on."""
    return stage.out / "service.address"


def _admit(stage: Stage) -> Result:
    for party in stage.parties:
        stage.server("admit", party.card)
    return {}


def _introduce(stage: Stage, address: str) -> Result:
    for party in stage.parties:
        stage.concordat(party, "service", "add", _service_file(stage), "--address", address)
    return {}


def _service_file(stage: Stage) -> Path:
    return stage.parties.service.home / "service.json"


def _draft(stage: Stage) -> Result:
    """Fill the templates in: roots from the cards, the log from service.json, the key by the mode."""
    regulator = stage.parties.regulator
    if stage.mode == "oprf":
        made = stage.concordat(regulator, "agreement", "oprf-key", "--link", LINK, "--agreement-id", AGREEMENT_ID)
        key = ("--oprf-key", f"{LINK}={made['public_key']}")
    else:
        made = stage.concordat(regulator, "group-key", "create", "--link", LINK)
        key = ("--group-key-id", f"{LINK}={made['group_key_id']}")
    cards = [word for party in stage.parties for word in ("--card", party.card)]
    return stage.concordat(
        regulator, "agreement", "draft", "--matching", stage.templates / "matching.toml",
        "--agreement", stage.templates / "agreement.toml", *cards, "--service", _service_file(stage), *key,
        "--witness", stage.parties.auditor.witness, "--out", agreement_directory(stage),
    )  # fmt: skip


def agreement_directory(stage: Stage) -> Path:
    """Where the drafted agreement's two files lie."""
    return stage.out / "agreement"


def _sign(stage: Stage) -> None:
    parties = stage.parties
    together(
        stage,
        partial(_sign_and_publish, stage, parties.bureau, BUREAU_HEAD),
        partial(_sign_and_publish, stage, parties.regulator, REGULATOR_HEAD),
    )
    together(
        stage,
        partial(stage.concordat, parties.bureau, "agreement", "fetch"),
        partial(stage.concordat, parties.regulator, "agreement", "fetch"),
    )
    if stage.mode == "hmac":
        stage.say(_("The regulator sends the group key, sealed, to the bureau"))
        stage.concordat(parties.regulator, "group-key", "send", "--link", LINK)
        stage.concordat(parties.bureau, "group-key", "receive")


def _sign_and_publish(stage: Stage, party: Party, person: str) -> Result:
    stage.concordat_as(party, person, "agreement", "sign", agreement_directory(stage))
    return stage.concordat(party, "agreement", "publish")
