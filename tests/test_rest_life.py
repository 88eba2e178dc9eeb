"""What happens to keys over REST: wrapping, versions, states, deletion and the way back (Key Protect API: "Key actions").

With IBM's waiting times where a wait is to be refused, and with a second in their place where it is to be waited for.
"""

import time

import pytest

from keystead import Keystead
from rest import (
    ACTIVE,
    DATE,
    DESTROYED,
    REPRESENTATION,
    SUSPENDED,
    House,
    b64,
    collection,
    empty,
    flat,
    one,
    patiently,
    refused,
    resources,
    unauthorized,
    unb64,
    vendor,
)

TEXT = b"a data encryption key of 32 byte"
AAD = ["virtual machine 12", "vm-12"]


def wrap(api, key, plaintext=TEXT, aad=None):
    body = {"plaintext": b64(plaintext), **({"aad": aad} if aad else {})}
    return flat(api.act(key, "wrap", body), "ciphertext", "keyVersion")


def unwrap(api, key, ciphertext, aad=None, *more):
    body = {"ciphertext": ciphertext, **({"aad": aad} if aad else {})}
    return flat(api.act(key, "unwrap", body), "plaintext", "keyVersion", *more)


def versions(api, key, **params):
    answer = api.ask("GET", f"/keys/{key}/versions", params=params)
    kind = answer.json()["metadata"]["collectionType"]
    assert kind in (vendor("key.version"), vendor("key")), "IBM has both"
    return resources(answer, kind.removeprefix(vendor("")[: -len("+json")]).removesuffix("+json"))


@pytest.mark.parametrize("plaintext", [b"x", TEXT, bytes(3000)], ids=len)
@pytest.mark.parametrize("aad", [None, AAD, [""], ["a" * 255] * 126], ids=["none", "two", "empty", "the most"])
def test_wrap_and_unwrap(api, plaintext, aad):
    key = api.create()
    wrapped = wrap(api, key["id"], plaintext, aad)
    assert wrapped["keyVersion"]["id"] == key["keyVersion"]["id"]
    assert plaintext not in unb64(wrapped["ciphertext"]) or len(plaintext) == 1
    unwrapped = unwrap(api, key["id"], wrapped["ciphertext"], aad)
    assert (unb64(unwrapped["plaintext"]), unwrapped["keyVersion"]) == (plaintext, wrapped["keyVersion"])


def test_wrap_of_nothing_makes_32_random_bytes(api):
    key = api.create()["id"]
    made = [flat(api.act(key, "wrap", {}), "plaintext", "ciphertext", "keyVersion") for _ in range(2)]
    assert [len(unb64(each["plaintext"])) for each in made] == [32, 32]
    assert made[0]["plaintext"] != made[1]["plaintext"]
    for each in made:
        assert unwrap(api, key, each["ciphertext"])["plaintext"] == each["plaintext"]


def test_the_same_text_is_wrapped_differently(api):
    key = api.create()["id"]
    assert wrap(api, key)["ciphertext"] != wrap(api, key)["ciphertext"]


@pytest.mark.parametrize("aad", [None, [None]], ids=str)
def test_no_aad_in_other_words(api, aad):
    key = api.create()["id"]
    body = {"plaintext": b64(TEXT), "aad": aad}
    ciphertext = flat(api.act(key, "wrap", body), "ciphertext", "keyVersion")["ciphertext"]
    assert unb64(unwrap(api, key, ciphertext)["plaintext"]) == TEXT


@pytest.mark.parametrize(
    "aad", [None, AAD[::-1], AAD[:1], ["".join(AAD)], [*AAD, ""], [AAD[0], AAD[1] + " "]], ids=str
)
def test_other_aad_does_not_unwrap(api, aad):
    key = api.create()["id"]
    body = {"ciphertext": wrap(api, key, aad=AAD)["ciphertext"], "aad": aad}
    refused(api.act(key, "unwrap", body), 422, "UNPROCESSABLE_CIPHERTEXT_ERR")


