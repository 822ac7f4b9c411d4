"""One party of SecretFlow's intersection, over loopback: ``secretflow.py RANK PROTOCOL INPUT OUTPUT PORT0 PORT1``."""

from __future__ import annotations

import sys

import spu
from spu import psi


def main() -> None:
    """Run this rank to its end, and print how many rows both sides share."""
    rank, protocol, source, target, *ports = sys.argv[1:]
    description = spu.libspu.link.Desc()
    for number, port in enumerate(ports):
        description.add_party(f"party{number}", f"127.0.0.1:{port}")
    context = spu.libspu.link.create_brpc(description, int(rank))
    config = psi.PsiExecuteConfig(
        psi.PsiProtocolConfig(
            protocol=psi.parse_protocol(protocol),
            receiver_rank=0,
            broadcast_result=False,
            ecdh_params=psi.EcdhParams(curve=psi.EllipticCurveType.CURVE_25519),
        ),
        psi.InputParams(path=source, selected_keys=["account"], keys_unique=True),
        psi.OutputParams(path=target, disable_alignment=True),
    )
    report = psi.psi_execute(config, context)
    context.stop_link()
    sys.stdout.write(f"{report.intersection_count}\n")


if __name__ == "__main__":
    main()
