"""Deletions and destructions can be taken back for 30 days, byte for byte, and not a day longer; and nothing is erased early.

The clock is ours (`clock`). The control of each window is its other end.
"""


import pytest

import clock
import rest
import wire
from keystead import Keystead
from wire import Connection, Refused, structure, unique

pytestmark = pytest.mark.figure

DAY = 86_400
MINUTE = 60
RESTORED = 200  # keys by each way; 1,000 with --long
LIVE = ("KMIP", "REST as a KMIP object", "REST as a standard key", "command line")


def revoke(connection, key):
    reason = structure("Revocation Reason", wire.enumeration("Revocation Reason Code", 4))
    connection.call("Revoke", unique(key), reason)


def destroy(way, server, api, connection, key):
    if way == "KMIP":
        revoke(connection, key)
        connection.call("Destroy", unique(key))
    elif way == "REST as a KMIP object":
        assert api.ask("DELETE", f"/kmip_adapters/default/kmip_objects/{key}?force=true").status_code == 204
    elif way == "REST as a standard key":
        assert api.ask("DELETE", f"/keys/{key}").status_code < 300
    else:
        server.cli("key", "destroy", key, "--force", "--yes")


def make(connection, count):
    """Keys that are active, and the bytes of each."""
    made = {}
    for _ in range(count):
        key = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        connection.call("Activate", unique(key))
        made[key] = connection.material(key)
    return made


def is_there(connection, key):
    try:
        return connection.material(key)
    except Refused:
        return None


def default_api(server):
    house = rest.House(server)
    return house.manager(house.default_instance())


@pytest.mark.parametrize("way", LIVE)
def test_restored_byte_for_byte(tmp_path, way, long):
    with clock.keystead(tmp_path, 0) as server:
        count = (1000 if long else RESTORED) if way != "command line" else 20
        api, certificate = default_api(server), server.issue("vc")
        with Connection(server.port, certificate) as connection:
            keys = make(connection, count)
            for key in keys:
                destroy(way, server, api, connection, key)
            assert not any(is_there(connection, key) for key in keys), "the control: they are gone"
            clock.set_clock(tmp_path, 30 * DAY - 10 * MINUTE)
            api = default_api(server)
            for key in keys:
                assert api.ask("POST", f"/keys/{key}/restore").status_code == 201
            assert {key: is_there(connection, key) for key in keys} == keys


@pytest.mark.parametrize("way", ["KMIP", "REST as a standard key"])
def test_not_beyond_thirty_days(tmp_path, way):
    with clock.keystead(tmp_path, 0) as server:
        with Connection(server.port, server.issue("vc")) as connection:
            (key,) = make(connection, 1)
            destroy(way, server, default_api(server), connection, key)
            clock.set_clock(tmp_path, 30 * DAY + MINUTE)
            answer = default_api(server).ask("POST", f"/keys/{key}/restore")
            assert answer.status_code == 400 and "KEY_RESTORE_EXPIRED" in answer.text, answer.text
            assert is_there(connection, key) is None


def test_nobody_purges_before_the_time(tmp_path):
    with clock.keystead(tmp_path, 0) as server:
        house = rest.House(server)
        with Connection(server.port, server.issue("vc")) as connection:
            (key,) = make(connection, 1)
            connection_key = key
            revoke(connection, key)
            connection.call("Destroy", unique(key))
        purger = house.person("KeyPurge", "Manager", instance=house.default_instance())
        early = purger.ask("DELETE", f"/keys/{connection_key}/purge")
        assert early.status_code == 409 and "REQ_TOO_EARLY_ERR" in early.text
        assert default_api(server).ask("POST", f"/keys/{connection_key}/restore").status_code in (201, 409)


def test_a_root_key_with_live_keys_is_refused_and_comes_back(tmp_path):
    with clock.keystead(tmp_path, 0) as server:
        (root,) = server.json("rootkey", "list")
        with Connection(server.port, server.issue("vc")) as connection:
            keys = make(connection, 3)
            api = default_api(server)
            refused = api.ask("DELETE", f"/keys/{root['id']}")
            assert refused.status_code == 409 and "PROTECTED_RESOURCE_ERR" in refused.text
            assert api.ask("DELETE", f"/keys/{root['id']}?force=true").status_code < 300
            assert not any(is_there(connection, key) for key in keys)
            clock.set_clock(tmp_path, 29 * DAY)
            assert default_api(server).ask("POST", f"/keys/{root['id']}/restore").status_code == 201
            assert {key: is_there(connection, key) for key in keys} == keys


def test_less_than_seven_days_is_refused(tmp_path):
    server = Keystead(tmp_path)
    file = tmp_path / "keystead.toml"
    file.write_text("[timers]\nrestorable = 604799\n")
    with pytest.raises(RuntimeError, match="less than 7 days"):
        server.configuration = lambda: ["--config", str(file)]
        server.start()


def test_many_destroys_are_an_alarm(tmp_path):
    variables = {"KEYSTEAD_ALARMS_DESTROYS_PER_HOUR": "5"}
    with Keystead(tmp_path, variables=variables) as server:
        with Connection(server.port, server.issue("vc")) as connection:
            keys = list(make(connection, 5))
            for index, key in enumerate(keys):
                assert not [alarm for alarm in server.json("alarm", "list") if alarm["kind"] == "destroys"], index
                revoke(connection, key)
                connection.call("Destroy", unique(key))
        (alarm,) = [alarm for alarm in server.json("alarm", "list") if alarm["kind"] == "destroys"]
        assert alarm["severity"] == "error" and "destroyed 5 keys" in alarm["message"]


def test_the_command_line_takes_back(tmp_path):
    with Keystead(tmp_path, {"restore_after": 0, "restorable": 1000}) as server:
        with Connection(server.port, server.issue("vc")) as connection:
            keys = make(connection, 1)
            (key,) = keys
            revoke(connection, key)
            assert connection.attributes(key, "State")["State"] == 3
            server.cli("key", "reactivate", key, "--reason", "by mistake")
            assert connection.attributes(key, "State")["State"] == 2
            assert is_there(connection, key) == keys[key]
            server.cli("key", "destroy", key, "--force", "--yes")
            (row,) = server.json("key", "list", "--deleted")
            assert (row["id"], row["restoreAllowed"]) == (key, True)
            server.cli("key", "restore", key)
            assert is_there(connection, key) == keys[key]
            assert server.json("key", "list", "--deleted") == []
