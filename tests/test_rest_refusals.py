"""Bad input over REST: IBM's status and code for each, and nothing is different afterwards.

A case that names no code is one for which IBM's documentation has a status alone.
"""

import ssl
import time
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest

from rest import NEVER_WAS, Api, b64, collection, one, refused, resources, unauthorized, vendor

MATERIAL = b64(bytes(32))
MIB = 1 << 20


def key(**fields):
    return collection("key", {"name": "key", "extractable": False, **fields})


def field(name):
    return ("field", name)


@pytest.fixture
def untouched(api):
    """The API, of which everything must be as it was when the test ends."""
    api.create(aliases=["rootkey"]), api.create(aliases=["standard"], extractable=True), api.ring()
    before = everything(api)
    yield api
    assert everything(api) == before


def everything(api):
    lists = [("/keys?state=0,1,2,3,5", "key"), ("/key_rings", "key_ring"), ("/instance/policies", "policy")]
    lists += [("/kmip_adapters", "kmip_adapter"), ("/keys/rootkey/policies", "policy"), ("/keys/standard/policies", "policy")]
    return [resources(api.ask("GET", path), kind) for path, kind in lists]


BODIES = {
    "no body": (None, ["NO_BODY_ERR", "BAD_BODY_ERR"], None),
    "empty body": (b"", ["NO_BODY_ERR", "BAD_BODY_ERR"], None),
    "null": (b"null", ["NO_BODY_ERR", "BAD_BODY_ERR"], None),
    "empty object": ({}, ["NO_BODY_ERR", "BAD_BODY_ERR"], None),
    "no JSON": (b"{", ["BAD_BODY_ERR"], None),
    "no text": (b"\xff\xfe", ["BAD_BODY_ERR"], None),
    "an array": ([], ["BAD_BODY_ERR"], None),
    "a number": (b"7", ["BAD_BODY_ERR"], None),
    "two documents": (b"{}{}", ["BAD_BODY_ERR"], None),
    "unknown field": (key(nmae="x"), ["BAD_BODY_ERR"], None),
    "unknown field beside the resources": ({**key(), "extra": 1}, ["BAD_BODY_ERR"], None),
    "empty metadata": ({"metadata": {}, "resources": [{"name": "key"}]}, ["BAD_BODY_ERR"], None),
    "no metadata": ({"resources": [{"name": "key"}]}, ["BAD_BODY_ERR"], None),
    "no resources": ({"metadata": key()["metadata"]}, ["BAD_BODY_ERR"], None),
    "total too high": (collection("key", {"name": "key"}, total=2), ["COLLECTION_TOTAL_MISMATCH_ERR"], None),
    "total too low": (collection("key", {"name": "key"}, total=0), ["COLLECTION_TOTAL_MISMATCH_ERR"], None),
    "two keys": (collection("key", {"name": "a"}, {"name": "b"}), ["BAD_BODY_ERR", "NUM_COLLECTION_RESOURCE_ERR"], None),
    "no key": (collection("key"), ["BAD_BODY_ERR", "NUM_COLLECTION_RESOURCE_ERR"], None),
    "no name": (collection("key", {"extractable": False}), ["BAD_BODY_ERR", "INVALID_FIELD_ERR"], None),
    "empty name": (key(name=""), ["INVALID_FIELD_ERR"], field("name")),
    "long name": (key(name="n" * 91), ["INVALID_FIELD_ERR"], field("name")),
    "name is a number": (key(name=7), ["BAD_BODY_ERR", "INVALID_FIELD_ERR"], None),
    "short description": (key(description="d"), ["INVALID_FIELD_ERR"], field("description")),
    "long description": (key(description="d" * 241), ["INVALID_FIELD_ERR"], field("description")),
    "extractable is a text": (key(extractable="yes"), ["BAD_BODY_ERR", "INVALID_FIELD_ERR"], None),
    "payload is no base64": (key(payload="%%%"), ["INVALID_FIELD_ERR"], field("payload")),
    "payload of 15 bytes": (key(payload=b64(bytes(15))), ["INVALID_FIELD_ERR"], field("payload")),
    "payload of 33 bytes": (key(payload=b64(bytes(33))), ["INVALID_FIELD_ERR"], field("payload")),
    "long standard payload": (
        key(payload=b64(bytes(7501)), extractable=True),
        ["INVALID_FIELD_ERR"],
        field("payload"),
    ),
    "expired": (key(expirationDate="2020-01-01T00:00:00Z"), ["INVALID_FIELD_ERR"], field("expirationDate")),
    "no date": (key(expirationDate="tomorrow"), ["INVALID_FIELD_ERR", "BAD_BODY_ERR"], None),
    "31 tags": (key(tags=["t"] * 31), ["INVALID_FIELD_ERR"], field("tags")),
    "long tag": (key(tags=["t" * 31]), ["INVALID_FIELD_ERR"], field("tags")),
    **{f"tag with {sign}": (key(tags=[f"a{sign}b"]), ["INVALID_FIELD_ERR"], field("tags")) for sign in "<>,:&|"},
    "six aliases": (key(aliases=[f"alias-{number}" for number in range(6)]), ["INVALID_FIELD_ERR"], None),
    "alias of one character": (key(aliases=["a"]), ["INVALID_FIELD_ERR"], None),
    "alias of 91": (key(aliases=["a" * 91]), ["INVALID_FIELD_ERR"], None),
    "alias with a space": (key(aliases=["a b"]), ["INVALID_FIELD_ERR"], None),
    "alias is a UUID": (key(aliases=["1b4e28ba-2fa1-4ad2-883f-0016d3cca427"]), ["INVALID_FIELD_ERR"], None),
    "nonce alone": (key(payload=MATERIAL, encryptedNonce=MATERIAL), [], None),
}


