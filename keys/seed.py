"""A holder's seed, of which its OPRF keys are derived: apart from oprf.py, whose arithmetic few commands need."""

from __future__ import annotations

import os

from keys.secret import Secret

SEED_SIZE = 32


def generate_seed() -> Secret:
    """A fresh 32-byte seed, from which a holder derives its key for each agreement, link kind and epoch."""
    return Secret(os.urandom(SEED_SIZE))
