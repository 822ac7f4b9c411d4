"""A service in a process of its own, driven by the operator's commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PASSPHRASE = "a service for tests"


def command(home: Path, *arguments: str, passphrase: str = PASSPHRASE) -> subprocess.CompletedProcess[str]:
    """Run one ``concordat-server`` command to its end."""
    environment = {**os.environ, "CONCORDAT_PASSPHRASE": passphrase, "CONCORDAT_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments, "--home", str(home)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


class Serving:
    """``concordat-server serve`` on a free port."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._ready = home / "ready"
        self._ready.unlink(missing_ok=True)
        self._log = (home / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "server", "serve", "--home", str(home), "--listen", "127.0.0.1:0", "--ready-file",
                str(self._ready), *arguments,
            ],
            cwd=ROOT, env={**os.environ, "CONCORDAT_PASSPHRASE": PASSPHRASE}, stdout=subprocess.DEVNULL,
            stderr=self._log,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._log.close()
                self.process.kill()
                self.process.wait()
                raise RuntimeError((home / "serve.log").read_text())
            time.sleep(0.02)
        self.address = self._ready.read_text().strip()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self._log.close()
        return status
