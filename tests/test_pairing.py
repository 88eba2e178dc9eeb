"""Pairing with vCenter in each of the four ways: the command is run, what it wrote is used, and a client does what vCenter does."""

import json
import subprocess

import pytest

import wire
from keystead import Certificate, binary, environment

STEPS = 5


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=120)


class VCenter:
    """What vCenter has: a key, a certificate of its own or of its CA, signing requests, and the wire."""

    def __init__(self, folder, server, adapter):
        self.folder, self.server, self.adapter = folder, server, adapter
        self.key, self.request, self.own = folder / "vc.key", folder / "vc.csr", folder / "vc.pem"
        self.root_key, self.root = folder / "root.key", folder / "root.pem"
        new = ["-newkey", "rsa:2048", "-nodes"]
        openssl("req", "-x509", *new, "-subj", "/O=Example/CN=CA", "-keyout", self.root_key, "-out", self.root)
        openssl("req", "-new", *new, "-subj", "/O=Example/CN=vcenter1", "-keyout", self.key, "-out", self.request)
        openssl("x509", "-req", "-in", self.request, "-signkey", self.key, "-out", self.own)

    def signed_by_its_ca(self):
        signed, extensions = self.folder / "signed.pem", self.folder / "extensions"
        extensions.write_text("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\n")
        ca = ["-CA", self.root, "-CAkey", self.root_key, "-CAcreateserial", "-extfile", extensions]
        openssl("x509", "-req", "-in", self.request, *ca, "-out", signed)
        return signed

    def cli(self, *arguments):
        return self.server.cli(*map(str, arguments), "--adapter", self.adapter)

    def fails(self, code, *arguments, stdin=""):
        done = subprocess.run(
            [binary(), *map(str, arguments), "--adapter", self.adapter, "--data", self.server.data],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
        )
        assert done.returncode == code, f"{arguments}: {done}"
        return done.stdout + done.stderr

    def listed(self):
        return json.loads(self.cli("cert", "list", "--json"))

    def works(self, crt, key):
        """What vCenter does once trust is there: it asks for the versions and has a key made."""
        with wire.Connection(self.server.port, Certificate(str(crt), str(key), self.server.ca)) as connection:
            connection.call("Discover Versions")
            return connection.call("Create", *wire.aes_256())["Unique Identifier"]

    def watched(self, crt, key, *options):
        """The same under the eyes of `trust watch`, which sees all of it."""
        watching = subprocess.Popen(
            [binary(), "trust", "watch", "--adapter", self.adapter, "--timeout", "30", *options, "--data", self.server.data],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert "Watching" in watching.stdout.readline()
        assert self.works(crt, key)
        said, _ = watching.communicate(timeout=60)
        assert (watching.returncode, said.count("[x]")) == (0, STEPS), said
        return said


@pytest.fixture
def vcenter(server, tmp_path, request):
    adapter = f"pair-{abs(hash(request.node.name)) % 10**9}"
    server.cli("adapter", "create", adapter)
    return VCenter(tmp_path, server, adapter)


def test_vcenter_certificate(vcenter):
    assert "vCenter Certificate" in vcenter.cli("trust", "certificate")
    assert vcenter.listed() == []
    said = vcenter.cli("trust", "certificate", vcenter.own)
    assert str(vcenter.server.port) in said and "Make vCenter Trust KMS" in said
    vcenter.watched(vcenter.own, vcenter.key)


def test_vcenter_root_ca_certificate(vcenter):
    assert "vCenter Root CA Certificate" in vcenter.cli("trust", "root-ca")
    assert vcenter.listed() == []
    vcenter.cli("trust", "root-ca", vcenter.root, "--subject", "CN=vcenter*,O=Example")
    vcenter.watched(vcenter.signed_by_its_ca(), vcenter.key)


def test_kms_certificate_and_private_key(vcenter):
    out = vcenter.folder / "out"
    said = vcenter.cli("trust", "issue", "--name", "vc", "--out", out)
    assert "KMS certificate and private key" in said
    vcenter.watched(out / "vc.crt", out / "vc.key")


def test_new_certificate_signing_request(vcenter):
    assert "New Certificate Signing Request" in vcenter.cli("trust", "csr")
    assert vcenter.listed() == []
    said = vcenter.cli("trust", "csr", vcenter.request, "--out", vcenter.folder / "signed.crt")
    assert "Upload Signed CSR Certificate" in said
    vcenter.watched(vcenter.folder / "signed.crt", vcenter.key)


def test_who_came_is_let_in_from_the_door_book(vcenter):
    with pytest.raises((EOFError, OSError)):
        vcenter.works(vcenter.own, vcenter.key)
    der = subprocess.run(["openssl", "x509", "-in", vcenter.own, "-fingerprint", "-sha256", "-noout"], capture_output=True)
    fingerprint = der.stdout.decode().strip().split("=")[1]
    assert fingerprint.replace(":", "").lower() in vcenter.server.cli("door", "list")
    missing = vcenter.fails(1, "trust", "watch", "--timeout", "1")
    assert "door allow" in missing and "[ ] a client's certificate" in missing
    vcenter.cli("door", "allow", fingerprint[:11], "--name", "vc")
    vcenter.watched(vcenter.own, vcenter.key)
    assert fingerprint.replace(":", "").lower() not in vcenter.server.cli("door", "list")
    assert [entry["name"] for entry in vcenter.listed()] == ["vc"]
    late = vcenter.fails(1, "trust", "watch", "--since", "now", "--timeout", "1")
    assert "[x] a client's certificate" not in late


def test_a_denied_certificate_is_shut_out_whoever_vouches(vcenter):
    vcenter.cli("cert", "add-ca", vcenter.root, "--any-subject")
    signed = vcenter.signed_by_its_ca()
    assert vcenter.works(signed, vcenter.key)
    vcenter.cli("cert", "deny", signed)
    with pytest.raises((EOFError, OSError)):
        vcenter.works(signed, vcenter.key)


def test_an_own_port_is_opened_and_the_shared_one_closed(vcenter, free_port):
    vcenter.cli("trust", "certificate", vcenter.own)
    vcenter.server.cli("adapter", "door", vcenter.adapter, "--port", str(free_port), "--shared", "no")
    assert str(free_port) in vcenter.cli("trust", "certificate")
    with pytest.raises((EOFError, OSError)):
        vcenter.works(vcenter.own, vcenter.key)
    shared, vcenter.server.port = vcenter.server.port, free_port
    try:
        vcenter.watched(vcenter.own, vcenter.key, "--since", "now")
    finally:
        vcenter.server.port = shared


@pytest.fixture
def free_port():
    from keystead import free_ports

    return free_ports(1)[0]


def test_bad_input_changes_nothing(vcenter):
    nothing, garbage = vcenter.folder / "nothing", vcenter.folder / "garbage"
    garbage.write_text("hello")
    both = vcenter.folder / "both.pem"
    both.write_text(vcenter.own.read_text() + garbage.read_text() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
    cases = [
        (1, "cannot read", ["trust", "certificate", nothing]),
        (1, "neither a certificate", ["trust", "certificate", garbage]),
        (1, "private key", ["trust", "certificate", vcenter.key]),
        (1, "number 2", ["trust", "certificate", both]),
        (1, "number 2", ["cert", "add", vcenter.own, garbage]),
        (1, "neither a certificate", ["cert", "deny", garbage]),
        (1, "cannot read", ["cert", "deny", nothing]),
        (1, "no certificate in the door book", ["cert", "deny", "00112233"]),
        (2, "which of its certificates", ["trust", "root-ca", vcenter.root]),
        (1, "ATTRIBUTE=VALUE", ["trust", "root-ca", vcenter.root, "--subject", "vcenter"]),
        (1, "private key", ["trust", "root-ca", vcenter.root_key, "--any-subject"]),
        (1, "cannot read", ["trust", "csr", nothing]),
        (1, "CERTIFICATE", ["trust", "csr", vcenter.own, "--out", vcenter.folder / "x.crt"]),
        (1, "exists already", ["trust", "csr", vcenter.request, "--out", vcenter.own]),
        (2, "is not a name", ["trust", "issue", "--name", "../vc", "--out", vcenter.folder]),
        (1, "no certificate in the door book", ["door", "allow", "00112233"]),
        (1, "is no fingerprint", ["door", "allow", "0011"]),
    ]
    for code, part, arguments in cases:
        assert part in vcenter.fails(code, *arguments), arguments
        assert vcenter.listed() == [], arguments
    with pytest.raises(RuntimeError, match="no adapter `none`"):
        vcenter.server.cli("trust", "certificate", str(vcenter.own), "--adapter", "none")


def test_bad_doors_are_refused_and_passwords_are_not_echoed(vcenter, server):
    before = server.json("adapter", "door", vcenter.adapter)
    short = vcenter.folder / "short"
    short.write_text("s3cret\n")
    for arguments, part in [
        (["--shared", "no"], "nobody could reach"),
        (["--port", str(server.port)], "which all adapters share"),
        (["--port", str(server.admin)], "for its administration"),
        (["--name", "127.0.0.1"], "no host name"),
        (["--user", "u", "--password-file", str(short)], "8 to 128 bytes"),
    ]:
        with pytest.raises(RuntimeError, match=part) as failure:
            server.cli("adapter", "door", vcenter.adapter, *arguments)
        assert "s3cret" not in str(failure.value)
    assert server.json("adapter", "door", vcenter.adapter) == before
    good = vcenter.folder / "good"
    good.write_text("correct horse\n")
    said = server.cli("adapter", "door", vcenter.adapter, "--user", "vcenter", "--password-file", str(good))
    assert "user name vcenter" in said and "correct horse" not in said
    assert "vcenter" in vcenter.cli("trust", "certificate")
