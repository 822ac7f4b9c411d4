"""Entry point ``concordat``: the commands of agencies and auditors. Parse, build, run."""

from __future__ import annotations

import sys

import click

from keys.errors import KeyFileError
from matcher import auditor, demo
from matcher.agency import commands as agency
from matcher.text import _, edge

VERSION = "0.1.0"


def build() -> click.Group:
    """The command tree."""
    group = click.Group(
        "concordat",
        help=_("Compare records with another authority without showing them."),
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
    )
    agency.register(group)
    auditor.register(group)
    demo.register(group)
    edge.share_options(group, people=True)
    click.version_option(VERSION, prog_name="concordat")(group)
    return group


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(edge.run(build(), sys.argv[1:], KeyFileError))


if __name__ == "__main__":
    main()
