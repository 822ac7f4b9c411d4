"""The first call of a session: settle suite and contract, show the newest checkpoint we verified, learn the clock.

A service that was restored to an older log is told by that checkpoint, and says so (``log-ended``) to everybody.
"""

from __future__ import annotations

import time
from importlib import metadata

from matcher.agency.exchange.trust import trust_of
from matcher.agency.home import AgencyHome
from matcher.channel import Channel
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.suite import SUITE


def greet(home: AgencyHome, channel: Channel, agreement: Agreement) -> tuple[float, float]:
    """(our clock, the service's clock), both in seconds since 1970, at the same moment.

    Raises AgreementError (no common suite or revision), StateError (the service restored an older log).
    """
    before = time.time()
    hello = channel.hello(SUITE, metadata.version("concordat"), trust_of(home, channel, agreement).last())
    return (before + time.time()) / 2, hello.time / 1000
