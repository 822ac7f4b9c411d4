"""The agency's commands, in the order of a working day."""

from __future__ import annotations

import click

from matcher.agency.commands import agent, agreement, doctor, identity, match, reveal, submit


def register(group: click.Group) -> None:
    """Add the agency's commands to ``group``."""
    for module in (identity, agreement, submit, match, reveal, agent, doctor):
        module.register(group)
