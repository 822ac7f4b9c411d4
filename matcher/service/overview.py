"""What the operator may know of a service at a glance: counts, times and names of parties, never a row's content."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from keys.expiry import expiry
from matcher.service.home import ServiceHome
from matcher.service.store import log
from matcher.service.store.database import ControlDatabase, every
from matcher.text import _
from matcher.text.terminal import table

if TYPE_CHECKING:
    from rich.console import Console


def gather(home: ServiceHome) -> dict[str, Any]:
    """Counts from the control database, and the public file's fields."""
    public = home.read_public()
    database = ControlDatabase(home.control)
    try:
        with database.read() as transaction:
            return {
                "address": public.address,
                "origin": public.origin,
                "log_key": public.log_key,
                "log_size": log.tree_size(transaction),
                "certificate_days": expiry(public.tls_certificate, int(time.time())).days,
                "parties": list(
                    every(transaction, "SELECT party, max(serial) AS card, not_after FROM cards GROUP BY party")
                ),
                "agreements": list(
                    every(
                        transaction,
                        "SELECT agreement_id AS agreement, version, in_force_index IS NOT NULL AS signed_by_all "
                        "FROM agreements ORDER BY agreement_id, version",
                    )
                ),
                "periods": list(
                    every(
                        transaction,
                        "SELECT agreement_id AS agreement, flow, period, count(submission) AS submissions, "
                        "coalesce(sum(rows), 0) AS rows, purged_at IS NOT NULL AS purged "
                        "FROM periods LEFT JOIN submissions USING (agreement_id, flow, period) "
                        "GROUP BY agreement_id, flow, period ORDER BY agreement_id, flow, period",
                    )
                ),
            }
    finally:
        database.close()


def show(console: Console, result: dict[str, Any]) -> None:
    """Print what ``gather`` gave."""
    console.print(_("Address:"), result["address"], markup=False)
    console.print(_("Certificate:"), _("{n} days left", n=result["certificate_days"]), markup=False)
    console.print(_("Log:"), result["origin"], _("{n} entries", n=result["log_size"]), markup=False)
    for title, name in ((_("Parties"), "parties"), (_("Agreements"), "agreements"), (_("Periods"), "periods")):
        rows = result[name]
        if rows:
            console.print(table(title, [_(heading) for heading in rows[0]], [list(row.values()) for row in rows]))
