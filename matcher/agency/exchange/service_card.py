"""service.json: what an agency knows of the service before any agreement - address, log key, TLS certificate.

Handed over once, by hand, by whoever runs the service; the certificate in it is the only root the client trusts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keys import files
from matcher.protocol.errors import InputError, StateError

FILE_NAME = "service.json"


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """``address`` is host:port, ``log_key`` a C2SP verifier key, ``tls_certificate`` PEM."""

    address: str
    origin: str
    log_key: str
    tls_certificate: str


def parse(data: bytes, address: str | None = None) -> ServiceCard:
    """The service card in ``data``, with ``address`` in the place of its own if given. Raises InputError."""
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("service.json: not JSON", remedy="Ask the service's operator for the file again.") from error
    names = ("address", "origin", "log_key", "tls_certificate")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in names):
        raise InputError(
            f"service.json: fields {', '.join(names)} are needed",
            remedy="Ask the service's operator for the file that `concordat-server init` wrote.",
        )
    if not (address or value["address"]):
        raise InputError("service.json names no address", remedy="Give --address HOST:PORT.")
    return ServiceCard(address or value["address"], *(value[name] for name in names[1:]))


def load(home: Path) -> ServiceCard:
    """The service this home talks to. Raises StateError when none was added."""
    path = home / FILE_NAME
    if not path.is_file():
        raise StateError(
            "this home knows no service yet",
            remedy="Run `concordat service add FILE` with the operator's service.json.",
        )
    return parse(path.read_bytes())


def store(home: Path, card: ServiceCard) -> None:
    """Keep ``card`` in ``home``."""
    files.write(home / FILE_NAME, json.dumps(asdict(card), indent=2).encode() + b"\n", replace=True)
