"""What every step of the demonstration is handed: where to write, who takes part, how to run a command and say so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.demo.parties import Parties, Party
from matcher.demo.processes import Processes

FLOW = "account-check"
PERIOD = "2022-05"
LINK = "account"
AGREEMENT_ID = "daxing-wages"

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """One run of the demonstration. ``templates`` is the directory with the agreement's two templates."""

    out: Path
    inputs: Path
    templates: Path
    mode: str
    parties: Parties
    processes: Processes
    say: Callable[[str], None]

    def concordat(self, party: Party, *words: str | Path) -> Result:
        """Run ``concordat WORDS`` in the party's home."""
        return self.processes.run("client", *words, *party.options())

    def concordat_as(self, party: Party, person: str, *words: str | Path) -> Result:
        """Run ``concordat WORDS`` in the party's home as one of its people."""
        return self.processes.run("client", *words, *party.acting(person))

    def server(self, *words: str | Path) -> Result:
        """Run ``concordat-server WORDS``."""
        return self.processes.run("server", *words, *self.parties.service.options())


def together(stage: Stage, *steps: Callable[[], Result]) -> list[Result]:
    """Run independent steps side by side, as offices would; results in the order of ``steps``.

    The first failure ends the others' processes and is raised.
    """
    results: list[Result] = [{} for _step in steps]
    failures: list[BaseException] = []

    def work(position: int, step: Callable[[], Result]) -> None:
        try:
            results[position] = step()
        except BaseException as error:  # handed on below, whatever it is
            failures.append(error)
            stage.processes.end_commands()

    threads = [threading.Thread(target=work, args=item, daemon=True) for item in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
