"""KMIP adapters over REST, and the union: a KMIP object is a standard key of its instance, the same record under two names.

(Key Protect API: "KMIP"; what IBM prints no code for is held to a status here)
"""

import pytest

import wire
from rest import (
    ACTIVE,
    DATE,
    DESTROYED,
    NEVER_WAS,
    REPRESENTATION,
    UUID_4,
    Api,
    b64,
    collection,
    empty,
    fresh,
    one,
    patiently,
    refused,
    resources,
    self_signed,
    unb64,
)
from ttlv import enumeration, structure
from wire import aes_256, unique

CESSATION = structure("Revocation Reason", enumeration("Revocation Reason Code", 6))
KMIP_1_4 = (1, 4)


def adapters(api, **params):
    return resources(api.ask("GET", "/kmip_adapters", params=params), "kmip_adapter")


def certificates(api, adapter, **params):
    path = f"/kmip_adapters/{adapter}/certificates"
    return resources(api.ask("GET", path, params=params), "kmip_client_certificate")


def objects(api, adapter, **params):
    return resources(api.ask("GET", f"/kmip_adapters/{adapter}/kmip_objects", params=params), "kmip_object")


def certificate_body(certificate, **fields):
    return collection("kmip_client_certificate", {"certificate": certificate, **fields})


# Adapters.


def test_adapter(api):
    key = api.create()["id"]
    name = fresh("adapter")
    resource = {"name": name, "description": "the first", "profile": "native_1.0", "profile_data": {"crk_id": key}}
    made = one(api.ask("POST", "/kmip_adapters", collection("kmip_adapter", resource)), "kmip_adapter", 201)
    assert resource.items() <= made.items()
    assert UUID_4.fullmatch(made["id"])
    assert {"created_at", "created_by", "updated_at", "updated_by"} <= set(made)
    assert DATE.fullmatch(made["created_at"])
    assert made["created_by"]
    for which in (made["id"], name):
        assert one(api.ask("GET", f"/kmip_adapters/{which}"), "kmip_adapter") == made
    assert adapters(api) == [made]
    empty(api.ask("DELETE", f"/kmip_adapters/{name}"))
    assert adapters(api) == []
    for which in (made["id"], name):
        refused(api.ask("GET", f"/kmip_adapters/{which}"), 404)
        refused(api.ask("DELETE", f"/kmip_adapters/{which}"), 404)


def test_an_adapter_without_a_name_gets_one(api):
    resource = {"profile": "native_1.0", "profile_data": {"crk_id": api.create()["id"]}}
    made = one(api.ask("POST", "/kmip_adapters", collection("kmip_adapter", resource)), "kmip_adapter", 201)
    assert made["name"].startswith("kmip_adapter_")


def test_lists_of_adapters(api):
    first, second = api.create()["id"], api.create()["id"]
    made = [api.adapter(key)["id"] for key in (first, first, second)]
    assert {each["id"] for each in adapters(api)} == set(made)
    assert {each["id"] for each in adapters(api, crk_id=first)} == set(made[:2])
    pages = [adapters(api, limit=2, offset=offset) for offset in (0, 2)]
    assert [len(page) for page in pages] == [2, 1]
    assert {each["id"] for page in pages for each in page} == set(made)
    answer = api.ask("GET", "/kmip_adapters", params={"totalCount": "True", "limit": 1})
    assert answer.json()["metadata"]["totalCount"] == 3


