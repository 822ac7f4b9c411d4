"""Every act of agencies, auditors and the service's operator that the table of their own disks goes through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.faults.auditor_acts import AUDITOR_SCENES
from tests.faults.exchange_acts import EXCHANGE_SCENES
from tests.faults.local_acts import (
    AddService,
    ChangePassphrase,
    CreateHome,
    RenewCard,
    Scene,
    Shelf,
    SubmitEvaluated,
    SubmitGroupKey,
)
from tests.faults.operator_acts import OPERATOR_SCENES
from tests.faults.paper_acts import PAPER_SCENES

SCENES: dict[str, Callable[[Path, Shelf], Scene]] = {
    "agency: create home": CreateHome,
    "agency: renew card": RenewCard,
    "agency: add service": AddService,
    "agency: change passphrase": ChangePassphrase,
    "agency: submit, group key": SubmitGroupKey,
    "agency: submit, evaluated": SubmitEvaluated,
    **AUDITOR_SCENES,
    **EXCHANGE_SCENES,
    **PAPER_SCENES,
    **OPERATOR_SCENES,
}
# Whole homes and worker processes: too slow for every step in the short version.
SLOW = frozenset(
    {
        "agency: create home",
        "agency: renew card",
        "agency: change passphrase",
        "agency: submit, group key",
        "agency: submit, evaluated",
        "agency: submit, anew",
        "agency: submit, refused",
        "agency: sign agreement",
        "agency: group key",
        "auditor: create home",
    }
)
