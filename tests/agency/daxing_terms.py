"""The Daxing agreement of examples/, filled in with keys of nobody, as `concordat check --agreement DIR` reads it."""

from __future__ import annotations

from pathlib import Path

from keys import oprf
from keys.signing import SigningKey
from matcher.agency.agreements import known
from matcher.agency.check.terms import SideTerms, of_directory
from matcher.protocol import checkpoint, cosignature, names, normalise
from matcher.protocol.agreement import render
from matcher.protocol.agreement.parse import parse_matching

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "daxing"
BUREAU, REGULATOR = "labour-bureau", "bank-regulator"


def write_agreement(directory: Path) -> Path:
    """Write both files into ``directory`` and return it."""
    _secret, public = oprf.derive_key_pair(bytes(32), b"test")
    values = {
        "data.normaliser_vectors": normalise.vectors_digest().hex(),
        "data.name_data": names.data_digest().hex(),
        "link.account.mode": "oprf",
    }
    lines = {"link.account.key": render.key_line("oprf", public)}
    matching = render.fill((EXAMPLE / known.MATCHING_FILE).read_bytes(), values, lines)
    values = {
        "matching": parse_matching(matching).digest.hex(),
        **{f"root.{party}": SigningKey.generate().public.hex() for party in (BUREAU, REGULATOR, "audit-office")},
        "witness.audit-office": cosignature.verifier_key(
            cosignature.witness_name("audit-office"), SigningKey.generate().public
        ),
        "log.origin": "log.example/test",
        "log.key": checkpoint.verifier_key("log.example/test", SigningKey.generate().public),
    }
    directory.mkdir(exist_ok=True)
    (directory / known.MATCHING_FILE).write_bytes(matching)
    (directory / known.AGREEMENT_FILE).write_bytes(
        render.fill((EXAMPLE / known.AGREEMENT_FILE).read_bytes(), values, {})
    )
    return directory


def terms_of(directory: Path, party: str) -> SideTerms:
    """What the agreement says of one party's files."""
    return of_directory(write_agreement(directory), party, "")
