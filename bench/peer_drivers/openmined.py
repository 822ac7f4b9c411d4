"""OpenMined PSI, both parties in one process, no network: ``openmined.py SERVER_CSV CLIENT_CSV``."""

from __future__ import annotations

import sys
from pathlib import Path

import private_set_intersection.python as psi

_FALSE_POSITIVES = 1e-9


def _values(path: str) -> list[str]:
    return Path(path).read_text().split()[1:]


def main() -> None:
    """Intersect, and print how many values both sides share."""
    server_values, client_values = _values(sys.argv[1]), _values(sys.argv[2])
    server, client = psi.server.CreateWithNewKey(True), psi.client.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(_FALSE_POSITIVES, len(client_values), server_values, psi.DataStructure.GCS)
    response = server.ProcessRequest(client.CreateRequest(client_values))
    sys.stdout.write(f"{len(client.GetIntersection(setup, response))}\n")


if __name__ == "__main__":
    main()
