"""Which source of record secrets a home has for one flow, by the agreement's link kind; see blind/sources.py.

The agreement pins the key, so a wrong one is refused before a row is read.
"""

from __future__ import annotations

from matcher.agency.blind.sources import CacheSource, GroupSource, HolderSource, Source
from matcher.agency.home import AgencyHome
from matcher.agency.secrets.cache import CacheKeys
from matcher.protocol import suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import AgreementError


def source_of(home: AgencyHome, agreement: Agreement, flow: str) -> Source:
    """The source for ``flow``. Raises AgreementError (not the agreed key), KeyFileError (no group key)."""
    link = agreement.matching.links[agreement.flow(flow).link]
    prefix = suite.link_prefix(agreement.id, link.kind)
    if link.mode == "hmac":
        key = home.keys.group_key(link.kind).reveal()
        if suite.group_key_id(key) != link.group_key_id:
            raise AgreementError(
                f"the group key for {link.kind} in this home is not the one the agreement names",
                remedy="Ask its maker to send the key of this agreement again.",
            )
        return GroupSource(prefix, key)
    if link.holder == home.party:
        return HolderSource(prefix, _holder_key(home, agreement, link.kind, link.epoch, link.public_key))
    return CacheSource(
        home.secrets_path, CacheKeys.derive(home.keys.cache_key.reveal(), prefix, link.epoch, link.public_key)
    )


def _holder_key(home: AgencyHome, agreement: Agreement, kind: str, epoch: int, public_key: bytes) -> bytes:
    from keys import oprf  # loads libsodium, which only the holder's commands need

    if home.keys.oprf_seed is None:
        raise AgreementError(
            f"the agreement makes {home.party} the key holder for {kind}, but this home has no OPRF seed",
            remedy="Restore the home from its backup, or make one with `concordat init --holder`.",
        )
    secret_key, public = oprf.derive_key_pair(
        home.keys.oprf_seed, suite.oprf_key_info(agreement.id, kind, epoch)
    )  # fmt: skip
    if public != public_key:
        raise AgreementError(
            f"the OPRF key of this home is not the one the agreement names for {kind}, epoch {epoch}",
            remedy="Restore the seed from the backup; a new seed needs a new agreement.",
        )
    return secret_key.reveal()
