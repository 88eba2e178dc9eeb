"""Who may connect, and what it may see: the client certificate is the identity, and the adapter is the wall."""

import socket
import ssl
import subprocess

import pytest

import ttlv
import wire
from keystead import Certificate
from ttlv import enumeration, long, structure, text
from wire import attribute, item, succeeded, unique

NEVER_WAS = "00000000-0000-4000-8000-000000000000"
CLOSED = (EOFError, OSError)  # closed, reset, or a TLS alert: nothing that holds an answer
CESSATION = structure("Revocation Reason", enumeration("Revocation Reason Code", 6))
STATE = text("Attribute Name", "State")

# Every operation that takes an identifier, with the payload that follows it.
BY_IDENTIFIER = {
    "Get": [],
    "Get Attributes": [STATE],
    "Get Attribute List": [],
    "Add Attribute": [attribute("x-note", "mine")],
    "Modify Attribute": [attribute("x-note", "mine")],
    "Delete Attribute": [text("Attribute Name", "x-note")],
    "Activate": [],
    "Check": [],
    "Re-key": [],
    "Obtain Lease": [],
    "Get Usage Allocation": [long("Usage Limits Count", 1)],
    "Revoke": [CESSATION],
    "Destroy": [],
}


def self_signed(folder, name, *options):
    """A certificate as vCenter makes its own: self-signed, CA:TRUE, no EKU, no SAN, of no chain."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    make = ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", key, "-out", crt]
    subprocess.run([*make, *(options or ("-newkey", "rsa:2048"))], check=True, capture_output=True, timeout=120)
    return crt, key


def works(server, certificate):
    with wire.Connection(server.port, certificate) as connection:
        return connection.call("Create", *wire.aes_256())["Unique Identifier"]


def is_shut_out(server, certificate):
    with pytest.raises(CLOSED):
        works(server, certificate)


@pytest.fixture(scope="module")
def other(server):
    """A certificate of a second adapter of the same server."""
    server.cli("adapter", "create", "other")
    return server.issue("other", adapter="other")


@pytest.mark.parametrize("operation", BY_IDENTIFIER)
def test_another_adapters_key_is_as_one_that_never_was(server, certificate, other, operation):
    with wire.Connection(server.port, certificate) as owner, wire.Connection(server.port, other) as stranger:
        key = owner.call("Create", *wire.aes_256())["Unique Identifier"]
        owner.call("Add Attribute", unique(key), attribute("x-note", "secret"))
        before = owner.material(key), owner.attributes(key, "State", "x-note")
        answers = [
            stranger.exchange(item(operation, unique(identifier), *BY_IDENTIFIER[operation]))
            for identifier in (key, NEVER_WAS)
        ]
        assert ttlv.encode(answers[0][0]) == ttlv.encode(answers[1][0]), "byte for byte"
        assert answers[0][0]["Result Reason"] == wire.ITEM_NOT_FOUND
        assert (owner.material(key), owner.attributes(key, "State", "x-note")) == before


def test_locate_finds_the_own_adapters_keys_alone(server, certificate, other, request):
    named = attribute("x-Name", request.node.name)
    with wire.Connection(server.port, certificate) as owner, wire.Connection(server.port, other) as stranger:
        keys = {}
        for connection in (owner, stranger):
            keys[connection] = connection.call("Create", *wire.aes_256(named))["Unique Identifier"]
        for connection, key in keys.items():
            located = connection.call("Locate", named)
            assert [each.value for each in located.all("Unique Identifier")] == [key]


def test_removing_a_certificate_bites_on_the_open_connection(server, certificate):
    leaving = server.issue("leaving")
    with wire.Connection(server.port, leaving) as connection:
        key = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        server.cli("cert", "remove", "leaving", "--adapter", "default", "--yes")
        with pytest.raises(CLOSED):
            connection.material(key)
    is_shut_out(server, leaving)
    with wire.Connection(server.port, certificate) as staying:
        assert staying.material(key), "the adapter's other certificate goes on, and so does the key"


def test_removing_a_certificate_closes_the_connection_that_waits(server, certificate):
    leaving = server.issue("waiting")
    with wire.Connection(server.port, leaving) as connection, wire.Connection(server.port, certificate) as staying:
        connection.call("Discover Versions")
        server.cli("cert", "remove", "waiting", "--adapter", "default", "--yes")
        with pytest.raises(CLOSED):
            connection.receive()
        assert staying.call("Discover Versions"), "the connections of other certificates stay open"


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-newkey", "rsa:4096"],
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ["-newkey", "rsa:2048", "-addext", "extendedKeyUsage=serverAuth"],
        ["-newkey", "rsa:2048", "-addext", "1.2.3.4=critical,ASN1:UTF8String:unknown"],
    ],
    ids=["as vCenter's", "RSA 4096", "P-384", "EKU of a server", "unknown critical extension"],
)
def test_a_self_signed_certificate_works_from_the_moment_it_is_added(server, certificate, tmp_path, request, options):
    name = f"own-{request.node.callspec.indices['options']}"
    crt, key = self_signed(tmp_path, name, *options)
    own = Certificate(str(crt), str(key), certificate.ca)
    is_shut_out(server, own)
    server.cli("cert", "add", str(crt), "--adapter", "default", "--name", name)
    assert works(server, own)


def test_the_same_name_with_another_key_is_another_client(server, certificate, tmp_path):
    (tmp_path / "twin").mkdir()
    crt, _ = self_signed(tmp_path, "double")
    server.cli("cert", "add", str(crt), "--adapter", "default", "--name", "double")
    twin = self_signed(tmp_path / "twin", "double")
    is_shut_out(server, Certificate(*map(str, twin), certificate.ca))


def test_a_signed_request_works(server, certificate, tmp_path):
    csr, key, crt = (str(tmp_path / f"vc.{kind}") for kind in ("csr", "key", "crt"))
    make = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vc", "-keyout", key, "-out", csr]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    server.cli("client", "sign", "--adapter", "default", "--name", "signed", "--csr", csr, "--out", crt)
    assert works(server, Certificate(crt, key, certificate.ca))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda each: each.name)
def test_a_trust_probe_sees_the_servers_certificate_and_no_more(server, certificate, newest):
    """vCenter's first contact comes without a certificate, to show the server's to the administrator."""
    context = ssl.create_default_context(cafile=certificate.ca)
    context.maximum_version = newest
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as probe:
            assert probe.getpeercert(binary_form=True)
            request = ttlv.encode(wire.message((1, 1), item("Create", *wire.aes_256())))
            with pytest.raises(CLOSED):
                probe.sendall(request)
                if not probe.recv(1):
                    raise EOFError
    assert works(server, certificate)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=lambda each: each.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(server, certificate, newest):
    context = ssl.create_default_context(cafile=certificate.ca)
    context.load_cert_chain(certificate.crt, certificate.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = newest
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as raw:
        with pytest.raises(CLOSED):
            context.wrap_socket(raw, server_hostname="localhost")


def test_no_session_is_resumed(server, certificate):
    """A resumed session would skip the certificate's check."""
    context = ssl.create_default_context(cafile=certificate.ca)
    context.load_cert_chain(certificate.crt, certificate.key)
    session = None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port), timeout=15) as raw:
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as connection:
                connection.sendall(ttlv.encode(wire.message((1, 1), item("Discover Versions"))))
                assert connection.recv(8)
                assert not connection.session_reused
                session = connection.session