@pytest.mark.parametrize("body, codes, target", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ["/keys", "/keys_with_policy_overrides"])
def test_a_key_that_can_not_be_made(untouched, path, body, codes, target):
    refused(untouched.ask("POST", path, body), 400, *codes, target=target)


RESERVED = """allowed_ip key keys metadata policy policies registration registrations ring rings rotate wrap unwrap rewrap
version versions""".split()


@pytest.mark.parametrize("alias", RESERVED)
def test_a_reserved_alias(untouched, alias):
    refused(untouched.ask("POST", "/keys", key(aliases=[alias])), 400, "INVALID_FIELD_ERR")
    refused(untouched.ask("POST", f"/keys/rootkey/aliases/{alias}"), 400, "INVALID_FIELD_ERR")


@pytest.mark.parametrize(
    "overrides",
    [
        {"rotation": {"enabled": True, "interval_month": 0}},
        {"rotation": {"enabled": True, "interval_month": 13}},
        {"rotation": {"enabled": True}},
        {"rotation": {"enabled": True, "interval_month": 3}, "extractable": True},
        {"rotation": {"enabled": True, "interval_month": 3}, "payload": MATERIAL},
        {"dualAuthDelete": {"enabled": "yes"}},
    ],
    ids=str,
)
def test_overrides_that_can_not_be(untouched, overrides):
    refused(untouched.ask("POST", "/keys_with_policy_overrides", key(**overrides)), 400)


def test_overrides_are_no_fields_of_a_plain_key(untouched):
    body = key(rotation={"enabled": True, "interval_month": 3})
    refused(untouched.ask("POST", "/keys", body), 400, "BAD_BODY_ERR")


def test_an_oversized_body(untouched):
    """IBM gives no limit; ours is one MiB, and the answer comes in the same form."""
    body = b" " * (MIB + 1)
    for path in ("/keys", "/keys/rootkey/actions/wrap", "/import_token"):
        answer = untouched.ask("POST", path, body)
        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == vendor("error")


