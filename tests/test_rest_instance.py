"""What an instance has beside keys, over REST: policies, the import token, key rings, aliases, registrations.

(Key Protect API: "Policies", "Import tokens", "Key rings", "Key aliases", "Registrations")
"""

import os

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from prometheus_client.parser import text_string_to_metric_families

from rest import (
    DATE,
    b64,
    collection,
    empty,
    flat,
    fresh,
    one,
    refused,
    resources,
    unauthorized,
    unb64,
    vendor,
)

MATERIAL = bytes(range(32))


# Policies of a key.


def policy(**fields):
    return collection("policy", {"type": vendor("policy"), **fields})


def policies(api, key, **params):
    return resources(api.ask("GET", f"/keys/{key}/policies", params=params), "policy")


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"rotation": {"enabled": True, "interval_month": 3}}, {"enabled": True, "interval_month": 3}),
        ({"rotation": {"interval_month": 12}}, {"enabled": True, "interval_month": 12}),
        ({"dualAuthDelete": {"enabled": False}}, {"enabled": False}),
        ({"dualAuthDelete": {"enabled": True}}, {"enabled": True}),
    ],
    ids=str,
)
@pytest.mark.parametrize("named", [True, False])
def test_key_policy(api, fields, expected, named):
    ((name, _),) = fields.items()
    key = api.create()["id"]
    assert policies(api, key) == []
    params = {"policy": name} if named else {}
    put = one(api.ask("PUT", f"/keys/{key}/policies", policy(**fields), params=params), "policy")
    (got,) = policies(api, key, **params)
    for each in (put, got):
        assert expected.items() <= each[name].items()
        assert each["type"] == vendor("policy")
    assert {"id", "crn", "createdBy", "creationDate", "updatedBy", "lastUpdateDate"} <= set(got)
    assert DATE.fullmatch(got["creationDate"])
    shown = api.metadata(key)[name]
    assert expected.items() <= shown.items()
    other = {"rotation": "dualAuthDelete", "dualAuthDelete": "rotation"}[name]
    assert policies(api, key, policy=other) == []


def test_a_disabled_rotation_policy_keeps_its_interval(api):
    key = api.create()["id"]
    for rotation in ({"enabled": True, "interval_month": 4}, {"enabled": False}):
        one(api.ask("PUT", f"/keys/{key}/policies", policy(rotation=rotation)), "policy")
    (found,) = policies(api, key)
    assert found["rotation"] == {"enabled": False, "interval_month": 4}


def test_both_policies_are_listed(api):
    key = api.create()["id"]
    one(api.ask("PUT", f"/keys/{key}/policies", policy(rotation={"enabled": True, "interval_month": 1})), "policy")
    one(api.ask("PUT", f"/keys/{key}/policies", policy(dualAuthDelete={"enabled": True})), "policy")
    assert {name for each in policies(api, key) for name in each} >= {"rotation", "dualAuthDelete"}


def test_dual_authorization_stays(api):
    key = api.create()["id"]
    one(api.ask("PUT", f"/keys/{key}/policies", policy(dualAuthDelete={"enabled": True})), "policy")
    assert 400 <= api.ask("PUT", f"/keys/{key}/policies", policy(dualAuthDelete={"enabled": False})).status_code < 500
    assert api.metadata(key)["dualAuthDelete"]["enabled"] is True


def test_only_generated_root_keys_rotate_by_themselves(api):
    for fields in ({"extractable": True}, {"payload": b64(MATERIAL)}):
        key = api.create(**fields)["id"]
        refused(api.ask("PUT", f"/keys/{key}/policies", policy(rotation={"enabled": True, "interval_month": 3})), 400)
        assert policies(api, key) == []


# Policies of an instance.

ACCESS = {
    "create_root_key": True,
    "create_standard_key": True,
    "import_root_key": True,
    "import_standard_key": True,
    "enforce_token": False,
}


def rule(policy_type, enabled=True, **attributes):
    data = {"enabled": enabled} | ({"attributes": attributes} if attributes else {})
    return {"policy_type": policy_type, "policy_data": data}


def put_rules(api, *rules, **params):
    return api.ask("PUT", "/instance/policies", collection("policy", *rules), params=params)


