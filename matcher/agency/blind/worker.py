"""What runs in a worker process: take a task from the socket, run it, send back the result, until told to stop.

An error of the matcher's own tree goes back as it is: it carries ids and counts only. Any other one goes back as the
name of its type and the line it rose from, since its text may hold content.
"""

from __future__ import annotations

import pickle
import signal
import sys
import traceback
from multiprocessing.connection import Connection

from matcher.agency.blind.context import Context
from matcher.protocol.errors import ConcordatError


def main(descriptor: int) -> None:
    """Serve the socket ``descriptor``: first a Setup, then tasks; an empty message ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends us
    with Connection(descriptor) as connection:
        try:
            context = Context(pickle.loads(connection.recv_bytes()))  # noqa: S301 - from our own parent
            while data := connection.recv_bytes():
                connection.send_bytes(pickle.dumps(_run(data, context), pickle.HIGHEST_PROTOCOL))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the parent has ended


def _run(data: bytes, context: Context) -> tuple[bool, object]:
    try:
        return True, pickle.loads(data).run(context)  # noqa: S301 - from our own parent
    except ConcordatError as error:
        return False, error.with_traceback(None)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return False, ConcordatError(f"a worker failed: {type(error).__name__} at {last.name}, line {last.lineno}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