def test_a_body_of_the_limits_size(api):
    text = b'{"metadata":{"collectionType":"application/vnd.ibm.kms.key+json","collectionTotal":1},"resources":[{"name":"k"}]}'
    one(api.ask("POST", "/keys", text + b" " * (MIB - len(text))), "key", 201)


LONG_AAD = ["a"] * 127
ACTIONS = [
    # action, key, body, status, codes, target
    ("wrap", "rootkey", {"plaintext": "%%%"}, 400, ["INVALID_FIELD_ERR"], field("plaintext")),
    ("wrap", "rootkey", {"plaintext": 7}, 400, ["BAD_BODY_ERR", "INVALID_FIELD_ERR"], None),
    ("wrap", "rootkey", {"plaintext": b64(bytes(8000))}, 400, ["INVALID_FIELD_ERR"], field("plaintext")),
    ("wrap", "rootkey", {"plaintext": MATERIAL, "aad": LONG_AAD}, 400, ["INVALID_FIELD_ERR"], field("aad")),
    ("wrap", "rootkey", {"plaintext": MATERIAL, "aad": ["a" * 256]}, 400, ["INVALID_FIELD_ERR"], field("aad")),
    ("wrap", "rootkey", {"plaintext": MATERIAL, "aad": "a"}, 400, ["BAD_BODY_ERR", "INVALID_FIELD_ERR"], None),
    ("wrap", "rootkey", {"plaintxt": MATERIAL}, 400, ["BAD_BODY_ERR"], None),
    ("wrap", "rootkey", b"{", 400, ["BAD_BODY_ERR"], None),
    ("unwrap", "rootkey", {"ciphertext": "%%%"}, 400, ["INVALID_FIELD_ERR"], field("ciphertext")),
    ("unwrap", "rootkey", {"ciphertext": MATERIAL}, 422, ["UNPROCESSABLE_CIPHERTEXT_ERR"], None),
    ("unwrap", "rootkey", {}, 400, ["BAD_BODY_ERR", "INVALID_FIELD_ERR", "NO_BODY_ERR"], None),
    ("unwrap", "rootkey", None, 400, ["BAD_BODY_ERR", "INVALID_FIELD_ERR", "NO_BODY_ERR"], None),
    ("rewrap", "rootkey", {"ciphertext": "%%%"}, 400, ["INVALID_FIELD_ERR"], field("ciphertext")),
    ("rewrap", "rootkey", {"ciphertext": MATERIAL}, 422, ["UNPROCESSABLE_CIPHERTEXT_ERR"], None),
    ("rotate", "rootkey", {"payload": "%%%"}, 400, [], None),
    ("rotate", "rootkey", {"paylod": MATERIAL}, 400, ["BAD_BODY_ERR"], None),
    ("wrap", "standard", {"plaintext": MATERIAL}, 400, ["KEY_ROOT_REQ_ERR"], None),
    ("unwrap", "standard", {"ciphertext": MATERIAL}, 400, ["KEY_ROOT_REQ_ERR"], None),
    ("rewrap", "standard", {"ciphertext": MATERIAL}, 400, ["KEY_ROOT_REQ_ERR"], None),
    ("rotate", "standard", None, 400, ["KEY_ROOT_REQ_ERR"], None),
    *[
        (action, NEVER_WAS, None, 404, ["KEY_NOT_FOUND_ERR"], None)
        for action in "wrap rotate enable disable sync setKeyForDeletion unsetKeyForDeletion".split()
    ],
    *[
        (action, "no-such-alias", {"ciphertext": MATERIAL}, 404, ["KEY_NOT_FOUND_ERR"], None)
        for action in ("unwrap", "rewrap")
    ],
    ("melt", "rootkey", {}, 404, [], None),
]


@pytest.mark.parametrize("action, name, body, status, codes, target", ACTIONS, ids=lambda value: str(value)[:40])
def test_an_action_that_can_not_be(untouched, action, name, body, status, codes, target):
    refused(untouched.act(name, action, body), status, *codes, target=target)