def rules(api, **params):
    return {
        each["policy_type"]: each for each in resources(api.ask("GET", "/instance/policies", params=params), "policy")
    }


@pytest.mark.parametrize(
    "given",
    [
        rule("dualAuthDelete"),
        rule("dualAuthDelete", False),
        rule("allowedNetwork", allowed_network="public-and-private"),
        rule("allowedNetwork", False, allowed_network="public-and-private"),
        rule("allowedIP", allowed_ip=["127.0.0.0/8", "192.0.2.1", "2001:db8::/32"]),
        rule("keyCreateImportAccess", **ACCESS),
        rule("keyCreateImportAccess", **ACCESS | {"import_root_key": False, "enforce_token": True}),
        rule("metrics"),
        rule("metrics", False),
        rule("rotation", interval_month=6),
    ],
    ids=lambda given: f"{given['policy_type']}-{given['policy_data']['enabled']}",
)
@pytest.mark.parametrize("named", [True, False])
def test_instance_policy(api, given, named):
    assert rules(api) == {}
    name = given["policy_type"]
    params = {"policy": name} if named else {}
    empty(put_rules(api, given, **params))
    (found,) = rules(api, **params).values()
    assert found["policy_data"]["enabled"] == given["policy_data"]["enabled"]
    attributes = given["policy_data"].get("attributes", {})
    assert found["policy_data"].get("attributes", {}).items() >= attributes.items()
    assert {"createdBy", "creationDate", "updatedBy", "lastUpdated"} <= set(found)
    assert rules(api, policy="metrics" if name != "metrics" else "rotation") == {}


def test_several_policies_at_once(api):
    empty(put_rules(api, rule("metrics"), rule("rotation", interval_month=2), rule("dualAuthDelete")))
    assert set(rules(api)) == {"metrics", "rotation", "dualAuthDelete"}


def test_one_bad_policy_spoils_all(api):
    refused(put_rules(api, rule("metrics"), rule("rotation", interval_month=13)), 400)
    assert rules(api) == {}


def test_a_disabled_policy_stays_in_the_list(api):
    empty(put_rules(api, rule("rotation", interval_month=2)))
    empty(put_rules(api, rule("rotation", False)))
    assert rules(api)["rotation"]["policy_data"]["enabled"] is False


def test_instance_policies_are_for_new_keys(api):
    old = api.create()["id"]
    empty(put_rules(api, rule("rotation", interval_month=2), rule("dualAuthDelete")))
    new = api.create()
    assert new["rotation"].items() >= {"enabled": True, "interval_month": 2}.items()
    assert new["dualAuthDelete"]["enabled"] is True
    assert policies(api, old) == []
    empty(put_rules(api, rule("rotation", False), rule("dualAuthDelete", False)))
    assert policies(api, api.create()["id"]) == []
    assert len(policies(api, new["id"])) == 2


@pytest.mark.parametrize(
    "forbidden, fields",
    [
        ("create_root_key", {"extractable": False}),
        ("create_standard_key", {"extractable": True}),
        ("import_root_key", {"extractable": False, "payload": b64(MATERIAL)}),
        ("import_standard_key", {"extractable": True, "payload": b64(MATERIAL)}),
    ],
)
def test_key_create_import_access(api, forbidden, fields):
    empty(put_rules(api, rule("keyCreateImportAccess", **ACCESS | {forbidden: False})))
    kinds = [{"extractable": False}, {"extractable": True}]
    kinds += [{**each, "payload": b64(MATERIAL)} for each in kinds]
    for each in kinds:
        answer = api.ask("POST", "/keys", collection("key", {"name": "key", **each}))
        if each == fields:
            refused(answer, 409, "KEY_CREATE_IMPORT_ACCESS_ERR")
        else:
            assert answer.status_code == 201, answer.text
    assert api.total() == 3


def test_key_create_import_access_guards_rotation(api):
    key = api.create()["id"]
    empty(put_rules(api, rule("keyCreateImportAccess", **ACCESS | {"create_root_key": False})))
    refused(api.act(key, "rotate"), 409, "KEY_CREATE_IMPORT_ACCESS_ERR")


