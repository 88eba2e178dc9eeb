"""Keys over REST: made, read, listed, moved, and how lenient the server is about form (Key Protect API: "Keys").

What goes wrong is in `test_rest_refusals`, what happens to keys with time in `test_rest_life`.
"""

import json
import re

import pytest

from rest import (
    ACTIVE,
    DATE,
    REPRESENTATION,
    UUID_4,
    b64,
    collection,
    empty,
    flat,
    fresh,
    one,
    refused,
    resources,
    unb64,
    vendor,
)

MATERIAL = bytes(range(32))
ALWAYS = {
    "type": vendor("key"),
    "state": ACTIVE,
    "keyRingID": "default",
    "algorithmType": "Deprecated",
    "algorithmMetadata": {"bitLength": "256", "mode": "Deprecated"},
    "algorithmBitSize": 256,
    "algorithmMode": "Deprecated",
    "deleted": False,
}


def is_like_new(key, instance, **expected):
    """A key as it is right after it was made."""
    assert ALWAYS.items() <= key.items()
    assert expected.items() <= key.items()
    assert UUID_4.fullmatch(key["id"])
    assert re.fullmatch(rf"crn:v1:bluemix:public:kms:[^:]*:a/[^:]*:{instance}:key:{key['id']}", key["crn"])
    assert DATE.fullmatch(key["creationDate"])
    assert key["createdBy"]
    assert key["dualAuthDelete"]["enabled"] is False
    assert not {"lastUpdateDate", "lastRotateDate", "deletionDate", "deletedBy", "rotation"} & set(key)
    if not key["extractable"]:
        assert set(key["keyVersion"]) == {"id", "creationDate"}
        assert "payload" not in key


def create(api, resource, headers=None, path="/keys"):
    return api.ask("POST", path, collection("key", {"type": vendor("key"), **resource}), headers)


@pytest.mark.parametrize("path", ["/keys", "/keys_with_policy_overrides"])
@pytest.mark.parametrize(
    "resource, expected",
    [
        ({"extractable": False}, {"extractable": False, "imported": False}),
        ({"extractable": True}, {"extractable": True, "imported": False}),
        ({}, {"extractable": True, "imported": False}),
        ({"extractable": False, "payload": b64(MATERIAL)}, {"extractable": False, "imported": True}),
        ({"extractable": False, "payload": b64(MATERIAL[:16])}, {"extractable": False, "imported": True}),
        ({"extractable": False, "payload": b64(MATERIAL[:24])}, {"extractable": False, "imported": True}),
        ({"extractable": True, "payload": b64(b"x")}, {"extractable": True, "imported": True}),
        ({"extractable": True, "payload": b64(bytes(5000))}, {"extractable": True, "imported": True}),
        ({"description": "two words", "extractable": False}, {"description": "two words"}),
        ({"tags": ["one", "two"], "extractable": False}, {"tags": ["one", "two"]}),
        (
            {"expirationDate": "2099-01-02T03:04:05Z", "extractable": False},
            {"expirationDate": "2099-01-02T03:04:05Z"},
        ),
        ({"name": "n" * 90, "extractable": False}, {"name": "n" * 90}),
    ],
    ids=str,
)
def test_create(api, path, resource, expected):
    name = fresh("key")
    answer = create(api, {"name": name, **resource}, REPRESENTATION, path)
    key = one(answer, "key", 201)
    is_like_new(key, api.instance, **{"name": name} | expected)
    assert api.total() == 1
    found = one(api.ask("GET", f"/keys/{key['id']}"), "key")
    assert found.items() >= {name: key[name] for name in key if name != "payload"}.items()
    if found["extractable"]:
        payload = unb64(found["payload"])
        assert payload == unb64(resource["payload"]) if "payload" in resource else len(payload) == 32
    else:
        assert "payload" not in found


def test_create_minimally_gives_the_identifier_alone(api):
    key = one(create(api, {"name": "key", "extractable": False}, {"Prefer": "return=minimal"}), "key", 201)
    assert "id" in key
    assert set(key) <= {"id", "type"}
    assert api.metadata(key["id"])["name"] == "key"


def test_create_with_aliases(api):
    key = api.create(aliases=["one", "Two_2", "th-ree"])
    assert sorted(key["aliases"]) == ["Two_2", "one", "th-ree"]
    assert [api.metadata(alias)["id"] for alias in key["aliases"]] == [key["id"]] * 3


def test_create_with_policy_overrides(api):
    policies = {"rotation": {"enabled": True, "interval_month": 6}, "dualAuthDelete": {"enabled": True}}
    resource = {"name": "key", "extractable": False, **policies}
    key = one(create(api, resource, REPRESENTATION, "/keys_with_policy_overrides"), "key", 201)
    assert key["dualAuthDelete"]["enabled"] is True
    assert policies["rotation"].items() <= key["rotation"].items()
    plain = resources(create(api, {"name": "key", "extractable": False}, None, "/keys_with_policy_overrides"), "key", 201)
    assert resources(api.ask("GET", f"/keys/{plain[0]['id']}/policies"), "policy") == []