def test_an_unknown_action_in_the_deprecated_form(untouched):
    refused(untouched.ask("POST", "/keys/rootkey", {}, params={"action": "melt"}), 400)
    refused(untouched.ask("POST", "/keys/rootkey", {}), 400)


QUERIES = [
    ("/keys", "limit", ["0", "5001", "-1", "many", "1.5"]),
    ("/keys", "offset", ["-1", "first"]),
    ("/keys", "state", ["4", "9", "active", "1,9"]),
    ("/keys", "extractable", ["maybe", "2"]),
    ("/keys", "sort", ["size", "-", "id,colour"]),
    ("/keys", "filter", ["colour=red", "state", "state=nine", 'creationDate=lt:"yesterday"', "creationDate=near:2020"]),
    ("/keys/rootkey/versions", "limit", ["0", "many"]),
    ("/keys/rootkey/versions", "allKeyStates", ["perhaps"]),
    ("/keys/rootkey/versions", "totalCount", ["perhaps"]),
    ("/keys/rootkey/policies", "policy", ["colour"]),
    ("/instance/policies", "policy", ["colour"]),
    ("/keys/registrations", "limit", ["0", "5001"]),
    ("/key_rings", "limit", ["0", "5001"]),
    ("/kmip_adapters", "limit", ["0", "201"]),
    ("/kmip_adapters", "totalCount", ["perhaps"]),
]


@pytest.mark.parametrize(
    "path, name, value", [(path, name, value) for path, name, values in QUERIES for value in values]
)
def test_a_query_that_can_not_be(untouched, path, name, value):
    answer = untouched.ask("GET", path, params={name: value})
    refused(answer, 400, "INVALID_QUERY_PARAM_ERR", target=("query_param", name))


@pytest.mark.parametrize("legacy", [{"state": "1"}, {"extractable": "true"}])
def test_a_filter_beside_its_legacy_parameter(untouched, legacy):
    ((name, value),) = legacy.items()
    refused(untouched.ask("GET", "/keys", params={**legacy, "filter": f"{name}={value}"}), 400)


def test_four_conditions_on_one_property(untouched):
    text = " ".join(f'creationDate=lt:"20{year}-01-01T00:00:00Z"' for year in range(90, 94))
    refused(untouched.ask("GET", "/keys", params={"filter": text}), 400)


# Policies.


def policy(*fields, total=None):
    return collection("policy", *({"type": vendor("policy"), **each} for each in fields), total=total)


MONTHS = {"rotation": {"enabled": True, "interval_month": 3}}
DUAL = {"dualAuthDelete": {"enabled": True}}
KEY_POLICIES = {
    "another policy": ("dualAuthDelete", policy(MONTHS), ["BODY_QUERY_PARAM_MISMATCH_ERR"]),
    "yet another": ("rotation", policy(DUAL), ["BODY_QUERY_PARAM_MISMATCH_ERR"]),
    "two of them": ("rotation", policy(MONTHS, MONTHS), ["NUM_COLLECTION_RESOURCE_ERR"]),
    "total": (None, policy(MONTHS, total=2), ["COLLECTION_TOTAL_MISMATCH_ERR"]),
    "unknown policy": (None, policy({"colour": {"enabled": True}}), ["BAD_BODY_ERR"]),
    "unknown field": (None, policy({"rotation": {"interval_month": 3, "colour": 1}}), ["BAD_BODY_ERR"]),
    "no month": (None, policy({"rotation": {"enabled": True, "interval_month": 0}}), ["INVALID_FIELD_ERR"]),
    "13 months": (None, policy({"rotation": {"enabled": True, "interval_month": 13}}), ["INVALID_FIELD_ERR"]),
    "a text": (None, policy({"rotation": {"interval_month": "three"}}), ["BAD_BODY_ERR", "INVALID_FIELD_ERR"]),
    "nothing": (None, policy({}), []),
    "no body": (None, None, ["NO_BODY_ERR", "BAD_BODY_ERR"]),
    "no such parameter": ("colour", policy(MONTHS), ["INVALID_QUERY_PARAM_ERR", "BODY_QUERY_PARAM_MISMATCH_ERR"]),
}


