"""The end of a key: erased by two people, destroyed with its epoch, recorded; seen from outside, files and all."""

import base64
import json
import os
import subprocess
import time

import pytest

import rest
from keystead import Keystead, binary, environment
from rest import NEVER_WAS, empty, refused, unauthorized

CONFLICT = 409


@pytest.fixture
def own(tmp_path):
    """A server of this test's own, where nobody waits to purge."""
    with Keystead(tmp_path, {"purge_after": 0, "restore_after": 0}) as running:
        yield running


def purgers(house, instance, count=2):
    return [house.person("KeyPurge", "Reader", instance=instance) for _ in range(count)]


def erasure(person, key, method="POST"):
    return person.ask(method, f"/api/v1/keys/{key}/erasure")


def records(person, key):
    answer = person.ask("GET", "/api/v1/destructions", params={"key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()["resources"]


def deleted(api, **fields):
    key = api.create(**fields)["id"]
    empty(api.ask("DELETE", f"/keys/{key}"))
    return key


@pytest.mark.parametrize("fields", [{}, {"extractable": True, "payload": base64.b64encode(b"p" * 32).decode()}], ids=["root", "standard"])
def test_two_people_erase_at_once(house, api, fields):
    first, second = purgers(house, api.instance)
    key = deleted(api, **fields)
    refused(first.ask("DELETE", f"/keys/{key}/purge"), 409, "REQ_TOO_EARLY_ERR")
    assert erasure(first, key, "GET").status_code == 404
    asked = erasure(first, key)
    assert asked.status_code == 201, asked.text
    again = erasure(first, key)
    refused(again, CONFLICT, "SECOND_PERSON_ERR")
    assert all(asked.json()["resources"][0][field][:19] in again.text for field in ("askedBy", "until"))
    (seen,) = erasure(api, key, "GET").json()["resources"]
    assert seen["state"] == "asked" and seen["until"] > seen["asked"]
    done = erasure(second, key)
    assert (done.status_code, done.json()["resources"][0]["state"]) == (200, "done"), done.text
    assert api.ask("GET", f"/keys/{key}/metadata").status_code == 404
    (record,) = records(first, key)
    assert (record["state"], record["key"], record["askedBy"]) == ("done", key, seen["askedBy"])
    assert record["purgedBy"] != record["askedBy"]
    assert ("epoch" in record) == (fields == {})


def test_what_is_taken_back_or_restored_does_not_count(hasty_house, hasty_api):
    first, second = purgers(hasty_house, hasty_api.instance)
    key = deleted(hasty_api)
    assert erasure(first, key).status_code == 201
    empty(erasure(hasty_api, key, "DELETE"))
    assert erasure(hasty_api, key, "DELETE").status_code == 404
    assert erasure(second, key).status_code == 201, "the second is the first now"
    time.sleep(1.1)
    assert hasty_api.ask("POST", f"/keys/{key}/restore").status_code == 201
    refused(erasure(first, key), CONFLICT, "KEY_ACTION_INVALID_STATE_ERR")
    empty(hasty_api.ask("DELETE", f"/keys/{key}"))
    answer = erasure(first, key)
    assert (answer.status_code, answer.json()["resources"][0]["state"]) == (201, "asked"), "of this deletion, nobody spoke yet"


def test_who_may_not(house, api):
    reader, manager = (house.person(role, instance=api.instance) for role in ("Reader", "Manager"))
    key = deleted(api)
    unauthorized(erasure(reader, key))
    unauthorized(erasure(manager, key))
    (purger,) = purgers(house, api.instance, 1)
    for nothing in (NEVER_WAS, "no-such-alias"):
        assert erasure(purger, nothing).status_code == 404
    refused(erasure(purger, api.create()["id"]), CONFLICT, "KEY_ACTION_INVALID_STATE_ERR")
    assert records(manager, key) == []
    unauthorized(reader.ask("GET", "/api/v1/destructions"))
    assert manager.ask("GET", f"/api/v1/destructions/{NEVER_WAS}").status_code == 404
    assert manager.ask("GET", "/api/v1/destructions/nonsense").status_code == 404
    assert manager.ask("GET", "/api/v1/destructions?key=nonsense").status_code == 400


def test_records_of_one_instance_are_not_anothers(house, api):
    first, second = purgers(house, api.instance)
    key = deleted(api)
    erasure(first, key), erasure(second, key)
    (record,) = records(first, key)
    stranger = house.person("Manager", instance=house.instance())
    assert records(stranger, key) == []
    assert stranger.ask("GET", f"/api/v1/destructions/{record['id']}").status_code == 404


def test_who_deleted_a_key_of_two_people_does_not_purge_it(own):
    house = rest.House(own)
    api = house.manager()
    policy = rest.collection("policy", {"policy_type": "dualAuthDelete", "policy_data": {"enabled": True}})
    alone, other = (house.person("Manager", "KeyPurge", instance=api.instance) for _ in range(2))
    before = api.create()["id"]
    empty(api.ask("PUT", "/instance/policies?policy=dualAuthDelete", policy))
    under = api.create()["id"]
    assert api.act(under, "setKeyForDeletion").status_code == 204
    # One key's own policy asks for two; the other is of before, and the instance's counts.
    for key in (under, before):
        empty(alone.ask("DELETE", f"/keys/{key}"))
        refused(alone.ask("DELETE", f"/keys/{key}/purge"), CONFLICT, "AUTHORIZATIONS_NOT_MET")
        empty(other.ask("DELETE", f"/keys/{key}/purge"))


def files(folder):
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-reserve", "lock"))
    }


def test_a_purge_destroys_and_says_so(own, tmp_path):
    """The record is checked by the command line and by OpenSSL; the keys file is overwritten where it is; a kill changes nothing."""
    house = rest.House(own)
    api = house.manager()
    (purger,) = purgers(house, api.instance, 1)
    doomed, kept = api.create("doomed")["id"], api.create("kept")["id"]
    wrapped = api.act(kept, "wrap", {"plaintext": "aGVsbG8="}).json()["ciphertext"]
    keys = own.data / "keystead.keys"
    before, inode = keys.read_bytes(), os.stat(keys).st_ino
    empty(api.ask("DELETE", f"/keys/{doomed}"))
    empty(purger.ask("DELETE", f"/keys/{doomed}/purge"))
    after = keys.read_bytes()
    assert (os.stat(keys).st_ino, len(after)) == (inode, len(before))
    # Behind magic and fingerprint stands the seal: no piece of the old one is in any file any more.
    pieces = [before[at : at + 16] for at in range(24, 192, 16)]
    for path, content in files(own.data).items():
        assert not any(piece in content for piece in pieces), path
    own.kill()
    own.start()
    assert api.act(kept, "unwrap", {"ciphertext": wrapped}).json()["plaintext"] == "aGVsbG8="

    (record,) = records(purger, doomed)
    assert record["state"] == "done"
    document, public = tmp_path / "destruction.json", tmp_path / "signing-key.pem"
    own.cli("destruction", "show", record["id"], "--out", str(document))
    own.cli("destruction", "public-key", "--out", str(public))
    assert doomed in own.cli("destruction", "list")
    own.stop()
    said = verify(document, public)
    assert said.returncode == 0 and "genuine" in said.stdout and doomed in said.stdout, said.stderr
    assert verify(document).returncode == 0
    openssl(tmp_path, json.loads(document.read_text()), public)
    for field, change in [("statement", {}), ("signature", "AAAA"), ("signed", "e30="), ("context", "another")]:
        changed = json.loads(document.read_text()) | {field: change}
        (tmp_path / "changed.json").write_text(json.dumps(changed))
        said = verify(tmp_path / "changed.json", public)
        assert said.returncode == 1 and "not genuine" in said.stderr, field
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "k"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "k", "-pubout", "-out", other], check=True, capture_output=True)
    assert verify(document, other).returncode == 1
    own.start()