def test_generated_payloads_differ(api):
    keys = [api.create(extractable=True)["id"] for _ in range(3)]
    payloads = {one(api.ask("GET", f"/keys/{key}"), "key")["payload"] for key in keys}
    assert len(payloads) == 3


def test_metadata_has_no_payload(api):
    key = api.create(extractable=True)
    found = api.metadata(key["id"])
    assert "payload" not in found
    assert (found["id"], found["name"]) == (key["id"], key["name"])


def test_lists_have_no_payload(api):
    api.create(extractable=True)
    (key,) = resources(api.ask("GET", "/keys"), "key")
    assert "payload" not in key


def test_an_empty_instance_has_empty_lists(api):
    for path, kind in [("/keys", "key"), ("/kmip_adapters", "kmip_adapter"), ("/keys/registrations", "registration")]:
        assert resources(api.ask("GET", path), kind) == []
    assert api.total() == 0


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("GET", "", None),
        ("GET", "/metadata", None),
        ("GET", "/versions", None),
        ("GET", "/policies", None),
        ("GET", "/registrations", None),
        ("POST", "/actions/wrap", {}),
        ("POST", "/actions/rotate", None),
        ("POST", "/actions/disable", None),
        ("POST", "/aliases/another-one", None),
        ("DELETE", "/aliases/alias", None),
        ("PUT", "/policies", collection("policy", {"type": vendor("policy"), "dualAuthDelete": {"enabled": False}})),
        ("DELETE", "", None),
    ],
)
def test_an_alias_stands_for_its_key(api, method, path, body):
    key = api.create(aliases=["alias"])
    answer = api.ask(method, f"/keys/alias{path}", body)
    assert answer.status_code in (200, 201, 204), answer.text
    if method == "GET" and path in ("", "/metadata"):
        assert one(answer, "key")["id"] == key["id"]


# Lists.


def test_pages(api):
    made = sorted(api.create()["id"] for _ in range(5))
    assert api.listed() == made, "by identifier"
    assert api.listed(limit=2) == made[:2]
    assert api.listed(limit=2, offset=2) == made[2:4]
    assert api.listed(limit=2, offset=4) == made[4:]
    assert api.listed(offset=5) == []
    # How many there are is said where a page shows the end of them; HEAD counts always.
    assert api.ask("GET", "/keys").headers["Key-Total"] == "5"
    assert api.ask("HEAD", "/keys").headers["Key-Total"] == "5"
    assert api.listed(limit="", offset="", state="", extractable="") == made, "an empty value is none"


def test_states(api):
    keys = {state: api.create()["id"] for state in ("active", "suspended", "destroyed")}
    empty(api.act(keys["suspended"], "disable"))
    empty(api.ask("DELETE", f"/keys/{keys['destroyed']}"))
    by = {
        "": {"active", "suspended"},
        "1": {"active"},
        "2": {"suspended"},
        "5": {"destroyed"},
        "1,5": {"active", "destroyed"},
        "0,1,2,3,5": {"active", "suspended", "destroyed"},
        "3": set(),
    }
    for state, expected in by.items():
        assert set(api.listed(state=state)) == {keys[name] for name in expected}, state
        assert api.total(params={"state": state}) == len(expected), state
    assert set(api.listed(state=["1", "5"])) == {keys["active"], keys["destroyed"]}, "repeated"
    assert api.listed(filter="state=2") == [keys["suspended"]]


def test_extractable(api):
    root, standard = api.create()["id"], api.create(extractable=True)["id"]
    for text in ("true", "True", "TRUE"):
        assert api.listed(extractable=text) == [standard]
        assert api.total(params={"extractable": text}) == 1
    for text in ("false", "False"):
        assert api.listed(extractable=text) == [root]
    assert api.listed(filter="extractable=true") == [standard]


def test_sort(api):
    made = [api.create(extractable=extractable)["id"] for extractable in (True, False, True)]
    assert api.listed(sort="id") == sorted(made)
    assert api.listed(sort="-id") == sorted(made, reverse=True)
    roots_first = [made[1], *sorted([made[0], made[2]])]
    assert api.listed(sort="extractable") == roots_first
    assert api.listed(sort="extractable,-id") == [made[1], *sorted([made[0], made[2]], reverse=True)]
    empty(api.act(made[1], "disable"))
    assert api.listed(sort="-state")[0] == made[1]
    dates = [key["creationDate"] for key in resources(api.ask("GET", "/keys", params={"sort": "creationDate"}), "key")]
    assert dates == sorted(dates)


def test_search(api):
    apple = api.create("Apple tree", aliases=["malus"])["id"]
    pear = api.create("pear tree", aliases=["Pyrus-apple"])["id"]
    plum = api.create("plum")["id"]
    for search, expected in {
        "apple": {apple, pear},
        "APPLE": {apple, pear},
        "name:apple": {apple},
        "alias:apple": {pear},
        "exact:plum": {plum},
        "exact:plu": set(),
        "not:tree": {plum},
        "tree,": {apple, pear},
        plum: {plum},
        "nothing like it": set(),
    }.items():
        assert set(api.listed(search=search)) == expected, search


