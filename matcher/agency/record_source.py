"""Where this agency gets the record secrets of its own rows: its own key, the group key, or the cache.

Design section 4, "Record secret". Filling the cache is the exchange with the holder (evaluate.py).
"""

from __future__ import annotations

from keys import oprf
from matcher.agency.blind.sources import CacheSource, GroupSource, HolderSource, Source
from matcher.agency.home import AgencyHome
from matcher.agency.secret_cache import CacheKeys
from matcher.protocol import suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import AgreementError


def source_of(home: AgencyHome, agreement: Agreement, flow: str) -> Source:
    """The source for the link kind of ``flow``. Raises AgreementError when this home's key is not the agreement's."""
    link = agreement.matching.links[agreement.flow(flow).link]
    prefix = suite.link_prefix(agreement.id, link.kind)
    if link.mode == "hmac":
        key = home.keys.group_key(link.kind).reveal()
        if suite.group_key_id(key) != link.group_key_id:
            raise AgreementError(f"the group key here is not the one the agreement names for link kind {link.kind}")
        return GroupSource(prefix, key)
    if link.holder != home.party:
        cache_key = home.keys.cache_key.reveal()
        return CacheSource(home.secrets_path, CacheKeys.derive(cache_key, prefix, link.epoch, link.public_key))
    if home.keys.oprf_seed is None:
        raise AgreementError(f"the agreement says {home.party} holds the key of {link.kind}, and this home has none")
    info = suite.oprf_key_info(agreement.id, link.kind, link.epoch)
    secret_key, public_key = oprf.derive_key_pair(home.keys.oprf_seed, info)
    if public_key != link.public_key:
        raise AgreementError(f"the key here is not the one the agreement names for {link.kind}, epoch {link.epoch}")
    return HolderSource(prefix, secret_key.reveal())
