"""Root keys rotate while their adapters work: nobody waits, nothing is lost, and what a kill cuts off goes on after the restart.

The figure (requests during a rotation of 1,000 adapters at most twice as slow) is `bench rotation`'s; here no time is asserted but one: a
root key that is disabled stops its adapters within a second.
"""

import json
import threading
import time

import pytest

import wire
from keystead import Keystead
from rest import Api, House, b64, collection, fresh, resources
from wire import PERMISSION_DENIED, Refused

ADAPTERS = 50
AT_ONCE = dict.fromkeys(["enable_after", "restore_after", "purge_after", "rotate_every", "sync_every"], 0)
ROTATION, VERSION = "rotation", "root_key_version"


@pytest.fixture
def hasty_own(tmp_path):
    """A server of this test's own, where nobody waits."""
    with Keystead(tmp_path, AT_ONCE) as running:
        yield running


class Site:
    """A root key with adapters under it, each with a client and a key that it made."""

    def __init__(self, server, folder, adapters):
        self.server, self.api = server, House(server).manager()
        self.root = self.api.create()["id"]
        self.clients = []
        for number in range(adapters):
            adapter = self.api.adapter(self.root)["id"]
            client = self.api.client(adapter, folder)
            with wire.Connection(server.port, client) as connection:
                key = connection.call("Create", *wire.aes_256())["Unique Identifier"]
                self.clients.append((client, key, connection.material(key)))

    def rotate(self, api=None):
        response = (api or self.api).act(self.root, "rotate")
        assert response.status_code == 204, response.text

    def rotation(self):
        return own(self.api.ask("GET", f"/api/v1/keys/{self.root}/rotation"), ROTATION)

    def rotations(self):
        return self.api.ask("GET", "/api/v1/rotations").json()["resources"]

    def finished(self):
        deadline = time.monotonic() + 60
        while (rotation := self.rotation())["state"] != "finished":
            assert time.monotonic() < deadline, rotation
            time.sleep(0.05)
        return rotation

    def versions(self):
        answer = self.api.ask("GET", f"/api/v1/keys/{self.root}/versions")
        assert answer.status_code == 200, answer.text
        return answer.json()["resources"]

    def under(self):
        """The versions that adapters' keys are under, as IBM's registrations have it."""
        found = resources(self.api.ask("GET", f"/keys/{self.root}/registrations"), "registration")
        return [each["keyVersion"]["id"] for each in found]

    def check(self):
        """Every key still opens, byte for byte."""
        for client, key, material in self.clients:
            with wire.Connection(self.server.port, client) as connection:
                assert connection.material(key) == material

    def retire(self, version, how="retire"):
        return self.api.ask("POST", f"/api/v1/keys/{self.root}/versions/{version}/{how}")