def test_adapters_that_can_not_be(api):
    root, standard, deleted = api.create()["id"], api.create(extractable=True)["id"], api.create()["id"]
    empty(api.ask("DELETE", f"/keys/{deleted}"))
    taken = api.adapter(root)["name"]

    def check(*resource, statuses=(400,), total=None):
        answer = api.ask("POST", "/kmip_adapters", collection("kmip_adapter", *resource, total=total))
        assert answer.status_code in statuses, answer.text
        refused(answer, answer.status_code)

    good = {"name": "one", "profile": "native_1.0", "profile_data": {"crk_id": root}}
    check({**good, "profile": "native_9.9"})
    check({**good, "profile_data": {}})
    check({**good, "profile_data": {"crk_id": root, "colour": "red"}})
    check({**good, "colour": "red"})
    check({"name": "one"})
    check(good, total=2)
    check(good, {**good, "name": "two"})
    check()
    for name in ("a", "a" * 41, "a b", "ä-ö", "1b4e28ba-2fa1-4ad2-883f-0016d3cca427", ""):
        check({**good, "name": name})
    check({**good, "description": "d" * 241})
    check({**good, "name": taken}, statuses=(409,))
    check({**good, "profile_data": {"crk_id": NEVER_WAS}}, statuses=(400, 404))
    check({**good, "profile_data": {"crk_id": "nothing"}}, statuses=(400, 404))
    check({**good, "profile_data": {"crk_id": standard}}, statuses=(400,))
    check({**good, "profile_data": {"crk_id": deleted}}, statuses=(409, 410))
    assert [each["name"] for each in adapters(api)] == [taken]


# Client certificates.


def test_certificate(api, tmp_path):
    adapter = api.adapter(api.create()["id"])["name"]
    pem = self_signed(tmp_path, "client")[0].read_text()
    path = f"/kmip_adapters/{adapter}/certificates"
    made = one(api.ask("POST", path, certificate_body(pem, name="client")), "kmip_client_certificate", 201)
    assert (made["name"], made["certificate"].split()) == ("client", pem.split())
    assert {"id", "created_at", "created_by"} <= set(made)
    for which in (made["id"], "client"):
        assert one(api.ask("GET", f"{path}/{which}"), "kmip_client_certificate") == made
    (listed,) = certificates(api, adapter)
    assert "certificate" not in listed
    assert listed.items() <= made.items()
    assert api.ask("GET", path, params={"totalCount": "true"}).json()["metadata"]["totalCount"] == 1
    empty(api.ask("DELETE", f"{path}/client"))
    assert certificates(api, adapter) == []
    refused(api.ask("GET", f"{path}/client"), 404)
    refused(api.ask("DELETE", f"{path}/{made['id']}"), 404)


