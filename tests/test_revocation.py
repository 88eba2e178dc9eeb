"""A certificate is removed while it serves, on an open connection a hundred times a second and on new ones: how long it goes on.

100 removals; `--long`: 1,000. The control is a removal that is not sent, which must be flagged.
"""

import time

import pytest

import certificates
import load
from keystead import Certificate, Keystead
from rest import House, collection, fresh, one

pytestmark = [pytest.mark.figure, pytest.mark.alone]

AT_WORST = 1.0  # seconds from the removal's answer to the last answer that the client gets
SERVED_FOR = 0.08
WATCHED_FOR = 0.15
BUSY = 3  # answers at least before the removal, or there was nothing to remove


class Desk:
    """An adapter of a server of its own, and who manages its list."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.api = House(server).manager()
        adapter = self.api.adapter(self.api.create()["id"])["id"]
        self.list = f"/kmip_adapters/{adapter}/certificates"
        self.ca = server.issue("for-the-ca").ca
        self.key = load.create(server.port, self.client("owner")[0])

    def client(self, name=None):
        """A new client on the list; its certificate, and its name there."""
        name = name or fresh("leaving")
        alone, _, key = certificates.certificate(name).write(self.folder, name)
        resource = {"name": name, "certificate": alone.read_text()}
        one(self.api.ask("POST", self.list, collection("kmip_client_certificate", resource)), "kmip_client_certificate", 201)
        return Certificate(str(alone), str(key), self.ca), name

    def remove(self, name):
        assert self.api.ask("DELETE", f"{self.list}/{name}").status_code == 204


def trial(desk, send=True):
    """Seconds from the removal's answer to the last success (0: none after it); AssertionError where the client is still served."""
    certificate, name = desk.client()
    with load.Load(desk.server.port, certificate, desk.key) as running:
        time.sleep(SERVED_FOR)
        while running.answered < BUSY:
            assert not running.failures, running.failures
            time.sleep(0.005)
        assert not running.failures, running.failures
        if send:
            desk.remove(name)
        removed = time.monotonic()
        while time.monotonic() - max(removed, running.last) < WATCHED_FOR:
            assert time.monotonic() - removed < AT_WORST + WATCHED_FOR, f"still served {AT_WORST} s after its removal"
            time.sleep(0.005)
    assert running.failures, "a removed client must have noticed"
    return max(0.0, running.last - removed), certificate


def test_a_removal_bites_at_once(tmp_path, long):
    trials = 1_000 if long else 100
    with Keystead(tmp_path) as server:
        desk = Desk(server, tmp_path)
        results = [trial(desk) for _ in range(trials)]
        worst = max(delay for delay, _ in results)
        late = sum(delay > 0 for delay, _ in results)
        print(f"\n{trials} removals; {late} with an answer after the removal's, the last {worst * 1000:.1f} ms after it")
        assert worst <= AT_WORST
        for _, certificate in results[:: max(1, trials // 100)]:
            with load.Load(server.port, certificate, desk.key) as again:
                time.sleep(0.02)
            assert not again.answered, "never again"


def test_the_control_a_removal_that_is_not_sent_is_flagged(tmp_path):
    with Keystead(tmp_path) as server:
        with pytest.raises(AssertionError, match="still served"):
            trial(Desk(server, tmp_path), send=False)
