"""Two TLS scanners against both ports: what they find must be on a list, each with its reason; and a bad server must be found out."""

import contextlib
import json
import re
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from keystead import Keystead

pytestmark = pytest.mark.scanner

SSLYZE = Path(__file__).parent.parent / "target" / "venv-scanners" / "bin" / "sslyze"
TESTSSL = "testssl"

# What a scanner may find, by its own exact name, and why that is as it should be.
JUSTIFIED = {
    "certificate_path_validation": "the server's authority is its own; vCenter trusts the very certificate",
    "maximum_certificate_lifespan": "ten years: a certificate that ends locks hosts out, and no browser is a client",
    "engine_problem": "of the scanner's own OpenSSL, which has no GOST engine",
    "service": "KMIP is no HTTP, so that the scanner leaves out its checks of HTTP",
}
FINE = {"OK", "INFO"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Keystead(tmp_path_factory.mktemp("scanned")) as running:
        yield running


@pytest.fixture(params=["kmip", "admin"])
def door(server, request):
    """Each port: its number, and what a scanner that shakes hands to the end has to show there."""
    if request.param == "admin":
        return server.admin, []
    shown = server.issue("scanner-" + request.node.name.split("_")[1])
    return server.port, ["--cert", shown.crt, "--key", shown.key]


def sslyze(port, *options):
    """What keeps a server from Mozilla's "intermediate" configuration, by sslyze's names."""
    command = [SSLYZE, "--mozilla_config=intermediate", *options, f"localhost:{port}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "COMPLIANCE AGAINST" in said, said
    verdict = said.rpartition("COMPLIANCE AGAINST")[2]
    assert re.search(r"FAILED - Not compliant|OK - Compliant", verdict), f"the scan did not end well:\n{said}"
    return dict(re.findall(r"^ +\* (\w+): (.*)$", verdict, re.MULTILINE))


def testssl(port, folder):
    """What testssl.sh finds in protocols (-p) and vulnerabilities (-U) that it doesn't call fine, by its names."""
    report = folder / "testssl.json"
    quiet = ["--warnings", "off", "--color", "0", "--quiet"]
    command = [TESTSSL, "-p", "-U", *quiet, "--jsonfile", report, f"localhost:{port}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    rows = json.loads(report.read_text())
    assert {"TLS1_2", "heartbleed", "ROBOT", "RC4"} <= {row["id"] for row in rows}, f"the scan did not end well:\n{done.stdout}"
    return {row["id"]: row["finding"] for row in rows if row["severity"] not in FINE}


testssl.__test__ = False


def unjustified(found):
    return {name: what for name, what in found.items() if name not in JUSTIFIED}


def test_sslyze_finds_nothing(door):
    port, shown = door
    found = sslyze(port, *shown)
    print(f"\n{found}")
    assert not unjustified(found)


def test_testssl_finds_nothing(door, tmp_path):
    found = testssl(door[0], tmp_path)
    print(f"\n{found}")
    assert not unjustified(found)


@contextlib.contextmanager
def bad_server(folder):
    """One that speaks TLS 1.0 with CBC, and whatever else OpenSSL still can: a thread for each connection, for scanners open many."""
    crt, key = folder / "bad.crt", folder / "bad.key"
    make = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=localhost", "-keyout", key, "-out", crt]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=receive, args=(context, listener), daemon=True).start()
        yield listener.getsockname()[1]


def receive(context, listener):
    with contextlib.suppress(OSError):  # the listener is closed
        while True:
            threading.Thread(target=greet, args=(context, listener.accept()[0]), daemon=True).start()


def greet(context, accepted):
    accepted.settimeout(3)
    with contextlib.suppress(OSError), accepted, context.wrap_socket(accepted, server_side=True) as connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_control_a_bad_server_is_found_out(tmp_path):
    with bad_server(tmp_path) as port:
        assert {"tls_versions", "ciphers"} <= set(unjustified(sslyze(port)))
        assert {"TLS1", "TLS1_1", "BEAST", "LUCKY13"} <= set(unjustified(testssl(port, tmp_path)))
