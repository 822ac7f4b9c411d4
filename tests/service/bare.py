"""A bare gRPC channel with a party's identity, for calls that the client does not make."""

from __future__ import annotations

import grpc

from tests.service.party import Party
from tests.service.world import World


def raw_channel(world: World, party: Party) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(
        world.public.tls_certificate.encode(), party.tls_key.reveal(), party.tls_certificate.encode()
    )
    return grpc.secure_channel(
        world.server.address, credentials, [("grpc.ssl_target_name_override", "concordat")]
    )  # fmt: skip
