"""The Daxing agreement with test keys filled in, for tests of any side."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from matcher.protocol import cosignature, names, normalise, note, suite
from matcher.protocol.agreement import render
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_both

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "daxing"
ORIGIN = "concordat.test/daxing"
LOG_KEY = note.verifier_key(ORIGIN, bytes(range(32)))
WITNESS_KEY = cosignature.verifier_key("audit-office/witness", bytes((8,)) * 32)
PARTIES = ("labour-bureau", "bank-regulator", "audit-office")
ROOTS: Mapping[str, bytes] = {party: bytes((number,)) * 32 for number, party in enumerate(PARTIES, 1)}
LINK_KEY = bytes((9,)) * 32
FLOW = "account-check"


@cache
def _templates() -> tuple[bytes, bytes]:
    return (EXAMPLE / "matching.toml").read_bytes(), (EXAMPLE / "agreement.toml").read_bytes()


def files(
    mode: Literal["oprf", "hmac"] = "oprf",
    *,
    roots: Mapping[str, bytes] = ROOTS,
    link_key: bytes = LINK_KEY,
    log_key: str = LOG_KEY,
    origin: str = ORIGIN,
) -> tuple[bytes, bytes]:
    """(matching file, agreement file) of the example."""
    matching_template, agreement_template = _templates()
    values = {
        "data.normaliser_vectors": normalise.vectors_digest().hex(),
        "data.name_data": names.data_digest().hex(),
        "link.account.mode": mode,
    }
    matching = render.fill(matching_template, values, {"link.account.key": render.key_line(mode, link_key)})
    return matching, agreement_for(matching, agreement_template, roots, log_key, origin)


def agreement_for(
    matching: bytes,
    template: bytes | None = None,
    roots: Mapping[str, bytes] = ROOTS,
    log_key: str = LOG_KEY,
    origin: str = ORIGIN,
) -> bytes:
    """The example's agreement file for ``matching``."""
    values = {f"root.{party}": root.hex() for party, root in roots.items()}
    values |= {"matching": suite.sha256(matching).hex(), "log.origin": origin, "log.key": log_key}
    values["witness.audit-office"] = WITNESS_KEY
    return render.fill(template or _templates()[1], values, {})


def agreement(mode: Literal["oprf", "hmac"] = "oprf") -> Agreement:
    """The example, parsed."""
    return parse_both(*files(mode))