def own(response, kind, status=200):
    """The one resource of an answer of this server's own."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["metadata"]["collectionType"] == f"application/vnd.keystead.{kind}+json"
    (only,) = body["resources"]
    return only


def refused(response, status, code):
    assert (response.status_code, response.json()["resources"][0]["reasons"][0]["code"]) == (status, code), response.text
    return response.json()["resources"][0]["reasons"][0]["message"]


def test_a_rotation_goes_on_after_a_kill(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, ADAPTERS)
    for pause in [0.0, 0.002, 0.01, 0.03]:
        site.rotate()
        time.sleep(pause)
        hasty_own.kill()
        hasty_own.start()
        rotation = site.finished()
        assert (rotation["total"], rotation["done"], rotation["failed"]) == (ADAPTERS, ADAPTERS, 0)
        newest = site.versions()[0]
        assert (newest["state"], newest["used_by"], newest["id"]) == ("newest", ADAPTERS, rotation["to"])
        assert set(site.under()) == {rotation["to"]}
        site.check()


def test_rotations_that_overtake_each_other_end_at_the_newest(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 20)
    for _ in range(6):
        site.rotate()
    rotation = site.finished()
    assert set(site.under()) == {rotation["to"]} == {site.versions()[0]["id"]}
    deadline = time.monotonic() + 30
    listed = site.rotations()
    while any(each["state"] != "finished" for each in listed):
        assert time.monotonic() < deadline, listed
        time.sleep(0.05)
        listed = site.rotations()
    assert len(listed) == 6 and listed[0]["to"] == rotation["to"]
    site.check()


def test_clients_on_open_connections_notice_nothing(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 8)
    over, failures, answered = threading.Event(), [], [0] * 8

    def stay(number):
        client, key, material = site.clients[number]
        try:
            with wire.Connection(hasty_own.port, client) as connection:
                while not over.is_set():
                    assert connection.material(key) == material
                    answered[number] += 1
                    time.sleep(0.01)
        except Exception as error:  # whatever it is, somebody noticed
            failures.append(repr(error))

    threads = [threading.Thread(target=stay, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for _ in range(5):
        site.rotate()
        site.finished()
    # With the older versions gone, whoever still held on to one would fail.
    for version in site.versions()[1:]:
        assert own(site.retire(version["number"]), VERSION)["state"] == "retired"
    time.sleep(0.2)
    over.set()
    for each in threads:
        each.join()
    assert not failures, failures
    assert min(answered) > 5


def test_progress_is_told_as_events(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 40)
    other = House(hasty_own).manager()
    told, silent = [], []

    def listen(api, into):
        with api.session.get(f"{hasty_own.url}/api/v1/rotations/events?seconds=5", stream=True, timeout=30) as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            for line in stream.iter_lines():
                if line.startswith(b"data:"):
                    into.append(json.loads(line[5:]))

    listeners = [threading.Thread(target=listen, args=each) for each in [(site.api, told), (other, silent)]]
    asking = Api(hasty_own, hasty_own.api_key, site.api.instance)
    for each in listeners:
        each.start()
    time.sleep(0.5)
    site.rotate(asking)
    for each in listeners:
        each.join()
    assert told and told[-1]["state"] == "finished" and told[-1]["done"] == 40
    assert [each["done"] for each in told] == sorted(each["done"] for each in told)
    assert not silent, "another instance's"
    assert site.api.ask("GET", "/api/v1/rotations/events?seconds=0").status_code == 400


def test_a_server_stops_with_listeners(hasty_own):
    api = House(hasty_own).manager()
    stream = api.session.get(f"{hasty_own.url}/api/v1/rotations/events", stream=True, timeout=30)
    begun = time.monotonic()
    assert hasty_own.stop() == 0
    assert time.monotonic() - begun < 9, "the listener was waited for"
    stream.close()


def test_versions_are_retired_and_taken_back(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 2)
    plaintext = b64(b"wrapped over the API")
    wrapped = site.api.act(site.root, "wrap", {"plaintext": plaintext}).json()["ciphertext"]
    assert "newest" in refused(site.retire(1), 409, "KEY_VERSION_ERR")
    site.rotate()
    site.finished()
    site.rotate()
    site.finished()
    assert [(each["number"], each["state"], each["used_by"]) for each in site.versions()] == [
        *((3, "newest", 2), (2, "older", 0), (1, "older", 0))
    ]
    unwrap = lambda: site.api.act(site.root, "unwrap", {"ciphertext": wrapped})
    assert unwrap().json()["plaintext"] == plaintext
    for again in range(2):
        retired = own(site.retire(1), VERSION)
        assert retired["state"] == "retired" and retired["retrievable_until"] > retired["retired"]
    assert "retired" in refused(unwrap(), 409, "KEY_VERSION_ERR")
    hasty_own.kill()
    hasty_own.start()
    refused(unwrap(), 409, "KEY_VERSION_ERR")
    site.check()
    assert own(site.retire(1, "unretire"), VERSION)["state"] == "older"
    assert unwrap().json()["plaintext"] == plaintext
    assert "not retired" in refused(site.retire(1, "unretire"), 409, "KEY_VERSION_ERR")
    assert site.retire(4).status_code == 404 and site.retire("no-version").status_code == 404


def test_a_retired_version_is_erased_when_its_time_is_over(tmp_path):
    with Keystead(tmp_path, AT_ONCE | {"restorable": 1, "round": 1}) as server:
        site = Site(server, tmp_path, 2)
        site.rotate()
        site.finished()
        own(site.retire(1), VERSION)
        deadline = time.monotonic() + 30
        while site.versions()[1]["state"] != "erased":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "erased" in refused(site.retire(1, "unretire"), 409, "KEY_VERSION_ERR")
        site.check()


def test_imported_root_keys_rotate_with_new_material(hasty_own, tmp_path):
    (old, new) = (tmp_path / name for name in ["old.b64", "new.b64"])
    old.write_text(b64(bytes(range(32))))
    new.write_text(b64(bytes(range(32, 64))))
    hasty_own.cli("rootkey", "create", "brought", "--payload-file", str(old))
    hasty_own.cli("adapter", "create", "under-brought", "--root-key", "brought")
    with pytest.raises(RuntimeError, match="needs new key material"):
        hasty_own.cli("rootkey", "rotate", "brought")
    assert "1 of 1 adapters are under it" in hasty_own.cli("rootkey", "rotate", "brought", "--payload-file", str(new))


def test_the_command_line_follows(hasty_own):
    assert "1 of 1 adapters are under it; no client noticed" in hasty_own.cli("rootkey", "rotate", "default")
    assert hasty_own.cli("rootkey", "rotate", "default", "--no-wait") == "Root key default has version 3 now.\n"
    shown = hasty_own.cli("rootkey", "rotation", "default")
    assert "Adapters" in shown and "To version" in shown
    deadline = time.monotonic() + 30
    while hasty_own.json("rootkey", "rotation", "default")["state"] != "finished":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [each["used_by"] for each in hasty_own.json("rootkey", "versions", "default")] == [1, 0, 0]
    assert "is retired" in hasty_own.cli("rootkey", "retire", "default", "1", "--yes")
    assert "unwraps again" in hasty_own.cli("rootkey", "unretire", "default", "1")
    with pytest.raises(RuntimeError, match="still holds|is the newest"):
        hasty_own.cli("rootkey", "retire", "default", "3", "--yes")


def test_the_limit_of_adapters_is_a_setting(tmp_path):
    with Keystead(tmp_path, variables={"KEYSTEAD_LIMITS_ADAPTERS_PER_INSTANCE": "2"}) as server:
        api = House(server).manager()
        root = api.create()["id"]
        api.adapter(root), api.adapter(root)
        resource = {"name": fresh("adapter"), "profile": "native_1.0", "profile_data": {"crk_id": root}}
        message = refused(api.ask("POST", "/kmip_adapters", collection("kmip_adapter", resource)), 409, "LIMIT_REACHED_ERR")
        assert "limits.adapters_per_instance" in message


# Revocation.


class Watch:
    """Open connections of many clients that ask again and again; when each was last answered, and what it was refused with."""

    def __init__(self, site, rate):
        self.site, self.period = site, 1 / rate
        self.over, self.failures, self.reasons = threading.Event(), [], set()
        self.last, self.answered = [0.0] * len(site.clients), [0] * len(site.clients)
        self.threads = [threading.Thread(target=self.stay, args=[each], daemon=True) for each in range(len(site.clients))]

    def __enter__(self):
        for each in self.threads:
            each.start()
        self.served_since(0.0)
        return self

    def __exit__(self, *_):
        self.over.set()
        for each in self.threads:
            each.join()

    def stay(self, number):
        client, key, _ = self.site.clients[number]
        try:
            with wire.Connection(self.site.server.port, client) as connection:
                while not self.over.is_set():
                    try:
                        connection.material(key)
                        self.last[number] = time.monotonic()
                        self.answered[number] += 1
                    except Refused as refusal:
                        self.reasons.add(refusal.reason)
                    time.sleep(self.period)
        except Exception as error:  # the connection must stay
            self.failures.append(repr(error))

    def served_since(self, moment):
        """Waits until every connection was served after a moment."""
        deadline = time.monotonic() + 30
        while min(self.last) <= moment:
            assert not self.failures, self.failures
            assert time.monotonic() < deadline, "not every connection is served"
            time.sleep(0.01)

    def stopped_after(self, moment, wait):
        """Seconds from a moment to the last answer that anybody got."""
        time.sleep(wait)
        return max(0.0, max(self.last) - moment)


def test_a_root_key_stops_and_starts_its_adapters_on_open_connections(hasty_own, tmp_path, long):
    rate = 100 if long else 10
    site = Site(hasty_own, tmp_path, 20)
    other = Site(hasty_own, tmp_path, 1)
    rounds = [("disable", "enable"), ("delete", "restore")] * (3 if long else 1)
    with Watch(site, rate) as watch, Watch(other, rate) as unconcerned:
        for stop, start in rounds:
            response = site.api.ask("DELETE", f"/keys/{site.root}?force=true") if stop == "delete" else site.api.act(site.root, stop)
            assert response.status_code in (200, 204), response.text
            stopped = time.monotonic()
            late = watch.stopped_after(stopped, 1.5)
            print(f"\n{stop}: the last answer {late * 1000:.1f} ms after it")
            assert late < 1.0, f"served {late} s after {stop}"
            with pytest.raises(Refused), wire.Connection(hasty_own.port, site.clients[0][0]) as new:
                new.material(site.clients[0][1])
            unconcerned.served_since(stopped)
            if start == "restore":
                response = site.api.ask("POST", f"/keys/{site.root}/restore")
            else:
                response = site.api.act(site.root, start)
            assert response.status_code in (200, 201, 204), response.text
            watch.served_since(time.monotonic())
    assert not watch.failures and not unconcerned.failures, "a connection was lost"
    assert watch.reasons == {PERMISSION_DENIED} and not unconcerned.reasons


def test_the_control_a_key_that_is_not_disabled_goes_on(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 2)
    with Watch(site, 50) as watch:
        assert watch.stopped_after(time.monotonic(), 1.5) > 1.0


def test_one_standard_key_stops_one_disk(hasty_own, tmp_path):
    site = Site(hasty_own, tmp_path, 1)
    client, key, material = site.clients[0]
    with wire.Connection(hasty_own.port, client) as connection:
        doomed = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        kept = connection.material(doomed)
        assert site.api.ask("DELETE", f"/keys/{doomed}").status_code in (200, 204)
        with pytest.raises(Refused) as refusal:
            connection.material(doomed)
        assert refusal.value.reason == wire.ITEM_NOT_FOUND
        assert connection.material(key) == material
        assert site.api.ask("POST", f"/keys/{doomed}/restore").status_code in (200, 201)
        assert connection.material(doomed) == kept
