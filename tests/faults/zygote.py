"""A process that forks services to be killed: everything is imported and the keys are open, so each starts at once.

One JSON line in, one out. ``{"at": N, "form": F}`` forks a service whose step N goes wrong (steps.py); ``"at": null``
breaks none. The reply has its address and process id, or ``{"died": true}`` if it was killed while starting.
``{"end": PID, "signal": S}`` ends one and waits for it. With ``"command"``, a command of the operator runs instead and
the reply has its exit status, negative for a signal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import server
from keys.errors import KeyFileError
from keys.service import ServiceKeys
from matcher.service import app
from matcher.service.home import ServiceHome
from matcher.service.metrics import Metrics
from matcher.service.store import segments
from matcher.text import edge
from tests.faults.ground import GROUP_ROWS
from tests.faults.steps import Steps


def _serve(home: ServiceHome, keys: ServiceKeys, request: dict[str, Any], pipe: int) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    with Steps(home.path, request["at"], request.get("form", "failed")).watching() as steps:
        with (
            app.opened(home, keys, app.system_clock) as storage,
            app.serving(storage, keys, "127.0.0.1:0", Metrics(), app.system_clock) as served,
        ):
            os.write(pipe, json.dumps({"pid": os.getpid(), "address": served.address}).encode())
            os.close(pipe)
            stop.wait()
        (home.path / "steps.log").write_text(str(len(steps.names)))


def _command(home: ServiceHome, request: dict[str, Any]) -> int:
    with Steps(home.path, request["at"], request.get("form", "failed")).watching():
        return edge.run(server.build(), [*request["command"], "--home", str(home.path), "--json"], KeyFileError)


def _fork(home: ServiceHome, keys: ServiceKeys, request: dict[str, Any]) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status = 70
        try:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            if "command" in request:
                status = _command(home, request)
            else:
                _serve(home, keys, request, writer)
                status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    if said:
        reply: dict[str, Any] = json.loads(said)
        return reply
    _pid, status = os.waitpid(child, 0)
    if "command" in request:
        return {"status": os.waitstatus_to_exitcode(status)}
    return {"died": True, "status": os.waitstatus_to_exitcode(status)}


def _end(request: dict[str, Any]) -> dict[str, Any]:
    # Waited for here: only when all of its threads are gone are its files and its lock free.
    os.kill(request["end"], request["signal"])
    _pid, status = os.waitpid(request["end"], 0)
    return {"status": os.waitstatus_to_exitcode(status)}


def main() -> None:
    """Serve requests until standard input ends."""
    segments.GROUP_ROWS = GROUP_ROWS
    home = ServiceHome(Path(sys.argv[1]))
    keys = ServiceKeys.open(home.keys, os.environ["CONCORDAT_PASSPHRASE"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        reply = _end(request) if "end" in request else _fork(home, keys, request)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
