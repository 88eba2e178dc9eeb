"""Who is a client: certificates of every sort against the lists, with TLS 1.2 and 1.3, on new connections and on open ones.

The oracle is two tables, SORTS in `certificates.py` (a sort that is listed) and STRANGERS here (one that resembles a listed one and is on
no list). Each sort goes through its whole life: on no list, listed, removed.
"""

import contextlib
import socket
import ssl
import subprocess
import time

import pytest

import certificates
import ttlv
import wire
from certificates import NEVER, SORTS, Made, authority, certificate
from keystead import Keystead

pytestmark = pytest.mark.figure

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
ENDED_WITHIN = 1.0  # seconds from the answer to a removal until the client's open connection is closed
REQUEST = ttlv.encode(wire.message((1, 1), wire.item("Discover Versions")))
KINDS_OF_END = (OSError, EOFError)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A server with a listed certificate, by whose side all others are judged."""
    folder = tmp_path_factory.mktemp("house")
    with Keystead(folder) as server:
        listed = server.issue("listed")
        yield House(server, folder, listed)


class House:
    def __init__(self, server, folder, listed):
        self.server, self.folder, self.listed, self.count = server, folder, listed, 0

    def write(self, made):
        self.count += 1
        return made.write(self.folder, f"made-{self.count}")

    def add(self, alone, name):
        self.server.cli("cert", "add", str(alone), "--adapter", "default", "--name", name)

    def remove(self, name):
        self.server.cli("cert", "remove", name, "--adapter", "default", "--yes")

    def context(self, files, version):
        """A client's side of TLS. That it can't use the certificate is an error: it would be taken for the server's refusal."""
        context = ssl.create_default_context(cafile=self.listed.ca)
        context.minimum_version = context.maximum_version = VERSIONS[version]
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # weak certificates are for the server to refuse
        if files:
            context.load_cert_chain(files[1], files[2])
        return context

    def connect(self, files, version):
        """A connection after its handshake, as far as the client can tell."""
        return self.shake(self.context(files, version))

    def shake(self, context):
        raw = socket.create_connection(("127.0.0.1", self.server.port), timeout=5)
        try:
            return context.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise

    def is_served(self, files, version):
        """Whether a new connection gets an answer; one that is neither answered nor ended is an error."""
        context = self.context(files, version)
        try:
            with self.shake(context) as connection:
                return asks(connection)
        except TimeoutError:
            raise
        except KINDS_OF_END:
            return False


def asks(connection):
    """Whether a request on this connection gets an answer: bytes of one, not the end."""
    try:
        connection.sendall(REQUEST)
        return connection.recv(4096)[:3] == b"\x42\0\x7b"
    except TimeoutError:
        raise
    except KINDS_OF_END:
        return False


def served(house, files):
    return {version: house.is_served(files, version) for version in VERSIONS}


ALL, NONE = dict.fromkeys(VERSIONS, True), dict.fromkeys(VERSIONS, False)


@pytest.mark.parametrize("sort", SORTS)
def test_a_sort_of_certificate_through_its_life(house, sort):
    expected, make = SORTS[sort]
    files, name = house.write(make()), f"sort-{list(SORTS).index(sort)}"
    assert served(house, files) == NONE, "on no list"
    if expected is NEVER:
        with pytest.raises(RuntimeError, match="at least 2048 are needed|algorithm|P-256"):
            house.add(files[0], name)
        assert served(house, files) == NONE, "its key is one that is not taken"
        return
    house.add(files[0], name)
    assert served(house, files) == ALL, "listed"
    with contextlib.ExitStack() as stack:
        live = [stack.enter_context(house.connect(files, version)) for version in VERSIONS]
        assert all(map(asks, live)), "live"
        house.remove(name)
        begin = time.monotonic()
        assert [connection.recv(1) for connection in live] == [b"", b""], "closed without a word"
        assert time.monotonic() - begin <= ENDED_WITHIN
        assert not any(map(asks, live)), "and not served any more"
    assert served(house, files) == NONE, "removed"
    assert house.is_served((None, house.listed.crt, house.listed.key), "1.3"), "the other client is served all along"


def same_name_other_key(listed):
    return certificate(subject=listed.certificate.subject)


def same_key_other_authority(listed):
    return certificate(key=listed.key, issuer=authority(), subject=listed.certificate.subject)


def same_everything_signed_again(listed):
    return certificate(subject=listed.certificate.subject, key=listed.key, serial=listed.certificate.serial_number)


def below_the_listed(listed):
    return certificate("below", issuer=listed)


def listed_behind(listed):
    stranger = certificate("in front")
    return Made(stranger.der, stranger.key, (listed.der,))


def authority_of_the_listed(listed):
    return certificate(subject=listed.certificate.issuer)


def spoilt(listed):
    return certificates.signature_spoilt(listed)


