"""Entry point ``concordat-server``: the commands of whoever runs the service. Parse, build, run."""

from __future__ import annotations

import os
import sys

import click

from keys.errors import KeyFileError
from matcher import VERSION
from matcher.service import commands
from matcher.text import _, edge


def build() -> click.Group:
    """The command tree."""
    group = click.Group(
        "concordat-server",
        help=_("Run the service that compares blinded records."),
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
    )
    commands.register(group)
    edge.share_options(group, people=False)
    click.version_option(VERSION, prog_name="concordat-server")(group)
    return group


def main() -> None:
    """Run the command line and exit with its status."""
    os.umask(0o077)  # whatever is written is its owner's, lock files and exports included
    sys.exit(edge.run(build(), sys.argv[1:], KeyFileError))


if __name__ == "__main__":
    main()