@pytest.mark.parametrize("name, body, codes", KEY_POLICIES.values(), ids=KEY_POLICIES)
def test_a_key_policy_that_can_not_be(untouched, name, body, codes):
    answer = untouched.ask("PUT", "/keys/rootkey/policies", body, params={"policy": name} if name else {})
    refused(answer, 400, *codes)


def rule(policy_type, enabled, **attributes):
    data = {"enabled": enabled} | ({"attributes": attributes} if attributes else {})
    return {"policy_type": policy_type, "policy_data": data}


INSTANCE_POLICIES = {
    "unknown": (None, [rule("colour", True)], []),
    "no attributes to enable rotation": (None, [rule("rotation", True)], []),
    "no attributes to enable addresses": (None, [rule("allowedIP", True)], []),
    "no attributes to enable networks": (None, [rule("allowedNetwork", True)], []),
    "no attributes to disable networks": (None, [rule("allowedNetwork", False)], []),
    "attributes to disable rotation": (None, [rule("rotation", False, interval_month=3)], []),
    "attributes to disable addresses": (None, [rule("allowedIP", False, allowed_ip=["192.0.2.1"])], []),
    "attributes that it has not": (None, [rule("metrics", True, colour="red")], []),
    "attributes of another": (None, [rule("rotation", True, allowed_ip=["192.0.2.1"])], []),
    "no month": (None, [rule("rotation", True, interval_month=0)], ["INVALID_FIELD_ERR"]),
    "13 months": (None, [rule("rotation", True, interval_month=13)], ["INVALID_FIELD_ERR"]),
    "no network": (None, [rule("allowedNetwork", True, allowed_network="mine")], []),
    "no address": (None, [rule("allowedIP", True, allowed_ip=["nowhere"])], ["INVALID_FIELD_ERR"]),
    "no block": (None, [rule("allowedIP", True, allowed_ip=["192.0.2.0/33"])], ["INVALID_FIELD_ERR"]),
    "no addresses": (None, [rule("allowedIP", True, allowed_ip=[])], []),
    "1001 addresses": (None, [rule("allowedIP", True, allowed_ip=["127.0.0.0/8"] * 1001)], ["INVALID_FIELD_ERR"]),
    "twice the same": (None, [rule("metrics", True), rule("metrics", True)], []),
    "another policy": ("metrics", [rule("dualAuthDelete", True)], ["BODY_QUERY_PARAM_MISMATCH_ERR"]),
    "two where one is named": (
        "metrics",
        [rule("metrics", True), rule("dualAuthDelete", True)],
        ["NUM_COLLECTION_RESOURCE_ERR", "BODY_QUERY_PARAM_MISMATCH_ERR"],
    ),
    "none": (None, [], []),
    "no type": (None, [{"policy_data": {"enabled": True}}], []),
    "unknown field": (None, [{**rule("metrics", True), "colour": 1}], ["BAD_BODY_ERR"]),
}


@pytest.mark.parametrize("name, given, codes", INSTANCE_POLICIES.values(), ids=INSTANCE_POLICIES)
def test_an_instance_policy_that_can_not_be(untouched, name, given, codes):
    params = {"policy": name} if name else {}
    refused(untouched.ask("PUT", "/instance/policies", collection("policy", *given), params=params), 400, *codes)


# Import tokens, rings, aliases, moves.


@pytest.mark.parametrize(
    "body",
    [
        {"expiration": 299},
        {"expiration": 86401},
        {"expiration": -1},
        {"expiration": "long"},
        {"maxAllowedRetrievals": 0},
        {"maxAllowedRetrievals": 501},
        b"{",
    ],
    ids=str,
)
def test_an_import_token_that_can_not_be(untouched, body):
    refused(untouched.ask("POST", "/import_token", body), 400)
    refused(untouched.ask("GET", "/import_token"), 404)


