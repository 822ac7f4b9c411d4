"""An agent that is killed leaves no worker process behind: each of them holds the seed. Threads go with it anyway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# A pool whose workers have begun; it says who they are, and waits to be killed.
_AGENT = """
import sys, time
from keys.secret import Secret
from matcher.agency.agent.pool import EvaluationPool
if __name__ == "__main__":
    pool = EvaluationPool(Secret(bytes(32)), 2)
    futures = [pool.submit(None) for _number in range(2)]
    for future in futures:
        future.exception()
    print(*pool._executor._processes, flush=True)
    time.sleep(600)
"""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_workers_end_with_the_agent(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(_AGENT)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "agent.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={"PYTHONPATH": str(ROOT), "CONCORDAT_BACKEND": "portable"},
    ) as agent:  # fmt: skip
        assert agent.stdout is not None
        workers = [int(pid) for pid in agent.stdout.readline().split()]
        assert workers
        assert all(_runs(pid) for pid in workers)
        agent.kill()
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [pid for pid in workers if _runs(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