def test_what_was_changed_or_is_anothers_does_not_unwrap(api):
    key, other = api.create()["id"], api.create()["id"]
    good = wrap(api, key)["ciphertext"]
    data = unb64(good)
    bad = [b64(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) for at in range(0, len(data), 7)]
    for ciphertext in [*bad, b64(data[:-1]), b64(data[1:]), b64(data + b"\0"), b64(b"nonsense")]:
        for action in ("unwrap", "rewrap"):
            refused(api.act(key, action, {"ciphertext": ciphertext}), 422, "UNPROCESSABLE_CIPHERTEXT_ERR")
    refused(api.act(other, "unwrap", {"ciphertext": good}), 422, "UNPROCESSABLE_CIPHERTEXT_ERR")
    assert unb64(unwrap(api, key, good)["plaintext"]) == TEXT


def test_a_key_with_the_same_material_unwraps(api):
    """IBM: what a key wrapped is not lost when the key is imported again."""
    material = b64(bytes(range(32)))
    first, second = (api.create(payload=material)["id"] for _ in range(2))
    ciphertext = wrap(api, first, aad=AAD)["ciphertext"]
    assert unb64(flat_plaintext(api.act(second, "unwrap", {"ciphertext": ciphertext, "aad": AAD}))) == TEXT


def flat_plaintext(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["plaintext"]


def test_rotate(api):
    key = api.create()["id"]
    old = wrap(api, key, aad=AAD)
    empty(api.act(key, "rotate", {}, headers=REPRESENTATION))
    found = api.metadata(key)
    assert DATE.fullmatch(found["lastRotateDate"])
    assert DATE.fullmatch(found["lastUpdateDate"])
    new = wrap(api, key, aad=AAD)
    assert new["keyVersion"] != old["keyVersion"]
    unwrapped = unwrap(api, key, old["ciphertext"], AAD, "ciphertext", "rewrappedKeyVersion")
    assert unb64(unwrapped["plaintext"]) == TEXT
    assert (unwrapped["keyVersion"], unwrapped["rewrappedKeyVersion"]) == (old["keyVersion"], new["keyVersion"])
    assert unb64(unwrap(api, key, unwrapped["ciphertext"], AAD)["plaintext"]) == TEXT
    body = {"ciphertext": old["ciphertext"], "aad": AAD}
    rewrapped = flat(api.act(key, "rewrap", body), "ciphertext", "keyVersion", "rewrappedKeyVersion")
    assert (rewrapped["keyVersion"], rewrapped["rewrappedKeyVersion"]) == (old["keyVersion"], new["keyVersion"])
    assert unb64(unwrap(api, key, rewrapped["ciphertext"], AAD)["plaintext"]) == TEXT


def test_versions(hasty_api):
    key = hasty_api.create()
    (first,) = versions(hasty_api, key["id"])
    assert first == key["keyVersion"]
    for count in (2, 3):
        empty(patiently(lambda: hasty_api.act(key["id"], "rotate")))
        found = versions(hasty_api, key["id"])
        assert len(found) == count
        assert found[0]["id"] == wrap(hasty_api, key["id"])["keyVersion"]["id"], "the newest comes first"
        assert found[-1]["id"] == first["id"]
        assert all(set(each) == {"id", "creationDate"} for each in found)
    assert versions(hasty_api, key["id"], limit=1, offset=1) == found[1:2]
    answer = hasty_api.ask("GET", f"/keys/{key['id']}/versions", params={"limit": 1, "totalCount": "True"})
    assert answer.json()["metadata"]["totalCount"] == 3
    empty(hasty_api.act(key["id"], "disable"))
    refused(hasty_api.ask("GET", f"/keys/{key['id']}/versions"), 409, "KEY_ACTION_INVALID_STATE_ERR")
    assert len(versions(hasty_api, key["id"], allKeyStates="true")) == 3


def test_rotation_of_an_imported_key(hasty_api):
    key = hasty_api.create(payload=b64(bytes(range(32))))["id"]
    old = wrap(hasty_api, key)["ciphertext"]
    refused(hasty_api.act(key, "rotate"), 400, "KEY_PAYLOAD_REQ_ERR", target=("field", "payload"))
    empty(hasty_api.act(key, "rotate", {"payload": b64(bytes(32))}))
    assert unb64(flat_plaintext(hasty_api.act(key, "unwrap", {"ciphertext": old}))) == TEXT
    assert len(versions(hasty_api, key)) == 2


def test_a_generated_key_takes_no_material(api):
    key = api.create()["id"]
    refused(api.act(key, "rotate", {"payload": b64(bytes(32))}), 400)
    assert len(versions(api, key)) == 1


# States.

ALLOWED = {
    "wrap": {"active"},
    "disable": {"active"},
    "unwrap": {"active"},
    "rewrap": {"active"},
    "rotate": {"active"},
    "enable": {"suspended"},
    "restore": {"destroyed"},
    "delete": {"active", "suspended"},
}


@pytest.mark.parametrize("state", ["active", "suspended", "destroyed"])
@pytest.mark.parametrize("action", ALLOWED)
def test_what_a_state_allows(hasty_api, state, action):
    """Key Protect: "Key states"; what is not allowed changes nothing."""
    api = hasty_api
    key = api.create()["id"]
    ciphertext = wrap(api, key)["ciphertext"]
    if state == "suspended":
        empty(api.act(key, "disable"))
    if state == "destroyed":
        empty(api.ask("DELETE", f"/keys/{key}"))
    before = api.metadata(key)
    body = {"ciphertext": ciphertext} if action in ("unwrap", "rewrap") else None
    asks = {
        "delete": lambda: api.ask("DELETE", f"/keys/{key}"),
        "restore": lambda: api.ask("POST", f"/keys/{key}/restore"),
    }
    answer = patiently(asks.get(action, lambda: api.act(key, action, body)))
    if state in ALLOWED[action]:
        assert answer.status_code in (200, 201, 204), answer.text
        return
    gone = state == "destroyed"
    refused(answer, 410 if gone else 409, "KEY_DELETED_ERR" if gone else "KEY_ACTION_INVALID_STATE_ERR")
    assert api.metadata(key) == before


def test_disable_and_enable(hasty_api):
    key = hasty_api.create()["id"]
    ciphertext = wrap(hasty_api, key)["ciphertext"]
    empty(hasty_api.act(key, "disable"))
    assert hasty_api.metadata(key)["state"] == SUSPENDED
    empty(patiently(lambda: hasty_api.act(key, "enable")))
    assert hasty_api.metadata(key)["state"] == ACTIVE
    assert unb64(unwrap(hasty_api, key, ciphertext)["plaintext"]) == TEXT


def test_delete_and_restore(hasty_api):
    api = hasty_api
    key = api.create(aliases=["alias"])["id"]
    ciphertext = wrap(api, key)["ciphertext"]
    deleted = one(api.ask("DELETE", f"/keys/{key}", headers=REPRESENTATION), "key")
    assert (deleted["id"], deleted["state"], deleted["deleted"]) == (key, DESTROYED, True)
    assert DATE.fullmatch(deleted["deletionDate"])
    assert deleted["deletedBy"]
    found = api.metadata(key)
    assert found["restoreAllowed"] is True
    assert all(DATE.fullmatch(found[name]) for name in ("restoreExpirationDate", "purgeAllowedFrom", "purgeScheduledOn"))
    assert found["deletionDate"] < found["purgeAllowedFrom"] < found["restoreExpirationDate"] < found["purgeScheduledOn"]
    refused(api.ask("DELETE", f"/keys/{key}"), 410, "KEY_DELETED_ERR")
    assert api.total() == 0
    restored = one(patiently(lambda: api.ask("POST", f"/keys/{key}/restore", headers=REPRESENTATION)), "key", 201)
    assert (restored["id"], restored["state"], restored["deleted"]) == (key, ACTIVE, False)
    assert unb64(unwrap(api, key, ciphertext)["plaintext"]) == TEXT
    assert api.listed() == [key]
    assert not {"deletionDate", "deletedBy", "restoreExpirationDate"} & set(api.metadata(key))


def test_a_restored_standard_key_has_its_payload(hasty_api):
    key = hasty_api.create(extractable=True, payload=b64(TEXT))["id"]
    empty(hasty_api.ask("DELETE", f"/keys/{key}"))
    assert "payload" not in hasty_api.ask("GET", f"/keys/{key}").text
    assert patiently(lambda: hasty_api.ask("POST", f"/keys/{key}/restore")).status_code == 201
    assert unb64(one(hasty_api.ask("GET", f"/keys/{key}"), "key")["payload"]) == TEXT


@pytest.mark.parametrize("prefer, status", [(None, 204), ("return=minimal", 204), ("return=representation", 200)])
def test_what_a_deletion_answers(api, prefer, status):
    key = api.create()["id"]
    assert api.ask("DELETE", f"/keys/{key}", headers={"Prefer": prefer}).status_code == status


@pytest.mark.parametrize("prefer", [None, "return=representation"])
def test_purge(hasty_house, prefer):
    api = hasty_house.manager()
    purger = hasty_house.person("KeyPurge", instance=api.instance)
    key = api.create(aliases=["alias"])["id"]

    def ask():
        return purger.ask("DELETE", f"/keys/{key}/purge", headers={"Prefer": prefer})

    refused(ask(), 409, "KEY_ACTION_INVALID_STATE_ERR")
    empty(api.ask("DELETE", f"/keys/{key}"))
    unauthorized(api.ask("DELETE", f"/keys/{key}/purge"))
    answer = patiently(ask)
    if prefer:
        assert one(answer, "key")["id"] == key
    else:
        empty(answer)
    refused(ask(), 404, "KEY_NOT_FOUND_ERR")
    for path in (f"/keys/{key}", f"/keys/{key}/metadata", "/keys/alias"):
        refused(api.ask("GET", path), 404, "KEY_NOT_FOUND_ERR")
    assert api.listed(state="0,1,2,3,5") == []
    assert api.create(aliases=["alias"])["aliases"] == ["alias"], "the alias is free again"


@pytest.mark.parametrize(
    "first, then, waits",
    [
        (("POST", "/actions/disable"), ("POST", "/actions/enable"), "REQ_TOO_EARLY_ERR"),
        (("DELETE", ""), ("POST", "/restore"), "REQ_TOO_EARLY_ERR"),
        (("POST", "/actions/rotate"), ("POST", "/actions/rotate"), "KEY_ROTATION_NOT_PERMITTED"),
        (("POST", "/actions/sync"), ("POST", "/actions/sync"), "REQ_TOO_EARLY_ERR"),
        (("POST", "/actions/rotate"), ("POST", "/actions/sync"), "REQ_TOO_EARLY_ERR"),
    ],
    ids=["enable", "restore", "rotate", "sync", "sync after rotate"],
)
def test_too_early(api, first, then, waits):
    key = api.create()["id"]
    empty(api.ask(first[0], f"/keys/{key}{first[1]}"))
    before = api.metadata(key)
    refused(api.ask(then[0], f"/keys/{key}{then[1]}"), 409, waits)
    assert api.metadata(key) == before


def test_too_early_for_purge(house, api):
    key = api.create()["id"]
    empty(api.ask("DELETE", f"/keys/{key}"))
    purger = house.person("KeyPurge", instance=api.instance)
    refused(purger.ask("DELETE", f"/keys/{key}/purge"), 409, "REQ_TOO_EARLY_ERR")


def test_sync_in_time(hasty_api):
    key = hasty_api.create()["id"]
    for _ in range(2):
        empty(patiently(lambda: hasty_api.act(key, "sync")))


def test_times_that_run_out(tmp_path):
    """A server on which a deleted key can be restored for 3 seconds, and two people have 2 seconds between them."""
    timers = {"restore_after": 1, "restorable": 3, "deletion_authorized": 2}
    with Keystead(tmp_path, timers) as short:
        house = House(short)
        api = house.manager()
        key, guarded = api.create()["id"], dual(api)
        empty(api.ask("DELETE", f"/keys/{key}"))
        empty(api.act(guarded, "setKeyForDeletion"))
        second = house.person("Manager", instance=api.instance)
        time.sleep(3.5)
        refused(api.ask("POST", f"/keys/{key}/restore"), 400, "KEY_RESTORE_EXPIRED")
        assert api.metadata(key)["restoreAllowed"] is False
        refused(second.ask("DELETE", f"/keys/{guarded}"), 409, "AUTHORIZATIONS_NOT_MET")
        assert api.metadata(guarded)["state"] == ACTIVE


def test_an_expiration_date_that_passes_forbids_restoring(hasty_api):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    key = hasty_api.create(expirationDate=soon)["id"]
    empty(hasty_api.ask("DELETE", f"/keys/{key}"))
    time.sleep(2.5)
    refused(patiently(lambda: hasty_api.ask("POST", f"/keys/{key}/restore")), 400, "KEY_EXPIRED_ERR")
    assert hasty_api.metadata(key)["state"] == DESTROYED


# Two people.


def dual(api):
    """A key that takes two people to delete."""
    resource = {"type": vendor("key"), "name": "dual", "extractable": False, "dualAuthDelete": {"enabled": True}}
    return one(api.ask("POST", "/keys_with_policy_overrides", collection("key", resource)), "key", 201)["id"]


def test_two_people_delete(house, api):
    key = dual(api)
    writer = house.person("Writer", instance=api.instance)
    refused(api.ask("DELETE", f"/keys/{key}"), 409, "AUTHORIZATIONS_NOT_MET")
    empty(writer.act(key, "setKeyForDeletion"))
    found = api.metadata(key)["dualAuthDelete"]
    assert (found["enabled"], found["keySetForDeletion"]) == (True, True)
    assert DATE.fullmatch(found["authExpiration"])
    empty(api.ask("DELETE", f"/keys/{key}"))
    assert api.metadata(key)["state"] == DESTROYED


def test_one_person_is_not_two(house, api):
    key = dual(api)
    manager = house.person("Manager", instance=api.instance)
    empty(manager.act(key, "setKeyForDeletion"))
    refused(manager.ask("DELETE", f"/keys/{key}"), 409, "AUTHORIZATIONS_NOT_MET")
    refused(manager.ask("DELETE", f"/keys/{key}", params={"force": "true"}), 409, "AUTHORIZATIONS_NOT_MET")
    assert api.metadata(key)["state"] == ACTIVE


def test_a_word_taken_back(house, api):
    key = dual(api)
    writer = house.person("Writer", instance=api.instance)
    empty(writer.act(key, "setKeyForDeletion"))
    empty(writer.act(key, "unsetKeyForDeletion"))
    assert not api.metadata(key)["dualAuthDelete"].get("keySetForDeletion")
    refused(api.ask("DELETE", f"/keys/{key}"), 409, "AUTHORIZATIONS_NOT_MET")


@pytest.mark.parametrize("action", ["setKeyForDeletion", "unsetKeyForDeletion"])
def test_a_key_without_the_policy(api, action):
    refused(api.act(api.create()["id"], action), 409, "NOT_DUAL_AUTH_ERR")