@pytest.mark.parametrize("ring", ["r", "r" * 101, "a%20b", "a%2Fb", "%C3%A4%C3%A4"])
def test_a_ring_that_can_not_be(untouched, ring):
    refused(untouched.ask("POST", f"/key_rings/{ring}"), 400)


def test_a_ring_that_is_there(untouched):
    ring = resources(untouched.ask("GET", "/key_rings"), "key_ring")[-1]["id"]
    refused(untouched.ask("POST", f"/key_rings/{ring}"), 409)


def test_a_ring_that_is_not_there(untouched):
    refused(untouched.ask("DELETE", "/key_rings/nowhere"), 404)
    for answer in (
        untouched.ask("PATCH", "/keys/rootkey", {"keyRingID": "nowhere"}),
        untouched.ask("POST", "/keys", key(), {"X-Kms-Key-Ring": "nowhere"}),
    ):
        assert answer.status_code in (400, 404), answer.text


@pytest.mark.parametrize("body", [{}, {"keyRingID": ""}, {"keyRingID": 7}, {"colour": 1}])
def test_a_move_that_can_not_be(untouched, body):
    refused(untouched.ask("PATCH", "/keys/rootkey", body), 400)


@pytest.mark.parametrize("alias", ["a", "a" * 91, "a%20b", "1b4e28ba-2fa1-4ad2-883f-0016d3cca427", "%C3%A4%C3%A4"])
def test_an_alias_that_can_not_be(untouched, alias):
    refused(untouched.ask("POST", f"/keys/rootkey/aliases/{alias}"), 400, "INVALID_FIELD_ERR")


def test_an_alias_that_is_not_there(untouched):
    refused(untouched.ask("DELETE", "/keys/rootkey/aliases/another"), 404)
    refused(untouched.ask("DELETE", "/keys/rootkey/aliases/standard"), 404)
    refused(untouched.ask("POST", f"/keys/{NEVER_WAS}/aliases/new"), 404, "KEY_NOT_FOUND_ERR")


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", ""),
        ("GET", "/metadata"),
        ("GET", "/versions"),
        ("GET", "/policies"),
        ("GET", "/registrations"),
        ("DELETE", ""),
        ("POST", "/restore"),
    ],
)
@pytest.mark.parametrize("name", [NEVER_WAS, "no-such-alias", "..%2F..", "%00", "x" * 1000])
def test_a_key_that_is_not_there(untouched, method, path, name):
    refused(untouched.ask(method, f"/keys/{name}{path}"), 404, "KEY_NOT_FOUND_ERR")


# Places and methods that are not there.


@pytest.mark.parametrize("path", ["/key", "/keys/rootkey/nothing", "/kmip_adapters/a/nothing", "/event_ack"])
def test_a_path_that_is_not_there(untouched, path):
    refused(untouched.ask("GET", path), 404)


@pytest.mark.parametrize("method, path", [("PUT", "/keys"), ("POST", "/keys/rootkey/metadata"), ("PATCH", "/import_token")])
def test_a_method_that_is_not_there(untouched, method, path):
    answer = untouched.ask(method, path, {})
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == vendor("error")


# The instance.


@pytest.mark.parametrize("instance", [NEVER_WAS, "no-uuid", "", "*", "default"])
def test_another_instance_is_no_access(server, untouched, instance):
    stranger = Api(server, server.api_key)
    for method, path in [("GET", "/keys"), ("POST", "/keys"), ("HEAD", "/keys"), ("GET", "/instance/policies")]:
        answer = stranger.ask(method, path, key() if method == "POST" else None, {"Bluemix-Instance": instance})
        if instance:
            unauthorized(answer)
        else:
            assert answer.status_code in (400, 401)


def test_without_an_instance(server, untouched):
    assert Api(server, server.api_key).ask("GET", "/keys").status_code in (400, 401)


