"""``concordat explain``: how two company names are split, and why they are the same firm or not. At home, in the clear.

The names are on the command line and go nowhere: no home, no key, no service is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matcher.protocol import names, normalise
from matcher.protocol.names.wording import NameWords, words
from matcher.text import _
from matcher.text.terminal import Invocation, emit, table

if TYPE_CHECKING:
    from rich.console import Console


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(explain)


@click.command("explain", help=_("Show how two company names are split into parts, and why they are one firm or two."))
@click.argument("left")
@click.argument("right")
@click.pass_obj
def explain(invocation: Invocation, left: str, right: str) -> None:
    """Compare two names as the service would, and say why."""
    one, other = normalise.company_name(left), normalise.company_name(right)
    decision = names.explain(one, other)
    left_words, right_words = words(names.split(one)), words(names.split(other))
    result = {
        "left": left_words._asdict(),
        "right": right_words._asdict(),
        "verdict": decision.verdict,
        "reason": _(decision.reason),
    }
    emit(invocation, result, lambda console: _show(console, left_words, right_words, decision))


def _show(console: Console, left: NameWords, right: NameWords, decision: names.Decision) -> None:
    pairs = zip(_cells(left), _cells(right), strict=True)
    rows = [
        (heading, one, other, "" if one == other else "≠")
        for heading, (one, other) in zip(_headings(), pairs, strict=True)
        if one or other
    ]
    console.print(table("", (_("Part"), _("Left"), _("Right"), ""), rows))
    console.print(_verdicts()[decision.verdict], style="bold", markup=False)
    console.print(_(decision.reason), markup=False, soft_wrap=True)


def _headings() -> tuple[str, ...]:
    return (
        _("Province"), _("Prefecture"), _("County"), _("Ordinal"), _("Brand"), _("Sound of the brand"), _("Trade"),
        _("Ends in 工程"), _("Legal form"), _("Group of companies"), _("Branch, department or project"),
    )  # fmt: skip


def _cells(name: NameWords) -> tuple[str, ...]:
    yes = _("yes")
    return (
        name.province,
        name.prefecture,
        name.county,
        str(name.ordinal or ""),
        name.brand,
        " ".join(name.sound),
        " ".join(name.trade),
        yes if name.works else "",
        name.form,
        yes if name.group else "",
        yes if name.branch else "",
    )


def _verdicts() -> dict[str, str]:
    return {
        names.SAME: _("The same firm"),
        names.VARIANT: _("The same firm, written in another way"),
        names.BRANCH: _("The same firm, one name being of a part of it"),
        names.DIFFERENT: _("Two firms"),
        names.REVIEW: _("A person must decide"),
        names.UNKNOWN: _("Nothing to compare"),
    }
