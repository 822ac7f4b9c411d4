"""The machine under a figure, and the memory of a whole process tree, read from /proc."""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import click

_SAMPLE_SECONDS = 0.5
_KIB = 1024


def describe() -> dict[str, object]:
    """Processor, cores, memory and Python, for the head of a table."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = next(
        int(line.split()[1]) * _KIB
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal")
    )
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def show(figures: Mapping[str, object], *, as_json: bool) -> None:
    """Print ``figures`` and the machine under them: a line each, or one JSON object."""
    result = {**figures, "machine": describe()}
    if as_json:
        click.echo(json.dumps(result))
        return
    for name, value in result.items():
        click.echo(f"{name:26} {value}")


def tree(root: int) -> list[int]:
    """``root`` and every process below it, from the kernel's lists of children."""
    found = [root]
    for process in found:  # grows while it is walked
        try:
            lists = [(task / "children").read_text() for task in Path(f"/proc/{process}/task").iterdir()]
        except OSError:  # ended meanwhile
            continue
        found.extend(int(child) for listed in lists for child in listed.split())
    return found


def proportional_memory(processes: list[int]) -> int:
    """Bytes held by ``processes``: proportional set size, so that shared pages count once."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * _KIB for line in lines if line.startswith("Pss:"))
    return total


def processor_seconds(processes: list[int]) -> float:
    """User and system time of ``processes`` so far, and of their ended children."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / tick


class PeakMemory:
    """Samples the memory of the process tree below ``root`` until the block ends; ``peak`` is in bytes."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        ended = False
        while not ended:
            self.peak = max(self.peak, proportional_memory(tree(self._root)))
            ended = self._stop.wait(_SAMPLE_SECONDS)
