"""What a command loads before it does anything: a submission, a run and their like start often, and wait for it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from matcher.text import bar

# Each takes a tenth of the start, or more: what draws for people, gRPC (loaded beside the key derivation), columns.
_LATER = {"rich", "grpc", "numpy", "pyarrow", "duckdb", "openpyxl", "sqlite_utils"}


@pytest.mark.parametrize("command", ["submit", "match", "agent"])
def test_a_command_loads_what_is_heavy_when_it_needs_it(command: str) -> None:
    text = (
        f"import client, sys; client.build().get_command(None, {command!r});"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & _LATER == set()
    assert "matcher" in loaded


def test_a_bar_says_what_is_done_and_how_fast() -> None:
    shown = io.StringIO()
    drawn = bar.new_bar(Console(file=shown, width=100, force_terminal=True))
    with drawn:
        task = drawn.add_task("Reading", total=2_000)
        for done in (1_000, 1_500, 2_000):
            drawn.update(task, completed=done)
    assert "Reading" in shown.getvalue()
    assert "2000/2000" in shown.getvalue()
    assert "/s" in shown.getvalue()


def test_a_command_starts_no_threads_for_algebra_that_it_does_not_use() -> None:
    text = (
        "import os, sys, client\n"
        "sys.argv = ['concordat', '--version']\n"
        "try:\n    client.main()\nexcept SystemExit:\n    import numpy\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout
    assert said.split()[-1] == "1"