# Strangers to a listed certificate: each resembles it, and is on no list.
STRANGERS = {
    "no certificate": lambda listed: None,
    "same name, other key": same_name_other_key,
    "same key, other authority": same_key_other_authority,
    "same name, key and serial number, signed again": same_everything_signed_again,
    "signed by the listed one": below_the_listed,
    "signed by one signed by the listed one": lambda listed: certificate(issuer=certificate("middle", issuer=listed)),
    "the listed one behind a stranger": listed_behind,
    "its issuer's name": authority_of_the_listed,
    "the listed one with a bit of its signature changed": spoilt,
    "same serial number": lambda listed: certificate(serial=listed.certificate.serial_number),
    "renewed on the same key": lambda listed: certificate(subject=listed.certificate.subject, key=listed.key, days=(0, 60)),
    "same key, version 1": lambda listed: certificates.edited(
        certificate("client", key=listed.key), lambda tbs: tbs.removeprefix(bytes.fromhex("a003020102"))
    ),
}


@pytest.fixture(scope="module")
def pinned(house):
    """A CA certificate on the list as a client: what it signs is no client for that."""
    made = certificate("pinned", extensions=[certificates.CA, (certificates.usage("digital_signature", "key_cert_sign"), True)])
    house.add(house.write(made)[0], "pinned")
    return made


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_that_resembles_a_client(house, pinned, stranger):
    made = STRANGERS[stranger](pinned)
    assert served(house, made and house.write(made)) == NONE
    assert served(house, house.write(pinned)) == ALL, "the client itself is"


def test_one_that_our_own_authority_issued_and_that_was_removed(house):
    issued = house.server.issue("issued")
    files = (None, issued.crt, issued.key)
    assert served(house, files) == ALL
    house.remove("issued")
    assert served(house, files) == NONE


def test_one_that_comes_back(house):
    files = house.write(certificate("back"))
    for _ in range(3):
        house.add(files[0], "back")
        assert served(house, files) == ALL
        house.remove("back")
        assert served(house, files) == NONE


def test_another_adapters_client_sees_its_own_adapter_alone(house):
    house.server.cli("adapter", "create", "tenant")
    other = house.server.issue("other", adapter="tenant")
    with wire.Connection(house.server.port, house.listed) as mine, wire.Connection(house.server.port, other) as theirs:
        key = mine.call("Create", *wire.aes_256())["Unique Identifier"]
        with pytest.raises(wire.Refused) as refusal:
            theirs.material(key)
        assert refusal.value.reason == wire.ITEM_NOT_FOUND


def test_openssl_agrees(house):
    """Another client than Python's, on a case of each kind."""
    for files, expected in ((house.write(certificate()), False), ((None, house.listed.crt, house.listed.key), True)):
        for option in ("-tls1_2", "-tls1_3"):
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{house.server.port}", option, "-quiet", "-cert", files[1], "-key", files[2]]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
                try:
                    with contextlib.suppress(BrokenPipeError):
                        child.stdin.write(REQUEST)
                        child.stdin.flush()
                    assert (child.stdout.read(3) == b"\x42\0\x7b") == expected, option
                finally:
                    child.kill()


def test_the_oracle_has_enough_rows():
    assert len(SORTS) + len(STRANGERS) + 4 >= 60


@pytest.mark.parametrize("lie", ["served for one on no list", "refused for one that is listed"])
def test_the_control_a_wrong_oracle_is_noticed(house, lie):
    """Judged by the opposite of what is true, both sides of the oracle fail."""
    files = house.write(certificate()) if lie.startswith("served") else (None, house.listed.crt, house.listed.key)
    with pytest.raises(AssertionError):
        assert served(house, files) == (ALL if lie.startswith("served") else NONE)


PATTERN = "CN=vcenter*,O=Example"


@pytest.fixture(scope="module")
def vouching(house):
    """An authority on the list, for clients of a certain name."""
    root = authority("the clients' authority")
    house.server.cli("cert", "add-ca", str(house.write(root)[0]), "--adapter", "default", "--name", "vouching", "--subject", PATTERN)
    return root


@pytest.mark.parametrize("case", certificates.VOUCHED)
def test_whom_an_authority_vouches_for(house, vouching, case):
    expected, make = certificates.VOUCHED[case]
    assert served(house, house.write(make(vouching))) == dict.fromkeys(VERSIONS, expected)


def test_a_denied_certificate_is_shut_out_and_its_open_connections_end(house, vouching):
    files = house.write(certificates.vouched(vouching))
    assert served(house, files) == ALL
    with house.connect(files, "1.3") as live:
        assert asks(live)
        house.server.cli("cert", "deny", str(files[0]), "--adapter", "default", "--name", "denied")
        assert not asks(live)
    assert served(house, files) == NONE
    house.remove("denied")
    assert served(house, files) == ALL, "the authority vouches for it again"


def test_without_the_authority_nobody_is_vouched_for(house):
    root = authority("an authority that goes")
    files = house.write(certificates.vouched(root))
    house.server.cli("cert", "add-ca", str(house.write(root)[0]), "--adapter", "default", "--name", "goes", "--any-subject")
    assert served(house, files) == ALL
    with house.connect(files, "1.2") as live:
        assert asks(live)
        house.remove("goes")
        assert not asks(live)
    assert served(house, files) == NONE
