"""TLS identities: what the certificate says, and that gRPC takes it on both sides and pins it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys import tls
from keys.errors import ReceivedError
from keys.secret import Secret

DAY = 24 * 3600


def now() -> int:
    return int(time.time())


Identity = tuple[Secret, str]


@pytest.fixture(scope="module")
def server() -> Identity:
    return tls.new_identity("concordat-service", now(), 30)


@pytest.fixture(scope="module")
def client() -> Identity:
    return tls.new_identity("labour-bureau", now(), 30)


def test_what_the_certificate_says() -> None:
    key_pem, certificate_pem = tls.new_identity("labour-bureau", 1_700_000_000, 30)
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    key = load_pem_private_key(key_pem.reveal(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert certificate.public_key() == key.public_key()
    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=labour-bureau"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["concordat", "labour-bureau"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.not_valid_before_utc.timestamp() == 1_700_000_000 - 3600
    assert tls.not_after(certificate_pem) == 1_700_000_000 + 30 * DAY


def test_each_identity_is_fresh(client: Identity) -> None:
    again = tls.new_identity("labour-bureau", now(), 30)
    assert again[0] != client[0]
    assert tls.fingerprint(again[1]) != tls.fingerprint(client[1])


def test_fingerprint_and_expiry_take_pem_and_der(client: Identity) -> None:
    pem = client[1]
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    assert tls.fingerprint(pem) == tls.fingerprint(pem.encode()) == tls.fingerprint(der)
    assert tls.fingerprint(der) == hashlib.sha256(der).hexdigest()
    assert tls.not_after(der) == tls.not_after(pem)


@pytest.mark.parametrize("bad", ["", "x", b"\x30\x03", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN RSA-----\nAA==\n"])
def test_a_malformed_certificate_is_refused(bad: str | bytes) -> None:
    for call in (tls.fingerprint, tls.not_after):
        with pytest.raises(ReceivedError, match="malformed"):
            call(bad)


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers with the caller's certificate, as the service sees it."""
    [pem] = context.auth_context()["x509_pem_cert"]
    return tls.fingerprint(pem).encode()


@pytest.fixture(scope="module")
def address(server: Identity, client: Identity) -> Iterator[str]:
    key_pem, certificate_pem = server
    running = grpc.server(futures.ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(echo)
    running.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", {"Echo": handler})])
    credentials = grpc.ssl_server_credentials(
        [(key_pem.reveal(), certificate_pem.encode())],
        root_certificates=client[1].encode(),
        require_client_auth=True,
    )
    port = running.add_secure_port("127.0.0.1:0", credentials)
    running.start()
    yield f"127.0.0.1:{port}"
    running.stop(None).wait()


def call(address: str, trusted: str, identity: Identity) -> Any:
    credentials = grpc.ssl_channel_credentials(trusted.encode(), identity[0].reveal(), identity[1].encode())
    options = [("grpc.ssl_target_name_override", tls.SHARED_NAME)]
    with grpc.secure_channel(address, credentials, options) as channel:
        return channel.unary_unary("/test.Echo/Echo")(b"", timeout=10)


def test_grpc_takes_the_identities_on_both_sides(address: str, server: Identity, client: Identity) -> None:
    assert call(address, server[1], client) == tls.fingerprint(client[1]).encode()


def test_another_certificate_of_the_same_name_is_not_trusted(address: str, server: Identity, client: Identity) -> None:
    impostor = tls.new_identity("concordat-service", now(), 30)
    with pytest.raises(grpc.RpcError) as caught:
        call(address, impostor[1], client)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    stranger = tls.new_identity("labour-bureau", now(), 30)
    with pytest.raises(grpc.RpcError) as caught:
        call(address, server[1], stranger)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
