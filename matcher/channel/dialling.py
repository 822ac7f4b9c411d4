"""The one place where agencies and auditors open a connection: certificates first, then the first call of the contract.

An expired certificate is named here, before anything is dialled. Every connection begins with ``Hello``: suite and
revision of the contract are settled, and the newest checkpoint that was verified here is shown (design section 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from keys import tls
from keys.identity import IdentifiedKeys
from matcher.channel.client import Channel, Greeting
from matcher.protocol.errors import StateError

EXPIRED = "certificate-expired"


class Address(Protocol):
    """Where a service is and by which certificate it is known: what service.json says."""

    @property
    def address(self) -> str:
        """host:port."""

    @property
    def tls_certificate(self) -> str:
        """PEM."""


def dial(
    service: Address, keys: IdentifiedKeys, party: str, now: int, shown: Callable[[], str], *, reads_ended: bool = False
) -> Channel:
    """A connection to the service; ``shown`` gives the newest checkpoint verified here, or "".

    ``reads_ended``: go on reading a log that the service says has ended, as an auditor must. Raises StateError
    (``certificate-expired``); the first call raises what ``Channel.greet`` does.
    """
    if tls.not_after(keys.tls_certificate_pem) <= now:
        raise StateError(
            f"the TLS certificate of {party} has expired",
            code=EXPIRED,
            remedy="Run `concordat card --renew-tls --out FILE` and have the service admit the new card.",
        )
    if tls.not_after(service.tls_certificate) <= now:
        raise StateError(
            "the TLS certificate of the service has expired",
            code=EXPIRED,
            remedy="Ask the service's operator for its new service.json and run `concordat service add FILE`.",
        )
    return Channel(
        service.address, keys.tls_key_pem.reveal(), keys.tls_certificate_pem, service.tls_certificate,
        Greeting(shown, reads_ended),
    )  # fmt: skip
