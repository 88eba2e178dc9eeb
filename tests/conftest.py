"""Fixtures: one server for all tests that may share one, a fresh server for those that stop it."""

import pytest

import rest
import wire
from keystead import Keystead, binary

VERSIONS = [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]

# A second in the place of IBM's waits of half a minute to four hours.
HASTY = dict.fromkeys(["enable_after", "restore_after", "purge_after", "rotate_every", "sync_every"], 1)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the figures of trust and transport in full, for minutes instead of seconds")
    parser.addoption("--kills", type=int, help="so many kills in test_crash.py, whatever --long says")


@pytest.fixture
def long(request):
    """Whether a figure is to be taken in full."""
    return request.config.getoption("--long")


@pytest.fixture
def kills(request):
    """How many kills are wanted, if somebody said so."""
    return request.config.getoption("--kills")


def pytest_configure():
    binary()  # no server, no run: better said once than by every test


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Keystead(tmp_path_factory.mktemp("keystead")) as running:
        yield running


@pytest.fixture(scope="session")
def certificate(server):
    return server.issue("suite")


@pytest.fixture
def fresh(tmp_path):
    """A server of this test's own, which it may kill and start again."""
    with Keystead(tmp_path) as running:
        yield running


@pytest.fixture(params=VERSIONS, ids=lambda version: "{}.{}".format(*version))
def version(request):
    """Every protocol version that the server speaks, one after the other."""
    return request.param


@pytest.fixture
def connection(server, certificate, version):
    """A raw connection at each version."""
    with wire.Connection(server.port, certificate, version) as opened:
        yield opened


@pytest.fixture(scope="session")
def hasty(tmp_path_factory):
    """A server that makes nobody wait longer than a second."""
    with Keystead(tmp_path_factory.mktemp("hasty"), HASTY) as running:
        yield running


@pytest.fixture(scope="session")
def house(server):
    return rest.House(server)


@pytest.fixture(scope="session")
def hasty_house(hasty):
    return rest.House(hasty)


@pytest.fixture
def api(house):
    """The administrator, in an instance of this test's own."""
    return house.manager()


@pytest.fixture
def hasty_api(hasty_house):
    """The same where nobody waits."""
    return hasty_house.manager()