def test_enforce_token_lets_nothing_in_without_one(api):
    empty(put_rules(api, rule("keyCreateImportAccess", **ACCESS | {"enforce_token": True})))
    body = collection("key", {"name": "key", "extractable": False, "payload": b64(MATERIAL)})
    refused(api.ask("POST", "/keys", body), 409, "KEY_CREATE_IMPORT_ACCESS_ERR")
    assert api.total() == 0


def test_an_address_that_is_not_allowed(api):
    """Who is shut out is shut out of everything in this instance, and of nothing in others. The installation's administrator alone
    gets at the policies still, so that no mistake locks everybody out."""
    other = api.elsewhere(api.instance)
    empty(put_rules(api, rule("allowedIP", allowed_ip=[api.session.get_adapter("https://").address])))
    assert api.total() == 0
    for method, path in [("GET", "/keys"), ("GET", "/key_rings"), ("HEAD", "/keys")]:
        unauthorized(other.ask(method, path))
    empty(put_rules(api, rule("allowedIP", False)))
    assert other.total() == 0


def test_allowed_ip_port(api):
    assert resources(api.ask("GET", "/instance/allowed_ip_port"), "allowed_ip_metadata") == []


def metrics(api):
    """What Prometheus itself would read: metric, action and status, with the value."""
    answer = api.ask("GET", "/api/v1/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
    families = list(text_string_to_metric_families(answer.text))
    assert {(family.name, family.type) for family in families} == {
        ("ibm_kms_api_request_gauge", "gauge"),
        ("ibm_kms_api_latency_gauge", "gauge"),
    }
    samples = [sample for family in families for sample in family.samples]
    assert all(sample.labels["ibm_resource"] == api.instance for sample in samples)
    labels = ("ibm_kms_api", "ibm_kms_response_code")
    return {(sample.name, *(sample.labels[label] for label in labels)): sample.value for sample in samples}


def test_metrics(api):
    refused(api.ask("GET", "/api/v1/metrics"), 409, "METRICS_DISABLED_ERR")
    empty(put_rules(api, rule("metrics")))
    assert metrics(api).keys() == {(f"ibm_kms_api_{what}_gauge", "kms.instance-policies.write", "204") for what in ("request", "latency")}
    for _ in range(3):
        api.create()
    api.ask("GET", "/keys/none")
    counted = metrics(api)
    assert counted["ibm_kms_api_request_gauge", "kms.secrets.create", "201"] == 3
    assert counted["ibm_kms_api_request_gauge", "kms.secrets.read", "404"] == 1
    assert 0 < counted["ibm_kms_api_latency_gauge", "kms.secrets.create", "201"] < 60_000
    empty(put_rules(api, rule("metrics", False)))
    refused(api.ask("GET", "/api/v1/metrics"), 409, "METRICS_DISABLED_ERR")


# The import token.

TOKEN = ("creationDate", "expirationDate", "maxAllowedRetrievals", "remainingRetrievals")


def post_token(api, **fields):
    return flat(api.ask("POST", "/import_token", fields), *TOKEN)


def get_token(api):
    return flat(api.ask("GET", "/import_token"), *TOKEN, "payload", "nonce")


def sealed(kit, material, **changes):
    """The material as a customer sends it: key-protect's recipe, step by step."""
    public = serialization.load_pem_public_key(unb64(kit["payload"]))
    assert public.key_size == 4096
    nonce, iv = unb64(kit["nonce"]), os.urandom(12)
    assert len(nonce) == 12
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    fields = {
        "payload": b64(public.encrypt(material, oaep)),
        "encryptedNonce": b64(AESGCM(material).encrypt(iv, nonce, None)),
        "iv": b64(iv),
        "encryptionAlgorithm": "RSAES_OAEP_SHA_256",
    }
    return {"name": "key", "extractable": False, **fields, **changes}


@pytest.fixture(scope="module")
def importer(house):
    """An instance with an import token that can be had often: each costs the server an RSA key."""
    api = house.manager()
    made = post_token(api, expiration=300, maxAllowedRetrievals=500)
    assert (made["maxAllowedRetrievals"], made["remainingRetrievals"]) == (500, 500)
    assert DATE.fullmatch(made["creationDate"]) and made["creationDate"] < made["expirationDate"]
    return api


def test_an_import_token_is_used_up(api):
    refused(api.ask("GET", "/import_token"), 404)
    made = post_token(api, maxAllowedRetrievals=2)
    assert made["remainingRetrievals"] == 2
    kits = [get_token(api), get_token(api)]
    assert [kit["remainingRetrievals"] for kit in kits] == [1, 0]
    assert kits[0]["payload"] == kits[1]["payload"]
    refused(api.ask("GET", "/import_token"), 409, "IMPORT_TOKEN_EXPIRED_ERR")


@pytest.mark.parametrize("length", [16, 24, 32])
def test_import_under_a_token(importer, length):
    key = one(importer.ask("POST", "/keys", collection("key", sealed(get_token(importer), MATERIAL[:length]))), "key", 201)
    plain = importer.create(payload=b64(MATERIAL[:length]))["id"]
    body = {"plaintext": b64(b"text")}
    ciphertext = flat(importer.act(key["id"], "wrap", body), "ciphertext", "keyVersion")["ciphertext"]
    answer = importer.act(plain, "unwrap", {"ciphertext": ciphertext})
    assert answer.status_code == 200, "it is the same material"
    assert importer.metadata(key["id"])["imported"] is True


def test_import_under_a_token_where_it_must(house, importer):
    try:
        empty(put_rules(importer, rule("keyCreateImportAccess", **ACCESS | {"enforce_token": True})))
        one(importer.ask("POST", "/keys", collection("key", sealed(get_token(importer), MATERIAL))), "key", 201)
    finally:
        empty(put_rules(importer, rule("keyCreateImportAccess", False)))


@pytest.mark.parametrize(
    "change, codes",
    [
        (lambda kit: {"encryptedNonce": b64(AESGCM(MATERIAL).encrypt(bytes(12), bytes(12), None)), "iv": b64(bytes(12))},
         ["INCORRECT_NONCE_ERR"]),
        (lambda kit: {"iv": b64(bytes(12))}, ["INCORRECT_NONCE_ERR", "INCORRECT_NONCE_IV_ERR"]),
        (lambda kit: {"iv": b64(bytes(11))}, ["INCORRECT_NONCE_IV_ERR", "INVALID_FIELD_ERR"]),
        (lambda kit: {"iv": None}, []),
        (lambda kit: {"encryptedNonce": None}, []),
        (lambda kit: {"payload": b64(bytes(512))}, []),
        (lambda kit: {"payload": b64(MATERIAL)}, []),
        (lambda kit: {"encryptionAlgorithm": "ROT13"}, ["INVALID_FIELD_ERR"]),
        (lambda kit: {"extractable": True}, []),
    ],
    ids=["other nonce", "other iv", "short iv", "no iv", "no nonce", "garbage", "in the clear", "algorithm", "standard key"],
)
def test_a_bad_import(importer, change, codes):
    kit = get_token(importer)
    before = importer.total()
    fields = sealed(kit, MATERIAL, **change(kit))
    body = collection("key", {name: value for name, value in fields.items() if value is not None})
    refused(importer.ask("POST", "/keys", body), 400, *codes)
    assert importer.total() == before


# Key rings.


def rings(api, **params):
    return resources(api.ask("GET", "/key_rings", params=params), "key_ring")


def test_key_rings(api):
    assert rings(api) == [{"id": "default"}]
    ring = api.ring()
    found = {each["id"]: each for each in rings(api)}
    assert set(found) == {"default", ring}
    assert DATE.fullmatch(found[ring]["creationDate"])
    assert found[ring]["createdBy"]
    answer = api.ask("GET", "/key_rings", params={"limit": 1, "totalCount": "true"})
    assert answer.json()["metadata"]["totalCount"] == 2
    assert len(rings(api, limit=1)) == 1
    assert len(rings(api, offset=1)) == 1
    empty(api.ask("DELETE", f"/key_rings/{ring}"))
    assert rings(api) == [{"id": "default"}]


def test_a_ring_with_keys_stays(api):
    ring = api.ring()
    key = api.create(ring=ring)["id"]
    for force in ("false", "true"):
        refused(api.ask("DELETE", f"/key_rings/{ring}", params={"force": force}), 409)
    empty(api.ask("DELETE", f"/keys/{key}"))
    refused(api.ask("DELETE", f"/key_rings/{ring}"), 409)
    empty(api.ask("DELETE", f"/key_rings/{ring}", params={"force": "true"}))
    assert api.metadata(key)["keyRingID"] == "default"


def test_default_is_reserved(api):
    assert 400 <= api.ask("POST", "/key_rings/default").status_code < 500
    assert 400 <= api.ask("DELETE", "/key_rings/default").status_code < 500
    assert rings(api) == [{"id": "default"}]


def test_fifty_rings(api):
    for number in range(60):
        if api.ask("POST", f"/key_rings/ring-{number}").status_code != 201:
            break
    assert len(rings(api, limit=100)) in (50, 51), "50, and IBM does not say whether `default` is one of them"


# Aliases.


def test_alias(api):
    key = api.create()["id"]
    made = one(api.ask("POST", f"/keys/{key}/aliases/alias"), "alias", 201)
    assert (made["keyId"], made["alias"]) == (key, "alias")
    assert made["createdBy"]
    assert DATE.fullmatch(made["creationDate"])
    assert api.metadata("alias")["id"] == key
    assert api.metadata(key)["aliases"] == ["alias"]
    refused(api.ask("GET", "/keys/ALIAS"), 404, "KEY_NOT_FOUND_ERR")
    empty(api.ask("DELETE", f"/keys/{key}/aliases/alias"))
    refused(api.ask("GET", "/keys/alias"), 404, "KEY_NOT_FOUND_ERR")
    assert not api.metadata(key).get("aliases")


def test_an_alias_is_one_keys(api):
    first, second = api.create(aliases=["alias"])["id"], api.create()["id"]
    refused(api.ask("POST", f"/keys/{second}/aliases/alias"), 409)
    refused(api.ask("POST", "/keys", collection("key", {"name": "key", "aliases": ["alias"]})), 409)
    assert api.metadata("alias")["id"] == first
    assert api.total() == 2


def test_an_alias_is_one_instances(house):
    for _ in range(2):
        house.manager().create(aliases=["alias"])


def test_five_aliases(api):
    key = api.create(aliases=[f"alias-{number}" for number in range(4)])["id"]
    one(api.ask("POST", f"/keys/{key}/aliases/the-fifth"), "alias", 201)
    answer = api.ask("POST", f"/keys/{key}/aliases/the-sixth")
    assert 400 <= answer.status_code < 500
    assert len(api.metadata(key)["aliases"]) == 5


# Registrations: what an adapter makes of its root key.


def test_registrations(api):
    key, other = api.create()["id"], api.create()["id"]
    adapter = api.adapter(key)
    for path in (f"/keys/{key}/registrations", "/keys/registrations"):
        found = one(api.ask("GET", path), "registration")
        assert found["keyId"] == key
        assert adapter["id"] in found["resourceCrn"]
        assert found["preventKeyDeletion"] is False
        assert {"createdBy", "creationDate", "keyVersion"} <= set(found)
    assert resources(api.ask("GET", f"/keys/{other}/registrations"), "registration") == []
    answer = api.ask("GET", "/keys/registrations", params={"totalCount": "True", "limit": 1})
    assert answer.json()["metadata"]["totalCount"] == 1
    assert resources(api.ask("GET", "/keys/registrations", params={"preventKeyDeletion": "true"}), "registration") == []


def test_a_registration_keeps_its_key(api):
    key = api.create()["id"]
    adapter = api.adapter(key)
    refused(api.ask("DELETE", f"/keys/{key}"), 409, "PROTECTED_RESOURCE_ERR")
    assert api.metadata(key)["state"] == 1
    empty(api.ask("DELETE", f"/kmip_adapters/{adapter['name']}"))
    empty(api.ask("DELETE", f"/keys/{key}"))


def test_a_registration_gives_way_to_force(api):
    key = api.create()["id"]
    api.adapter(key)
    empty(api.ask("DELETE", f"/keys/{key}", params={"force": "true"}))
    assert api.metadata(key)["state"] == 5


def test_names_are_not_unique(api):
    name = fresh("key")
    assert api.create(name)["id"] != api.create(name)["id"]