def test_certificates_that_can_not_be(api, tmp_path):
    key = api.create()["id"]
    adapter, other = (api.adapter(key)["name"] for _ in range(2))
    pems = [self_signed(tmp_path, name)[0].read_text() for name in ("one", "two")]
    path = f"/kmip_adapters/{adapter}/certificates"
    one(api.ask("POST", path, certificate_body(pems[0], name="taken")), "kmip_client_certificate", 201)
    for body in [
        certificate_body("nonsense"),
        certificate_body(""),
        certificate_body(pems[1].replace("BEGIN CERTIFICATE", "BEGIN NONSENSE")),
        certificate_body(pems[1][: len(pems[1]) // 2]),
        certificate_body(pems[1] * 2),
        certificate_body(pems[1], name="a"),
        certificate_body(pems[1], name="a b"),
        certificate_body(pems[1], colour="red"),
        collection("kmip_client_certificate", {"name": "one"}),
        collection("kmip_client_certificate", {"certificate": pems[1]}, total=2),
        collection("kmip_client_certificate"),
    ]:
        refused(api.ask("POST", path, body), 400)
    refused(api.ask("POST", path, certificate_body(pems[1], name="taken")), 409)
    for where in (adapter, other):
        refused(api.ask("POST", f"/kmip_adapters/{where}/certificates", certificate_body(pems[0], name="again")), 409)
    refused(api.ask("POST", f"/kmip_adapters/{NEVER_WAS}/certificates", certificate_body(pems[1])), 404)
    assert [each["name"] for each in certificates(api, adapter)] == ["taken"]
    assert certificates(api, other) == []


# The union.


class Site:
    """An instance with an adapter, and a KMIP client of it on an open connection."""

    def __init__(self, api, folder):
        self.api = api
        self.root = api.create("root")["id"]
        self.adapter = api.adapter(self.root)["id"]
        self.certificate = api.client(self.adapter, folder)
        self.client = wire.Connection(api.server.port, self.certificate, KMIP_1_4)

    def key(self, activated=False):
        identifier = self.client.call("Create", *aes_256(wire.attribute("x-Name", "a virtual machine")))["Unique Identifier"]
        if activated:
            self.client.call("Activate", unique(identifier))
        return identifier

    def is_gone(self, identifier):
        """As one that never was, for each operation that could tell."""
        for operation in ("Get", "Get Attributes", "Activate", "Destroy", "Get Attribute List"):
            with pytest.raises(wire.Refused) as refusal:
                self.client.call(operation, unique(identifier))
            assert refusal.value.reason == wire.ITEM_NOT_FOUND, operation
        assert identifier not in self.located()

    def located(self):
        return [item.value for item in self.client.call("Locate").all("Unique Identifier")]


@pytest.fixture
def site(api, tmp_path):
    opened = Site(api, tmp_path)
    yield opened
    opened.client.close()


@pytest.fixture
def hasty_site(hasty_api, tmp_path):
    opened = Site(hasty_api, tmp_path)
    yield opened
    opened.client.close()


@pytest.mark.parametrize("activated", [False, True])
def test_a_kmip_object_is_a_standard_key(site, activated):
    identifier = site.key(activated)
    name = f"vmware_kmip_{identifier}"
    found = {key["id"]: key for key in resources(site.api.ask("GET", "/keys"), "key")}
    assert set(found) == {site.root, identifier}
    listed = found[identifier]
    assert (listed["name"], listed["extractable"], listed["keyRingID"]) == (name, True, "default")
    assert (listed["state"], listed["deleted"]) == (ACTIVE, False)
    assert listed["createdBy"].startswith("CertificateID-")
    assert "payload" not in listed
    assert site.api.metadata(identifier)["name"] == name
    assert site.api.total() == 2
    assert site.api.listed(search="name:vmware_kmip") == [identifier]
    assert site.api.listed(extractable="true") == [identifier]


def test_its_payload_is_sealed(site):
    identifier = site.key()
    material = site.client.material(identifier)
    payload = unb64(one(site.api.ask("GET", f"/keys/{identifier}"), "key")["payload"])
    assert material not in payload
    assert b64(material).encode() not in payload
    assert material.hex().encode() not in payload.lower()
    assert len(payload) > len(material)
    second = unb64(one(site.api.ask("GET", f"/keys/{site.key()}"), "key")["payload"])
    assert second != payload


@pytest.mark.parametrize("activated", [False, True])
def test_deleted_there_it_is_gone_here_at_once_and_restored_it_is_the_same(hasty_site, activated):
    site = hasty_site
    identifier, other = site.key(activated), site.key()
    before = site.client.material(identifier), site.client.attributes(identifier, "State", "x-Name", "Initial Date")
    payload = one(site.api.ask("GET", f"/keys/{identifier}"), "key")["payload"]
    deleted = one(site.api.ask("DELETE", f"/keys/{identifier}", headers=REPRESENTATION), "key")
    assert (deleted["id"], deleted["state"], deleted["deleted"]) == (identifier, DESTROYED, True)
    site.is_gone(identifier)
    site.client.material(other)
    assert identifier not in site.api.listed()
    assert site.api.listed(state="5") == [identifier]
    assert site.api.metadata(identifier)["restoreAllowed"] is True
    assert "payload" not in site.api.ask("GET", f"/keys/{identifier}").text
    assert patiently(lambda: site.api.ask("POST", f"/keys/{identifier}/restore")).status_code == 201
    after = site.client.material(identifier), site.client.attributes(identifier, "State", "x-Name", "Initial Date")
    assert after == before
    assert one(site.api.ask("GET", f"/keys/{identifier}"), "key")["payload"] == payload
    assert identifier in site.located()


def test_purged_it_is_gone_for_ever(hasty_house, hasty_site):
    site = hasty_site
    identifier = site.key()
    purger = hasty_house.person("KeyPurge", instance=site.api.instance)
    empty(site.api.ask("DELETE", f"/keys/{identifier}"))
    empty(patiently(lambda: purger.ask("DELETE", f"/keys/{identifier}/purge")))
    site.is_gone(identifier)
    refused(site.api.ask("GET", f"/keys/{identifier}"), 404, "KEY_NOT_FOUND_ERR")
    refused(site.api.ask("POST", f"/keys/{identifier}/restore"), 404, "KEY_NOT_FOUND_ERR")
    assert site.api.listed(state="0,1,2,3,5") == [site.root]


def test_destroyed_by_its_client_it_is_gone_and_can_be_restored(hasty_site):
    site = hasty_site
    identifier = site.key()
    material = site.client.material(identifier)
    site.client.call("Destroy", unique(identifier))
    assert identifier not in site.api.listed()
    with pytest.raises(wire.Refused):
        site.client.material(identifier)
    answer = patiently(lambda: site.api.ask("POST", f"/keys/{identifier}/restore"))
    assert answer.status_code == 201, answer.text
    assert site.client.material(identifier) == material


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", "/actions/wrap", {}),
        ("POST", "/actions/rotate", None),
        ("POST", "/actions/disable", None),
        ("PUT", "/policies", collection("policy", {"rotation": {"enabled": True, "interval_month": 3}})),
    ],
)
def test_what_only_root_keys_take(site, method, path, body):
    identifier = site.key()
    material = site.client.material(identifier)
    refused(site.api.ask(method, f"/keys/{identifier}{path}", body), 400)
    assert site.client.material(identifier) == material


