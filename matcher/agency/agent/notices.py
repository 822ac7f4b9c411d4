"""What the asking side tells us after a reveal: that it opened a payload, or that no rule holds for what it saw.

Kept with the finding, so that whoever approved can see it. A dispute is an allegation until an auditor sees both sides.
"""

from __future__ import annotations

from typing import Any

from matcher.agency.agent import pending
from matcher.agency.exchange import inbox
from matcher.agency.exchange.inbox import Received
from matcher.agency.home import AgencyHome
from matcher.protocol import canonical
from matcher.protocol.errors import NotFoundError

_STATES = {"opening": "opened", "dispute": "disputed"}


def take(home: AgencyHome, received: Received) -> dict[str, Any]:
    """Note an opening or a dispute. Raises NotFoundError when we delivered nothing of that finding to its sender."""
    finding_id = canonical.unhex(received.body["finding"], 32)
    delivered = [
        item for item in pending.of_finding(home.journal, finding_id) if item.requester == received.message.sender
    ]
    if not delivered:
        raise NotFoundError("the notice is about a finding that was not revealed here", code="notice-foreign")
    state = _STATES[received.message.kind]
    with home.journal.transaction() as connection:
        if not received.repeated:
            inbox.record(connection, received, state)
        pending.move(connection, delivered[-1].request, [finding_id], state)
    return {"state": state}