def test_filter(api):
    old = api.create(expirationDate="2090-01-01T00:00:00Z")["id"]
    never = api.create()["id"]
    for text, expected in {
        'expirationDate=lt:"2091-01-01T00:00:00Z"': {old},
        'expirationDate=gt:"2091-01-01T00:00:00Z"': set(),
        ' expirationDate=gte:"2090-01-01T00:00:00Z"': {old},
        'creationDate=lte:"2089-01-01T00:00:00Z" extractable=false': {old, never},
        "expirationDate=none": {never},
        "lastRotateDate=none": {old, never},
    }.items():
        assert set(api.listed(filter=text)) == expected, text
        assert api.total(params={"filter": text}) == len(expected), text


# Key rings.


def test_a_key_in_a_ring(api):
    ring = api.ring()
    inside, outside = api.create(ring=ring), api.create()
    assert inside["keyRingID"] == ring
    header = {"X-Kms-Key-Ring": ring}
    assert [key["id"] for key in resources(api.ask("GET", "/keys", headers=header), "key")] == [inside["id"]]
    assert api.total(headers=header) == 1
    assert api.total(headers={"X-Kms-Key-Ring": "default"}) == 1
    one(api.ask("GET", f"/keys/{inside['id']}", headers=header), "key")
    refused(api.ask("GET", f"/keys/{outside['id']}", headers=header), 404, "KEY_NOT_FOUND_ERR")


@pytest.mark.parametrize("field", ["keyRingID", "KeyRingID"])
def test_move_to_another_ring(api, field):
    key, ring = api.create()["id"], api.ring()
    moved = one(api.ask("PATCH", f"/keys/{key}", {field: ring}), "key")
    assert (moved["id"], moved["keyRingID"]) == (key, ring)
    assert api.metadata(key)["keyRingID"] == ring
    assert one(api.ask("PATCH", f"/keys/{key}", {field: "default"}), "key")["keyRingID"] == "default"


# Form.


def test_correlation_id(api):
    given = "4a3c1f9e-6a4d-4f0e-9c1b-2d3e4f506172"
    assert api.ask("GET", "/keys", headers={"Correlation-Id": given}).headers["Correlation-Id"] == given
    answers = [api.ask("GET", "/keys") for _ in range(2)]
    assert len({answer.headers["Correlation-Id"] for answer in answers}) == 2


def test_the_headers_case_does_not_matter(api):
    bearer = api.session.headers.pop("Authorization")
    instance = api.session.headers.pop("Bluemix-Instance")
    assert api.ask("GET", "/keys", headers={"authorization": bearer, "bluemix-instance": instance}).status_code == 200


@pytest.mark.parametrize("content_type", [None, "application/json", vendor("key"), "text/plain", "nonsense", "a/b; c=d"])
def test_any_content_type_is_taken(api, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    body = b'{"metadata":{"collectionType":"application/vnd.ibm.kms.key+json","collectionTotal":1},"resources":[{"name":"k"}]}'
    one(api.ask("POST", "/keys", body, headers), "key", 201)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html", None])
def test_any_accept_is_taken(api, accept):
    resources(api.ask("GET", "/keys", headers={"Accept": accept}), "key")


@pytest.mark.parametrize("body", [None, b"", b"null", b"{}"], ids=repr)
@pytest.mark.parametrize("action", ["wrap", "rotate", "disable", "sync"])
def test_an_action_without_a_body(api, action, body):
    key = api.create()["id"]
    answer = api.act(key, action, body)
    if action == "wrap":
        flat(answer, "plaintext", "ciphertext", "keyVersion")
    else:
        empty(answer)


@pytest.mark.parametrize("body", [None, b"null", b"{}"], ids=repr)
def test_an_import_token_without_a_body(house, one_instance, body):
    """One instance for all, for each token costs the server an RSA key."""
    made = flat(
        house.manager(one_instance).ask("POST", "/import_token", body),
        *("creationDate", "expirationDate", "maxAllowedRetrievals", "remainingRetrievals"),
    )
    assert (made["maxAllowedRetrievals"], made["remainingRetrievals"]) == (1, 1)


@pytest.fixture(scope="module")
def one_instance(house):
    return house.instance()


def test_a_body_in_chunks(api):
    text = json.dumps(collection("key", {"name": "key", "extractable": False})).encode()
    one(api.ask("POST", "/keys", data=(text[at : at + 7] for at in range(0, len(text), 7))), "key", 201)


@pytest.mark.parametrize("action, body", [("wrap", {"plaintext": b64(b"text")}), ("rotate", {}), ("disable", None)])
def test_the_deprecated_form_of_actions(api, action, body):
    key = api.create()["id"]
    answer = api.ask("POST", f"/keys/{key}", body, params={"action": action})
    assert answer.status_code == (200 if action == "wrap" else 204), answer.text


def test_no_answer_may_be_cached(api):
    for path in ("/keys", "/keys/nothing"):
        assert api.ask("GET", path).headers["Cache-Control"] == "no-store"