def test_another_instance_sees_none_of_it(house, site):
    identifier = site.key()
    stranger = house.manager()
    assert stranger.listed() == []
    answers = [stranger.ask("GET", f"/keys/{each}") for each in (identifier, NEVER_WAS)]
    for answer in answers:
        refused(answer, 404, "KEY_NOT_FOUND_ERR")
    refused(stranger.ask("DELETE", f"/keys/{identifier}"), 404, "KEY_NOT_FOUND_ERR")
    refused(stranger.ask("GET", f"/kmip_adapters/{site.adapter}"), 404)
    refused(stranger.ask("GET", f"/kmip_adapters/{site.adapter}/kmip_objects"), 404)
    site.client.material(identifier)


def test_many_pages_of_both_sorts(site):
    """Root keys, standard keys and KMIP objects in one order, each once."""
    made = {site.root}
    for number in range(12):
        made.add([site.key, lambda: site.api.create()["id"], lambda: site.api.create(extractable=True)["id"]][number % 3]())
    whole = site.api.listed()
    assert whole == sorted(made)
    assert [key for offset in range(0, 13, 4) for key in site.api.listed(limit=4, offset=offset)] == whole
    by_date = site.api.listed(sort="-creationDate")
    assert set(by_date) == made
    assert [key for offset in range(0, 13, 5) for key in site.api.listed(sort="-creationDate", limit=5, offset=offset)] == by_date
    assert site.api.total() == 13


def test_it_is_read_by_those_who_may_read_payloads(house, site):
    identifier = site.key()
    plus = house.person("ReaderPlus", instance=site.api.instance)
    reader = house.person("Reader", instance=site.api.instance)
    assert "payload" in one(plus.ask("GET", f"/keys/{identifier}"), "key")
    assert reader.ask("GET", f"/keys/{identifier}").status_code == 401
    assert one(reader.ask("GET", f"/keys/{identifier}/metadata"), "key")["id"] == identifier


def test_the_root_key_turns_all_of_it_off_and_on(hasty_site):
    site = hasty_site
    identifier = site.key()
    material = site.client.material(identifier)
    empty(site.api.act(site.root, "disable"))
    with pytest.raises(wire.Refused):
        site.client.material(identifier)
    deletion = site.api.ask("DELETE", f"/keys/{identifier}")
    refused(deletion, 409, "ROOT_KEY_UNUSABLE_ERR")
    assert identifier not in deletion.text, "the key that is disabled is another"
    empty(patiently(lambda: site.api.act(site.root, "enable")))
    assert site.client.material(identifier) == material
    empty(patiently(lambda: site.api.act(site.root, "rotate")))
    assert site.client.material(identifier) == material


# KMIP objects as such.