def verify(document, public=None):
    key = ["--public-key", public] if public else []
    command = [binary(), "destruction", "verify", document, *key]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())


def openssl(folder, document, public):
    """What the documentation says that anybody can do."""
    (folder / "m").write_bytes(document["context"].encode() + b"\0" + base64.b64decode(document["signed"]))
    (folder / "s").write_bytes(base64.b64decode(document["signature"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", folder / "m", "-sigfile", folder / "s"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reminder_is_given(own):
    """Hosts keep keys in memory: whoever purges is told what to do about it."""
    house = rest.House(own)
    service_id = house.service_id()
    house.grant(service_id, "KeyPurge", "Manager")
    key = house.api_key(service_id)
    own.cli("rootkey", "create", "old")
    own.cli("rootkey", "delete", "old", "--yes")
    command = [binary(), "rootkey", "purge", "old", "--yes"]
    variables = {"KEYSTEAD_URL": own.url, "KEYSTEAD_API_KEY": key, "KEYSTEAD_CA": own.ca}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment() | variables)
    assert done.returncode == 0, done.stderr
    assert "was erased" in done.stdout and "It is destroyed, and epoch 1 with it" in done.stdout, done.stdout
    assert "maintenance mode" in done.stdout and "restart" in done.stdout


def test_without_its_keys_file_or_with_anothers_nothing_starts(fresh, tmp_path):
    keys = fresh.data / "keystead.keys"
    api = rest.House(fresh).manager()
    key = api.create()["id"]
    fresh.stop()
    content = keys.read_bytes()
    for what, words in [(None, "no keys file"), (content[:100], "100 bytes"), (bytes(len(content)), "damaged in both")]:
        keys.unlink(missing_ok=True)
        if what is not None:
            keys.write_bytes(what)
        with pytest.raises(RuntimeError, match=words):
            fresh.start()
        fresh.stop()
    # One half is enough, and is made whole.
    keys.write_bytes(content[:4096] + bytes(4096))
    fresh.start()
    assert keys.read_bytes() == content
    assert api.metadata(key)["id"] == key