def test_another_instances_key_is_as_one_that_never_was(house, api):
    """Also for those who may see it there."""
    theirs, mine = api.create()["id"], house.manager()
    for method, path in [("GET", ""), ("GET", "/metadata"), ("DELETE", ""), ("POST", "/actions/rotate")]:
        answers = [mine.ask(method, f"/keys/{each}{path}") for each in (theirs, NEVER_WAS)]
        for answer in answers:
            refused(answer, 404, "KEY_NOT_FOUND_ERR")
        texts = [answer.text.replace(theirs, NEVER_WAS) for answer in answers]
        assert texts[0] == texts[1]
    assert api.metadata(theirs)["state"] == 1


# A request that is refused before its body was read: the next one comes through on the same connection, or the answer says that there
# is none (RFC 9112, section 9.6).


class Slow:
    """A connection of which each part is sent by hand, and which is never opened again."""

    def __init__(self, api):
        address = urlsplit(api.server.url)
        self.connection = HTTPSConnection(
            address.hostname, address.port, timeout=30, context=ssl.create_default_context(cafile=api.server.ca)
        )
        self.connection.connect()
        self.connection.auto_open = False
        self.headers = api.session.headers

    def begin(self, path, **headers):
        self.connection.putrequest("POST", "/api/v2" + path)
        for name in ("Authorization", "Bluemix-Instance"):
            self.connection.putheader(name, self.headers[name])
        for name, value in headers.items():
            self.connection.putheader(name.replace("_", "-"), value)
        self.connection.endheaders()

    def answer(self):
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Connection"]


@pytest.fixture
def slow(house, api):
    """Somebody who may not use keys."""
    slow = Slow(house.person("Viewer", instance=api.instance))
    yield slow
    slow.connection.close()


WRAP = "/keys/rootkey/actions/wrap"


@pytest.mark.parametrize("path", [WRAP, "/keys/rootkey/actions/enable", "/nothing/here"])
def test_a_body_that_comes_after_the_refusal(slow, path):
    for _ in range(3):
        slow.begin(path, Content_Length="2")
        time.sleep(0.2)
        slow.connection.send(b"{}")
        status, connection = slow.answer()
        assert (status, connection) == (404 if path == "/nothing/here" else 401, None)


def test_a_chunked_body_that_comes_after_the_refusal(slow):
    for _ in range(3):
        slow.begin(WRAP, Transfer_Encoding="chunked")
        for chunk in (b"1\r\n{\r\n", b"1\r\n}\r\n", b"0\r\n\r\n"):
            time.sleep(0.1)
            slow.connection.send(chunk)
        assert slow.answer() == (401, None)


def test_a_body_that_is_done_and_not_asked_for(api):
    """Also where all went well."""
    key, slow = api.create()["id"], Slow(api)
    for _ in range(3):
        slow.begin(f"/keys/{key}/actions/disable", Content_Length="2")
        time.sleep(0.2)
        slow.connection.send(b"{}")
        status, connection = slow.answer()
        assert status in (204, 409) and connection is None
    slow.connection.close()


def test_a_body_that_never_comes(slow):
    slow.begin(WRAP, Content_Length="2")
    assert slow.answer() == (401, "close")


def test_a_body_that_waits_to_be_asked_for(slow):
    """It is not asked for only to be thrown away (RFC 9110, section 10.1.1): there is no 100 before the answer."""
    slow.begin(WRAP, Content_Length="2", Expect="100-continue")
    head = slow.connection.sock.recv(4096)
    assert head.startswith(b"HTTP/1.1 401") and b"\r\nconnection: close\r\n" in head.lower()


def test_a_body_of_many_times_the_limit(api):
    for _ in range(2):
        assert api.ask("POST", "/keys", b" " * (8 * MIB)).status_code == 413


def test_a_body_that_has_no_end(slow):
    """It is not read for ever."""
    slow.begin(WRAP, Transfer_Encoding="chunked")
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    with pytest.raises(OSError):
        for _ in range(256):
            slow.connection.send(chunk)
