"""Entry point ``concordat``: the commands of agencies and auditors. Parse, build, run."""

from __future__ import annotations

import gc
import os
import sys

import click

from keys.errors import KeyFileError
from matcher import VERSION
from matcher.text import _, edge
from matcher.text.lazy import LazyGroup

COMMANDS = {
    "init": "matcher.agency.commands.identity",
    "card": "matcher.agency.commands.identity",
    "service": "matcher.agency.commands.identity",
    "person": "matcher.agency.commands.identity",
    "keys": "matcher.agency.commands.keys",
    "agreement": "matcher.agency.commands.agreement",
    "submit": "matcher.agency.commands.submit",
    "check": "matcher.agency.commands.check",
    "sample": "matcher.agency.commands.sample",
    "match": "matcher.agency.commands.match",
    "findings": "matcher.agency.commands.match",
    "receipt": "matcher.agency.commands.receipt",
    "reveal": "matcher.agency.commands.reveal",
    "agent": "matcher.agency.commands.agent",
    "group-key": "matcher.agency.commands.agent",
    "calendar": "matcher.agency.commands.calendar",
    "explain": "matcher.agency.commands.explain",
    "explain-rule": "matcher.agency.commands.rules",
    "local-rules": "matcher.agency.commands.rules",
    "doctor": "matcher.agency.commands.doctor",
    "audit": "matcher.auditor.commands",
    "demo": "matcher.demo.commands",
}
# Python looks for cycles after 700 new objects, a start makes 200,000, and nearly all of them stay.
_COLLECT_AFTER = 50_000
# numpy's algebra, which no command uses, would start a thread for every core when numpy is loaded.
_ALGEBRA_THREADS = "OPENBLAS_NUM_THREADS"


def build() -> LazyGroup:
    """The command tree; a command is imported when it is used."""
    group = LazyGroup(
        "concordat",
        modules=COMMANDS,
        help=_("Compare records with another authority without showing them."),
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
    )
    edge.share_options(group, people=True)
    click.version_option(VERSION, prog_name="concordat")(group)
    return group


def build_all() -> click.Group:
    """The command tree with every command imported, for documentation."""
    group = build()
    group.load_all()
    return group


def main() -> None:
    """Run the command line and exit with its status."""
    os.umask(0o077)  # whatever is written is its owner's, lock files and exports included
    os.environ.setdefault(_ALGEBRA_THREADS, "1")
    gc.set_threshold(_COLLECT_AFTER)
    status = edge.run(build(), sys.argv[1:], KeyFileError)
    gc.freeze()  # all of it goes with the process: searching it for cycles would take as long as gRPC to load
    sys.exit(status)


if __name__ == "__main__":
    main()
