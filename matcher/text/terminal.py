"""The terminal: one way to print a result, a table, progress and an error, for every command.

Results go to standard output; progress and errors to standard error, so that ``--json`` output can be piped.
Progress bars appear only on a terminal, and only for work of more than two seconds. What a person sees is drawn by
rich, which is loaded when there is something to draw: a command of a script starts without it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.text import _

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PROGRESS_AFTER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every command shares. ``home`` is the party's directory."""

    home: Path
    as_json: bool
    passphrase_file: Path | None
    person: str
    person_passphrase_file: Path | None


def output() -> Console:
    """Standard output as a rich console."""
    from rich.console import Console

    return Console(highlight=False)


def emit(
    invocation: Invocation, result: dict[str, Any], show: Callable[[Console], None], *, more: str = "",
    items: Iterable[str] = (),
) -> None:  # fmt: skip
    """Print ``result`` as one line of JSON, or let ``show`` print it for a person.

    ``more`` names one more field of the result, a list: its ``items`` are JSON already, for they may be many.
    """
    if invocation.as_json:
        text = json.dumps(result, ensure_ascii=False)
        if more:
            text = f"{text[:-1]}, {json.dumps(more)}: [{', '.join(items)}]}}"
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    else:
        show(output())


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A rich table; numbers are right-aligned. Cells and headings are text: a name with brackets is no markup."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title or None, title_justify="left", header_style="bold")
    cells = [list(row) for row in rows]
    for position, heading in enumerate(headings):
        numeric = bool(cells) and all(isinstance(row[position], int | float) for row in cells)
        shown.add_column(Text(heading), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        shown.add_row(*[Text(f"{item:,}" if isinstance(item, int) else str(item)) for item in row])
    return shown


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A function that takes the number done so far. Silent when standard error is no terminal, and for short work."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console

    from matcher.text.bar import new_bar

    bar = new_bar(Console(stderr=True))
    task = bar.add_task(label, total=total)
    started = time.monotonic()
    running = False

    def update(done: int) -> None:
        nonlocal running
        if not running and time.monotonic() - started > _PROGRESS_AFTER_SECONDS:
            bar.start()
            running = True
        bar.update(task, completed=done)

    try:
        yield update
    finally:
        if running:
            bar.stop()


def fail(code: str, message: str, remedy: str, exit_status: int, *, as_json: bool) -> None:
    """Print one error, with what to do next, and leave with ``exit_status``."""
    if as_json:
        error = {"error": {"code": code, "message": message, "remedy": remedy}}
        sys.stderr.write(json.dumps(error, ensure_ascii=False) + "\n")
    else:
        from rich.console import Console

        console = Console(stderr=True, highlight=False)
        console.print(f"[bold red]{_('Error')}[/] ({code}): ", end="")
        console.print(message, markup=False, soft_wrap=True)
        if remedy:
            console.print(f"[bold]{_('What to do')}:[/] ", end="")
            console.print(remedy, markup=False, soft_wrap=True)
    raise click.exceptions.Exit(exit_status)