def test_kmip_objects(site):
    states = {"pre-active": site.key(), "active": site.key(True), "deactivated": site.key(True), "destroyed": site.key()}
    site.client.call("Revoke", unique(states["deactivated"]), CESSATION)
    site.client.call("Destroy", unique(states["destroyed"]))
    numbers = {"pre-active": 1, "active": 2, "deactivated": 3, "destroyed": 5}
    found = {each["id"]: each for each in objects(site.api, site.adapter)}
    assert set(found) == {states[name] for name in numbers if name != "destroyed"}, "1 to 4 unless it is said otherwise"
    for name, number in numbers.items():
        path = f"/kmip_adapters/{site.adapter}/kmip_objects/{states[name]}"
        each = one(site.api.ask("GET", path), "kmip_object")
        assert (each["id"], each["state"], each["kmip_object_type"]) == (states[name], number, 2)
        assert {"created_at", "created_by", "created_by_kmip_client_cert_id"} <= set(each)
        assert [each["id"] for each in objects(site.api, site.adapter, state=number)] == [states[name]]
    assert {each["id"] for each in objects(site.api, site.adapter, state=["1", "5"])} == {
        states["pre-active"],
        states["destroyed"],
    }
    assert len(objects(site.api, site.adapter, state="1,2,3,4,5", limit=2)) == 2
    answer = site.api.ask("GET", f"/kmip_adapters/{site.adapter}/kmip_objects", params={"totalCount": "true", "limit": 1})
    assert answer.json()["metadata"]["totalCount"] == 3


def test_deletion_of_kmip_objects(site):
    path = f"/kmip_adapters/{site.adapter}/kmip_objects"
    waiting, active = site.key(), site.key(True)
    empty(site.api.ask("DELETE", f"{path}/{waiting}"))
    refused(site.api.ask("DELETE", f"{path}/{active}"), 409)
    site.client.material(active)
    empty(site.api.ask("DELETE", f"{path}/{active}", params={"force": "true"}))
    for identifier in (waiting, active):
        with pytest.raises(wire.Refused):
            site.client.material(identifier)
        assert one(site.api.ask("GET", f"{path}/{identifier}"), "kmip_object")["state"] == 5
        assert site.api.ask("DELETE", f"{path}/{identifier}").status_code in (404, 409, 410)
    refused(site.api.ask("GET", f"{path}/{NEVER_WAS}"), 404)


def test_an_adapter_with_live_objects_stays(site):
    identifier = site.key(True)
    refused(site.api.ask("DELETE", f"/kmip_adapters/{site.adapter}"), 409)
    site.client.material(identifier)
    empty(site.api.ask("DELETE", f"/kmip_adapters/{site.adapter}/kmip_objects/{identifier}", params={"force": "true"}))
    empty(site.api.ask("DELETE", f"/kmip_adapters/{site.adapter}"))
    refused(site.api.ask("GET", f"/kmip_adapters/{site.adapter}"), 404)


def test_a_certificate_that_is_taken_off_ends_its_connection(site):
    (listed,) = certificates(site.api, site.adapter)
    identifier = site.key()
    empty(site.api.ask("DELETE", f"/kmip_adapters/{site.adapter}/certificates/{listed['name']}"))
    with pytest.raises((EOFError, OSError)):
        site.client.material(identifier)


def test_no_material_over_rest(site):
    """A KMIP object's material is in no answer, whatever is asked."""
    identifier = site.key(True)
    material = site.client.material(identifier)
    paths = [f"/keys/{identifier}", f"/keys/{identifier}/metadata", "/keys", "/keys/registrations"]
    paths += [f"/kmip_adapters/{site.adapter}", f"/kmip_adapters/{site.adapter}/kmip_objects/{identifier}"]
    for path in paths:
        answer = site.api.ask("GET", path)
        assert answer.status_code == 200
        assert b64(material) not in answer.text, path
        assert material.hex() not in answer.text.lower(), path


def test_an_adapters_service_is_its_instances(house, api, tmp_path):
    """KmipAdapterManager manages adapters and reads no key."""
    key = api.create()["id"]
    person = house.person("KmipAdapterManager", instance=api.instance)
    adapter = person.adapter(key)["id"]
    person.client(adapter, tmp_path)
    assert person.ask("GET", f"/keys/{key}").status_code == 401
    assert Api(api.server, instance=api.instance).ask("GET", f"/kmip_adapters/{adapter}").status_code == 401
