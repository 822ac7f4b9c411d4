"""The Daxing demonstration: makes data and drives the real commands as separate processes."""

from __future__ import annotations

import click


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    from matcher.demo import commands  # here, so that `python -m matcher.demo.generate` loads itself only once

    commands.register(group)
