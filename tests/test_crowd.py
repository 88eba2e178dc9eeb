"""A crowd at the ports: what one address may take of the administration port, and that those who say nothing don't use up the files
that the server may have open."""

import contextlib
import resource
import socket
import ssl
import urllib.request

import pytest

import wire
from keystead import Keystead

MOST = 384
FILES = 1024
CROWD = 1500


def silent(port, source):
    """A connection from an address of this machine that says nothing."""
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))


def is_closed(connection):
    connection.settimeout(5)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_one_address_takes_its_own_share_alone(fresh):
    with contextlib.ExitStack() as stack:
        held, *_ = [stack.enter_context(silent(fresh.admin, "127.0.0.2")) for _ in range(MOST)]
        for _ in range(3):
            assert is_closed(stack.enter_context(silent(fresh.admin, "127.0.0.2")))
        trust = ssl.create_default_context(cafile=fresh.ca)
        assert urllib.request.urlopen(f"{fresh.url}/api/v1/health", context=trust, timeout=10).status == 200
        held.settimeout(0.2)
        with pytest.raises(TimeoutError):
            held.recv(1)


def test_a_client_finds_a_file_where_a_crowd_would_use_up_all(tmp_path):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with Keystead(tmp_path, prefix=["prlimit", f"--nofile={FILES}", "--"]) as server, contextlib.ExitStack() as stack:
        certificate = server.issue("vc")
        for number in range(CROWD):
            stack.enter_context(silent(server.port, f"127.0.1.{number % 250 + 1}"))
        # Those who say nothing are sent away after 10 seconds: to be served then is not to be served among them.
        with wire.Connection(server.port, certificate, (1, 4), patience=5) as connection:
            connection.call("Discover Versions")
