"""A wrong clock: pinned clients are served all the same, or the server says why it does not start; and what a date means for alarms.

The control of all of them is the time that the server itself states in each answer: it must be the wrong one.
"""

import re
import time

import pytest

import certificates
import clock
import load
import ttlv
import wire
from keystead import Certificate, Keystead

pytestmark = pytest.mark.figure

HOUR, DAY, YEAR = 3600, 86_400, 31_557_600
JUMPS = {"an hour back": -HOUR, "an hour on": HOUR, "20 years back": -20 * YEAR, "10 years on": 10 * YEAR, "right again": 0}
SETTLED = 0.5  # seconds of load after each jump
RATE = 1_000  # Gets a second that must not notice a reload


def stated(server, certificate):
    """How far the server's clock is off, by what it says in an answer, in seconds."""
    with wire.Connection(server.port, certificate) as connection:
        connection.send(ttlv.encode(wire.message((1, 1), wire.item("Discover Versions"))))
        return ttlv.decode(connection.receive())["Response Header"]["Time Stamp"] - time.time()


def assert_is_off_by(server, certificate, offset):
    assert abs(stated(server, certificate) - offset) < 60, "the control: the server's clock is the one that was set"


def test_jumps_while_it_runs(tmp_path):
    with clock.keystead(tmp_path, 0) as server:
        pinned = server.issue("pinned")
        key = load.create(server.port, pinned)
        with load.Load(server.port, pinned, key, live=2, pause=0.01) as running:
            for name, offset in JUMPS.items():
                clock.set_clock(tmp_path, offset)
                before = running.answered
                time.sleep(SETTLED)
                assert_is_off_by(server, pinned, offset)
                assert running.answered > before, name
        print(f"\n{running.answered} Gets over {len(JUMPS)} jumps, {len(running.failures)} failed")
        assert not running.failures


@pytest.mark.parametrize("offset", [10 * YEAR, HOUR, -HOUR, -DAY // 2, -5 * DAY, -20 * YEAR], ids=lambda offset: f"{offset / DAY:+.1f} days")
def test_starts_with_a_wrong_clock(tmp_path, offset):
    with clock.keystead(tmp_path, 0) as server:
        pinned = server.issue("pinned")
        key = load.create(server.port, pinned)
        server.stop()
        clock.set_clock(tmp_path, offset)
        server.start()
        assert_is_off_by(server, pinned, offset)
        with load.Load(server.port, pinned, key, live=2) as running:
            time.sleep(SETTLED)
        assert running.answered and not running.failures
        assert ("set the clock" in server.log.read_text()) == (abs(offset) > DAY), "what is doubtful is said"


@pytest.mark.parametrize("restarts", [0, 1, 2], ids=["while it runs", "at a start", "at two starts"])
def test_nothing_is_purged_before_its_time(tmp_path, restarts):
    """Ten years on, a deleted key is long past the 90 days after which it is purged by itself; it must still be there when the clock is right again."""
    with clock.keystead(tmp_path, 0, timers={"round": 1, "restore_after": 0}) as server:
        made = server.json("standardkey", "create", "kept")
        server.cli("standardkey", "delete", "kept", "--yes")
        time.sleep(1.5)
        clock.set_clock(tmp_path, 10 * YEAR)
        for _ in range(restarts):
            server.stop()
            server.start()
            time.sleep(2.5)
        time.sleep(2.5)
        clock.set_clock(tmp_path, 0)
        server.cli("standardkey", "restore", made["id"])


def test_an_expired_client_and_one_of_tomorrow_are_served(tmp_path):
    with clock.keystead(tmp_path, 0) as server:
        ca = server.issue("for-the-ca").ca
        for name, days in (("expired", (-30, -1)), ("tomorrow", (1, 30))):
            alone, _, key = certificates.certificate(name, days=days).write(tmp_path, name)
            server.cli("cert", "add", str(alone), "--name", name)
            assert load.create(server.port, Certificate(str(alone), str(key), ca)), name


def test_reloads_under_load(tmp_path):
    """20 reloads by SIGHUP, each of which reads configuration and certificates again, under a thousand Gets a second."""
    with Keystead(tmp_path) as server:
        pinned = server.issue("pinned")
        key = load.create(server.port, pinned)
        with load.Load(server.port, pinned, key, live=8, rate=RATE // 8, pause=0.02) as running:
            for _ in range(20):
                server.reload()
                time.sleep(0.15)
        print(f"\n{running.rate:.0f} Gets a second over 20 reloads, {len(running.failures)} failed")
        assert server.log.read_text().count("reloaded:") == 20, "the control: it did reload"
        assert not running.failures
        assert running.rate >= RATE * 0.6, "too little load to prove anything"


def test_activations_under_load(tmp_path):
    """20 times a new server certificate on the same key, under the same load. Clients trust the authority, which stays."""
    with Keystead(tmp_path) as server:
        pinned = server.issue("pinned")
        key, seen = load.create(server.port, pinned), set()
        with load.Load(server.port, pinned, key, live=8, rate=RATE // 8, pause=0.02) as running:
            for _ in range(20):
                server.cli("tls", "renew")
                server.cli("tls", "activate", "--yes")
                with wire.Connection(server.port, pinned) as connection:
                    seen.add(connection.socket.getpeercert(binary_form=True))
        print(f"\n{running.rate:.0f} Gets a second over 20 activations, {len(running.failures)} failed")
        assert len(seen) == 20, "the control: each activation brought another certificate"
        assert len({public_key(der) for der in seen}) == 1, "on the same key"
        assert not running.failures


def public_key(der):
    form = certificates.serialization
    key = certificates.x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)


ALARMS = {91: None, 89: 90, 31: 90, 29: 30, 15: 30, 13: 14, 8: 14, 6: 7, 2: 7, 0: 1, -1: 0}
SEVERE = 1  # from this threshold on it is an error


def test_alarms_at_each_threshold(tmp_path):
    """A client's certificate of 100 days, seen as its end draws near: what the command line, the log and the metrics say."""
    alone, _, key = certificates.certificate("ends", days=(-1, 100)).write(tmp_path, "ends")
    with clock.keystead(tmp_path / "home", 0) as server:
        pinned = Certificate(str(alone), str(key), server.issue("for-the-ca").ca)
        server.cli("cert", "add", str(alone), "--name", "ends")
        for left, threshold in ALARMS.items():
            # Half a day into it, so that a day's turn does not matter; without one left, half a day before the end and after it.
            clock.set_clock(tmp_path / "home", (100 - left) * DAY - DAY // 2)
            found = [alarm for alarm in server.json("alarm", "list") if alarm.get("name") == "ends"]
            stands = [(alarm["threshold_days"], alarm["severity"]) for alarm in found]
            wanted = [] if threshold is None else [(threshold, "error" if threshold <= SEVERE else "warning")]
            assert stands == wanted, f"{left} days left"
            assert load.create(server.port, pinned), "and it is served all along"


def test_alarms_are_logged_at_the_start(tmp_path):
    alone, _, _ = certificates.certificate("soon", days=(-1, 5)).write(tmp_path, "soon")
    with Keystead(tmp_path) as server:
        server.issue("lasts")
        server.cli("cert", "add", str(alone), "--name", "soon")
        server.stop()
        server.start()
        time.sleep(1)
        lines = [line for line in server.log.read_text().splitlines() if re.search("expires", line)]
        assert any("soon" in line for line in lines), "the one that ends in five days"
        assert not any("lasts" in line for line in lines), "the control: no alarm for one that lasts"
