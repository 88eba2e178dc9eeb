"""Who may do what: every action, by every role, under every sort of grant.

The table is written off IBM's ("Managing user access": what each role may do; for HPCS's VMware KMIP Manager the five actions of
"Granting service access"; for platform roles, IBM Cloud IAM's), and not off the server's.

Denied is one answer, 401, whatever is or is not there. Allowed is any other: what the action then comes to is not the matter here.
"""

from collections import namedtuple

import pytest

from rest import NEVER_WAS, REPRESENTATION, Api, collection, fresh, one, resources, self_signed, unauthorized, vendor

PLATFORM = ["Viewer", "Operator", "Editor", "Administrator"]
SERVICE = ["Reader", "ReaderPlus", "Writer", "Manager", "KeyPurge", "KmipAdapterManager", "VMware KMIP Manager"]

# Where a grant is, and which key is asked for then.
OWN = "own instance"
OTHER = "another instance"
RING_INSIDE = "key ring, key in it"
RING_OUTSIDE = "key ring, key outside"
KEY_ITSELF = "key"
KEY_ANOTHER = "another key"
NARROW = [RING_INSIDE, RING_OUTSIDE, KEY_ITSELF, KEY_ANOTHER]
PLACES = [OWN, OTHER, *NARROW]

# What an action is about: one key, a new key in a ring, the instance as a whole, the installation. `WHOLE` is what takes a role on
# everything and no instance named: a role on an instance is not enough, and hears 401 or 403. `LIST` is what shows less to those
# who see less, and IBM does not say whether that is an empty list or none; `PLATFORM_WIDE`, what narrow grants are not made for.
KEY, NEW_KEY, INSTANCE, INSTALLATION, LIST, PLATFORM_WIDE = "key", "new key", "instance", "installation", "list", "platform"
WHOLE = "whole"

Action = namedtuple("Action", "name who reach method path body", defaults=[None])

LOOKERS = ["Reader", "ReaderPlus", "Writer", "Manager"]
WRITERS = ["Writer", "Manager"]
MANAGER = ["Manager"]
KMIP = ["Manager", "KmipAdapterManager"]
KMIP_ENDPOINT = [*KMIP, "VMware KMIP Manager"]
SEERS = [*LOOKERS, "KmipAdapterManager"]
ADMINISTRATOR = ["Administrator"]

NEW = collection("key", {"type": vendor("key"), "name": "key", "extractable": False})
KEY_POLICY = collection("policy", {"type": vendor("policy"), "dualAuthDelete": {"enabled": False}})
INSTANCE_POLICY = collection("policy", {"policy_type": "metrics", "policy_data": {"enabled": False}})
OBJECTS = "/kmip_adapters/{adapter}/kmip_objects"
CERTIFICATES = "/kmip_adapters/{adapter}/certificates"
OWN_CERTIFICATES = "/api/v1/adapters/{adapter}/certificates"
OWN_KEYS = "/api/v1/adapters/{adapter}/keys"
QUARANTINE = OWN_KEYS + "/" + NEVER_WAS + "/quarantine"
PEOPLE = "/api/v1/serviceids"


def adapter_body(facts):
    resource = {"name": "passing", "profile": "native_1.0", "profile_data": {"crk_id": facts["root"]}}
    return collection("kmip_adapter", resource)


def certificate_body(facts):
    return collection("kmip_client_certificate", {"name": "passing", "certificate": facts["certificate"]})


ACTIONS = [
    # Looking at keys.
    Action("head keys", SEERS, LIST, "HEAD", "/keys"),
    Action("list keys", SEERS, LIST, "GET", "/keys"),
    Action("metadata", LOOKERS, KEY, "GET", "/keys/{key}/metadata"),
    Action("versions", LOOKERS, KEY, "GET", "/keys/{key}/versions"),
    Action("get key", ["ReaderPlus", "Writer", "Manager"], KEY, "GET", "/keys/{key}"),
    # Using them.
    Action("wrap", LOOKERS, KEY, "POST", "/keys/{key}/actions/wrap", {}),
    Action("unwrap", LOOKERS, KEY, "POST", "/keys/{key}/actions/unwrap", lambda facts: {"ciphertext": facts["ciphertext"]}),
    Action("rewrap", LOOKERS, KEY, "POST", "/keys/{key}/actions/rewrap", lambda facts: {"ciphertext": facts["ciphertext"]}),
    Action("wrap, old form", LOOKERS, KEY, "POST", "/keys/{key}?action=wrap", {}),
    Action("registrations", LOOKERS, KEY, "GET", "/keys/{key}/registrations"),
    # How far a rotation has come, and what is under which version: as the versions themselves.
    Action("rotation", LOOKERS, KEY, "GET", "/api/v1/keys/{key}/rotation"),
    Action("rotations", LOOKERS, LIST, "GET", "/api/v1/rotations"),
    Action("rotation events", LOOKERS, LIST, "GET", "/api/v1/rotations/events?seconds=1"),
    Action("use of versions", LOOKERS, KEY, "GET", "/api/v1/keys/{key}/versions"),
    # What it does can't be taken back for ever: as a deletion.
    Action("retire version", MANAGER, KEY, "POST", "/api/v1/keys/{key}/versions/99/retire"),
    Action("take retirement back", MANAGER, KEY, "POST", "/api/v1/keys/{key}/versions/99/unretire"),
    # It tells what KMIP objects are for: as a list of those.
    Action("impact", KMIP, KEY, "GET", "/api/v1/keys/{key}/impact"),
    Action("all registrations", LOOKERS, LIST, "GET", "/keys/registrations"),
    # Making them.
    Action("create", WRITERS, NEW_KEY, "POST", "/keys", NEW),
    Action("create with overrides", WRITERS, NEW_KEY, "POST", "/keys_with_policy_overrides", NEW),
    Action("rotate", WRITERS, KEY, "POST", "/keys/{key}/actions/rotate"),
    Action("rotate, old form", WRITERS, KEY, "POST", "/keys/{key}?action=rotate"),
    Action("set for deletion", WRITERS, KEY, "POST", "/keys/{key}/actions/setKeyForDeletion"),
    Action("unset for deletion", WRITERS, KEY, "POST", "/keys/{key}/actions/unsetKeyForDeletion"),
    Action("sync", WRITERS, KEY, "POST", "/keys/{key}/actions/sync"),
    Action("make import token", WRITERS, INSTANCE, "POST", "/import_token", {"expiration": 300}),
    Action("get import token", WRITERS, INSTANCE, "GET", "/import_token"),
    Action("alias", WRITERS, KEY, "POST", "/keys/{key}/aliases/passing"),
    Action("take alias away", WRITERS, KEY, "DELETE", "/keys/{key}/aliases/passing"),
    # Managing them.
    Action("disable", MANAGER, KEY, "POST", "/keys/{doomed}/actions/disable"),
    Action("enable", MANAGER, KEY, "POST", "/keys/{doomed}/actions/enable"),
    Action("delete", MANAGER, KEY, "DELETE", "/keys/{doomed}"),
    Action("delete by force", MANAGER, KEY, "DELETE", "/keys/{doomed}?force=true"),
    Action("restore", MANAGER, KEY, "POST", "/keys/{doomed}/restore"),
    Action("move", MANAGER, KEY, "PATCH", "/keys/{key}", lambda facts: {"keyRingID": facts["ring"]}),
    Action("get key policies", MANAGER, KEY, "GET", "/keys/{key}/policies"),
    Action("put key policies", MANAGER, KEY, "PUT", "/keys/{key}/policies", KEY_POLICY),
    Action("get instance policies", MANAGER, INSTANCE, "GET", "/instance/policies"),
    Action("put instance policies", MANAGER, INSTANCE, "PUT", "/instance/policies", INSTANCE_POLICY),
    Action("get allowed IP port", MANAGER, INSTANCE, "GET", "/instance/allowed_ip_port"),
    Action("purge", ["KeyPurge"], KEY, "DELETE", "/keys/{doomed}/purge"),
    # Ours: who may purge may have it at once with another one; who manages keys may see that coming, and stop it.
    Action("ask for erasure", ["KeyPurge"], KEY, "POST", "/api/v1/keys/{key}/erasure"),
    Action("see erasure", ["Manager", "KeyPurge"], KEY, "GET", "/api/v1/keys/{key}/erasure"),
    Action("stop erasure", ["Manager", "KeyPurge"], KEY, "DELETE", "/api/v1/keys/{key}/erasure"),
    Action("list destructions", ["Manager", "KeyPurge"], LIST, "GET", "/api/v1/destructions"),
    Action("see destruction", ["Manager", "KeyPurge"], LIST, "GET", "/api/v1/destructions/" + NEVER_WAS),
    Action("see signing key", PLATFORM + SERVICE, PLATFORM_WIDE, "GET", "/api/v1/signing-key"),
    # Key rings.
    Action("list rings", SEERS, LIST, "GET", "/key_rings"),
    Action("create ring", WRITERS, INSTANCE, "POST", "/key_rings/passing"),
    Action("delete ring", MANAGER, INSTANCE, "DELETE", "/key_rings/passing"),
    # KMIP.
    Action("list adapters", KMIP, INSTANCE, "GET", "/kmip_adapters"),
    Action("create adapter", KMIP_ENDPOINT, INSTANCE, "POST", "/kmip_adapters", adapter_body),
    Action("get adapter", KMIP_ENDPOINT, INSTANCE, "GET", "/kmip_adapters/{adapter}"),
    Action("delete adapter", KMIP_ENDPOINT, INSTANCE, "DELETE", "/kmip_adapters/passing"),
    Action("list certificates", KMIP, INSTANCE, "GET", CERTIFICATES),
    Action("add certificate", KMIP_ENDPOINT, INSTANCE, "POST", CERTIFICATES, certificate_body),
    Action("get certificate", KMIP, INSTANCE, "GET", CERTIFICATES + "/passing"),
    Action("delete certificate", KMIP_ENDPOINT, INSTANCE, "DELETE", CERTIFICATES + "/passing"),
    # The same in our own form, and what IBM has no name for.
    Action("list own certificates", KMIP, INSTANCE, "GET", OWN_CERTIFICATES),
    Action("add own certificate", KMIP_ENDPOINT, INSTANCE, "POST", OWN_CERTIFICATES, lambda facts: {"certificate": facts["certificate"]}),
    Action("get own certificate", KMIP, INSTANCE, "GET", OWN_CERTIFICATES + "/passing"),
    Action("delete own certificate", KMIP_ENDPOINT, INSTANCE, "DELETE", OWN_CERTIFICATES + "/passing"),
    Action("issue client", KMIP_ENDPOINT, INSTANCE, "POST", "/api/v1/adapters/{adapter}/clients", {"name": "issued"}),
    Action("sign client", KMIP_ENDPOINT, INSTANCE, "POST", "/api/v1/adapters/{adapter}/clients/sign", {"name": "signed", "csr": "none"}),
    Action("list own keys", KMIP, INSTANCE, "GET", OWN_KEYS),
    Action("get own key", KMIP, INSTANCE, "GET", OWN_KEYS + "/" + NEVER_WAS),
    Action("destroy own key", KMIP, INSTANCE, "DELETE", OWN_KEYS + "/" + NEVER_WAS),
    Action("see alarms", KMIP, INSTANCE, "GET", "/api/v1/alarms"),
    Action("see refusals", KMIP, INSTANCE, "GET", "/api/v1/door/refusals"),
    Action("see door", KMIP_ENDPOINT, INSTANCE, "GET", "/api/v1/adapters/{adapter}/door"),
    Action("set door", KMIP_ENDPOINT, INSTANCE, "PUT", "/api/v1/adapters/{adapter}/door", {}),
    Action("see pairing", KMIP_ENDPOINT, INSTANCE, "GET", "/api/v1/adapters/{adapter}/trust"),
    Action("see door book", KMIP, INSTANCE, "GET", "/api/v1/door"),
    Action("let in", KMIP_ENDPOINT, INSTANCE, "POST", "/api/v1/door/00112233", {"adapter": "none"}),
    Action("strike out", KMIP_ENDPOINT, INSTANCE, "DELETE", "/api/v1/door/00112233"),
    Action("list objects", KMIP, INSTANCE, "GET", OBJECTS),
    Action("get object", KMIP, INSTANCE, "GET", OBJECTS + "/" + NEVER_WAS),
    Action("delete object", KMIP, INSTANCE, "DELETE", OBJECTS + "/" + NEVER_WAS),
    Action("see quarantine", KMIP, INSTANCE, "GET", "/api/v1/quarantine"),
    Action("put into quarantine", KMIP, INSTANCE, "POST", QUARANTINE, {}),
    Action("release from quarantine", KMIP, INSTANCE, "DELETE", QUARANTINE),
    Action("reactivate object", KMIP, INSTANCE, "POST", OWN_KEYS + "/" + NEVER_WAS + "/reactivate", {}),
    # Instances, and access to them.
    Action("see roles", PLATFORM + SERVICE, PLATFORM_WIDE, "GET", "/api/v1/roles"),
    Action("list instances", PLATFORM, LIST, "GET", "/api/v1/instances"),
    Action("see instance", PLATFORM, PLATFORM_WIDE, "GET", "/api/v1/instances/{own}"),
    Action("read metrics", PLATFORM, PLATFORM_WIDE, "GET", "/api/v1/metrics"),
    Action("see audit events", ["Operator", "Editor", "Administrator"], PLATFORM_WIDE, "GET", "/api/v1/audit/events"),
    Action("see audit head", ["Operator", "Editor", "Administrator"], PLATFORM_WIDE, "GET", "/api/v1/audit/head"),
    Action("see audit key", ["Operator", "Editor", "Administrator"], PLATFORM_WIDE, "GET", "/api/v1/audit/public-key"),
    Action("see audit sinks", ["Operator", "Editor", "Administrator"], PLATFORM_WIDE, "GET", "/api/v1/audit/sinks"),
    Action("see server certificates", PLATFORM, PLATFORM_WIDE, "GET", "/api/v1/tls"),
    Action("rename instance", ["Editor", "Administrator"], PLATFORM_WIDE, "PATCH", "/api/v1/instances/{own}", {"name": "own"}),
    Action("delete instance", ["Editor", "Administrator"], PLATFORM_WIDE, "DELETE", "/api/v1/instances/{own}"),
    Action("make instance", [], INSTALLATION, "POST", "/api/v1/instances", {"name": "one more"}),
    Action("list people", ADMINISTRATOR, PLATFORM_WIDE, "GET", PEOPLE),
    Action("make somebody", ADMINISTRATOR, PLATFORM_WIDE, "POST", PEOPLE, {"name": "passing"}),
    Action("see somebody", ADMINISTRATOR, PLATFORM_WIDE, "GET", PEOPLE + "/{somebody}"),
    Action("delete somebody", ADMINISTRATOR, PLATFORM_WIDE, "DELETE", PEOPLE + "/" + NEVER_WAS),
    Action("list API keys", ADMINISTRATOR, PLATFORM_WIDE, "GET", PEOPLE + "/{somebody}/apikeys"),
    Action("see API key", ADMINISTRATOR, PLATFORM_WIDE, "GET", PEOPLE + "/{somebody}/apikeys/" + NEVER_WAS),
    Action("make API key", ADMINISTRATOR, PLATFORM_WIDE, "POST", PEOPLE + "/{somebody}/apikeys", {"name": "passing"}),
    Action("delete API key", ADMINISTRATOR, PLATFORM_WIDE, "DELETE", PEOPLE + "/{somebody}/apikeys/" + NEVER_WAS),
    Action("list grants", ADMINISTRATOR, PLATFORM_WIDE, "GET", PEOPLE + "/{somebody}/grants"),
    Action("grant", ADMINISTRATOR, PLATFORM_WIDE, "POST", PEOPLE + "/{somebody}/grants", {"roles": ["Reader"]}),
    Action("take grant back", ADMINISTRATOR, PLATFORM_WIDE, "DELETE", PEOPLE + "/{somebody}/grants/" + NEVER_WAS),
    Action("list authorizations", ADMINISTRATOR, PLATFORM_WIDE, "GET", "/api/v1/authorizations"),
    Action(
        *("authorize", ADMINISTRATOR, PLATFORM_WIDE, "POST", "/api/v1/authorizations"),
        lambda facts: {"source": facts["other"], "roles": ["Viewer"]},
    ),
    Action("take authorization back", ADMINISTRATOR, PLATFORM_WIDE, "DELETE", "/api/v1/authorizations/" + NEVER_WAS),
    # What all tenants have in common: backups hold every tenant's keys, and the server's certificate is everybody's.
    Action("list backups", ADMINISTRATOR, WHOLE, "GET", "/api/v1/backups"),
    Action("make backup", ADMINISTRATOR, WHOLE, "POST", "/api/v1/backups"),
    Action("fetch backup", ADMINISTRATOR, WHOLE, "GET", "/api/v1/backups/none.backup"),
    Action("say that a backup opens", ADMINISTRATOR, WHOLE, "POST", "/api/v1/backups/verified", {"created": 1 << 60}),
    Action("see recovery key", ADMINISTRATOR, WHOLE, "GET", "/api/v1/recovery-key"),
    Action("set recovery key", ADMINISTRATOR, WHOLE, "PUT", "/api/v1/recovery-key", {"public": "none", "kept": "x"}),
    Action("activate certificate", ADMINISTRATOR, WHOLE, "POST", "/api/v1/tls/activate"),
    Action("stage certificate", ADMINISTRATOR, WHOLE, "POST", "/api/v1/tls/stage", {"certificate": "none"}),
    Action("request certificate", ADMINISTRATOR, WHOLE, "POST", "/api/v1/tls/request", {}),
    Action("renew certificate", ADMINISTRATOR, WHOLE, "POST", "/api/v1/tls/renew"),
    Action("drop staged certificate", ADMINISTRATOR, WHOLE, "DELETE", "/api/v1/tls/staged"),
    Action("read all metrics", PLATFORM, WHOLE, "GET", "/metrics"),
]


def allowed(action, role, place):
    """Whether it is allowed; None where nobody says."""
    if place == OTHER or role not in action.who:
        return False
    if place == OWN:
        return action.reach != WHOLE
    return {
        KEY: place in (RING_INSIDE, KEY_ITSELF),
        NEW_KEY: place == RING_INSIDE,
        INSTANCE: False,
        INSTALLATION: False,
        WHOLE: False,
        LIST: None,
        PLATFORM_WIDE: None,
    }[action.reach]


CASES = [
    (action, role, place, allowed(action, role, place))
    for action in ACTIONS
    for role in PLATFORM + SERVICE
    for place in PLACES
    if allowed(action, role, place) is not None
]


def path_of(action):
    path = action.path.partition("?")[0]
    return path if path.startswith(("/api/", "/metrics")) else "/api/v2" + path


def is_of(row, route):
    """Whether a row asks for a route, whose path has `{names}` where the row's has something in particular."""
    (method, path), (wanted, pattern) = row, route
    parts, places = path.split("/"), pattern.split("/")
    return (
        method == wanted
        and len(parts) == len(places)
        and all(place.startswith("{") or part == place for part, place in zip(parts, places, strict=True))
    )


class Town:
    """Two instances; in the first a ring, keys in it and outside of it, an adapter, and everybody who is asked to do something."""

    def __init__(self, house, folder):
        self.house = house
        self.manager = house.manager()
        self.other = house.instance()
        self.ring = self.manager.ring()
        self.people = {}
        root = self.manager.create()["id"]
        self.common = {
            "own": self.manager.instance,
            "other": self.other,
            "root": root,
            "adapter": self.manager.adapter(root, "standing")["id"],
            "certificate": self_signed(folder, "passing")[0].read_text(),
            "somebody": one_of(self.manager.ask("POST", PEOPLE, {"name": "somebody"}))["id"],
        }
        self.inside, self.outside = self.keys(self.ring), self.keys("default")

    def keys(self, ring):
        """What is asked for in a ring: a key to use, and one that may be deleted."""
        key, doomed = (self.manager.create(ring=ring)["id"] for _ in range(2))
        ciphertext = self.manager.act(key, "wrap", {}).json()["ciphertext"]
        return {**self.common, "key": key, "doomed": doomed, "ciphertext": ciphertext, "ring": ring}

    def targets(self, place):
        """What is granted where."""
        if place == OTHER:
            return [{"instance": self.other}]
        if place == OWN:
            return [{"instance": self.manager.instance}]
        if place in (RING_INSIDE, RING_OUTSIDE):
            return [{"instance": self.manager.instance, "key_ring": self.ring}]
        return [{"instance": self.manager.instance, "key": self.inside[name]} for name in ("key", "doomed")]

    def person(self, role, place):
        targets = self.targets(place)
        known = (role, str(targets))
        if known not in self.people:
            first, *more = targets
            service_id = self.house.service_id()
            for target in (first, *more):
                self.house.grant(service_id, role, **target)
            bearer = self.house.api_key(service_id)
            self.people[known] = Api(self.house.server, bearer, self.manager.instance)
        return self.people[known]

    def ask(self, action, role, place):
        outside = place in (RING_OUTSIDE, KEY_ANOTHER)
        facts = self.outside if outside else self.inside
        body = action.body(facts) if callable(action.body) else action.body
        headers = {"X-Kms-Key-Ring": self.ring} if action.reach == NEW_KEY and not outside else {}
        return self.person(role, place).ask(action.method, action.path.format(**facts), body, headers)


def one_of(response):
    assert response.status_code in (200, 201), response.text
    (only,) = response.json()["resources"]
    return only


@pytest.fixture(scope="module")
def town(house, tmp_path_factory):
    return Town(house, tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize(
    "action, role, place, expected",
    CASES,
    ids=[f"{role}-{place}-{action.name}-{'allowed' if expected else 'denied'}" for action, role, place, expected in CASES],
)
def test_matrix(town, action, role, place, expected):
    answer = town.ask(action, role, place)
    if expected:
        assert answer.status_code not in (401, 403), answer.text
        assert answer.status_code < 500, answer.text
    elif action.reach == WHOLE:
        assert answer.status_code in (401, 403), answer.text
    else:
        unauthorized(answer)


@pytest.mark.parametrize("role", PLATFORM + SERVICE)
def test_a_role_on_everything(house, role):
    """With no instance named: who may do what to the whole installation."""
    service_id = house.service_id()
    house.grant(service_id, role)
    person = Api(house.server, house.api_key(service_id))
    for action in ACTIONS:
        if action.reach == WHOLE:
            answer = person.ask(action.method, action.path, action.body)
            if role in action.who:
                assert answer.status_code not in (401, 403) and answer.status_code < 500, (action, answer.text)
            else:
                unauthorized(answer)


def test_the_matrix_is_whole(house):
    assert len(CASES) > 1000
    rows = {(action.method, path_of(action)) for action in ACTIONS}
    described = house.administrator.ask("GET", "/openapi.json").json()["paths"]
    guarded = [
        (method.upper(), path)
        for path, methods in described.items()
        for method, operation in methods.items()
        if operation["security"] != [{}]
    ]
    assert len(guarded) > 100
    missing = [route for route in guarded if not any(is_of(row, route) for row in rows)]
    assert not missing, "a route that no row asks for"
    for role in PLATFORM + SERVICE:
        assert {expected for _, each, _, expected in CASES if each == role} == {True, False}, role


# Lists show what one may see.


def listed(api, path="/keys", kind="key"):
    """The identifiers that a list shows; a list that is denied shows none."""
    answer = api.ask("GET", path)
    return set() if answer.status_code == 401 else {each["id"] for each in resources(answer, kind)}


def test_lists_under_a_ring_grant(house, api):
    ring = api.ring()
    inside, _ = api.create(ring=ring)["id"], api.create()["id"]
    person = house.person("Reader", instance=api.instance, key_ring=ring)
    assert listed(person) == {inside}
    assert listed(person, "/key_rings", "key_ring") <= {ring}
    head = person.ask("HEAD", "/keys")
    assert head.status_code == 401 or head.headers["Key-Total"] == "1"


def test_keys_that_are_granted_singly_do_not_show(house, api):
    key = api.create()["id"]
    person = house.person("Reader", instance=api.instance, key=key)
    assert person.metadata(key)["id"] == key
    assert listed(person) == set()
    head = person.ask("HEAD", "/keys")
    assert head.status_code == 401 or head.headers["Key-Total"] == "0"


def test_instances_that_one_may_see(house, api):
    other = house.instance()
    viewer = house.person("Viewer", instance=api.instance)
    shown = {each["id"] for each in viewer.ask("GET", "/api/v1/instances").json()["resources"]}
    assert api.instance in shown
    assert other not in shown


def test_registrations_under_a_ring_grant(house, api):
    ring = api.ring()
    inside, outside = api.create(ring=ring)["id"], api.create()["id"]
    for key in (inside, outside):
        api.adapter(key)
    person = house.person("Reader", instance=api.instance, key_ring=ring)
    answer = person.ask("GET", "/keys/registrations")
    if answer.status_code != 401:
        assert {each["keyId"] for each in resources(answer, "registration")} == {inside}


# What a key's place decides.


def test_a_moved_key_is_out_of_reach(house, api):
    ring = api.ring()
    key = api.create(ring=ring)["id"]
    person = house.person("Manager", instance=api.instance, key_ring=ring)
    one(person.ask("GET", f"/keys/{key}"), "key")
    one(api.ask("PATCH", f"/keys/{key}", {"keyRingID": "default"}), "key")
    unauthorized(person.ask("GET", f"/keys/{key}"))


def test_nobody_moves_a_key_to_where_they_have_no_say(house, api):
    """Else a key could be taken out of the reach of those who watch over it, or pushed upon others."""
    ring, theirs = api.ring(), api.ring()
    key = api.create(ring=ring)["id"]
    person = house.person("Manager", instance=api.instance, key_ring=ring)
    unauthorized(person.ask("PATCH", f"/keys/{key}", {"keyRingID": theirs}))
    assert api.metadata(key)["keyRingID"] == ring


def test_out_of_reach_and_not_there_are_alike(house, api):
    """Whoever may not see a key can't find out whether there is one."""
    ring = api.ring()
    key = api.create(aliases=["alias"])["id"]
    person = house.person("Manager", instance=api.instance, key_ring=ring)
    for name in (key, "alias", NEVER_WAS, "no-such-alias"):
        for method, path in [("GET", ""), ("GET", "/metadata"), ("DELETE", ""), ("POST", "/actions/wrap")]:
            unauthorized(person.ask(method, f"/keys/{name}{path}"))


def test_the_ring_header_widens_nothing(house, api):
    ring = api.ring()
    key = api.create()["id"]
    person = house.person("Manager", instance=api.instance, key_ring=ring)
    for named in (ring, "default"):
        headers = {"X-Kms-Key-Ring": named}
        assert person.ask("GET", f"/keys/{key}", headers=headers).status_code in (401, 404)
        assert person.ask("DELETE", f"/keys/{key}", headers=headers).status_code in (401, 404)
    assert api.metadata(key)["state"] == 1
    unauthorized(person.ask("POST", "/keys", NEW, {"X-Kms-Key-Ring": "default"}))


# Grants add up, and nobody gives what they have not.


def test_grants_add_up(house, api):
    person = house.person("Reader", "KeyPurge", instance=api.instance)
    key = api.create()["id"]
    assert person.metadata(key)["id"] == key
    assert person.ask("DELETE", f"/keys/{key}/purge").status_code == 409
    unauthorized(person.ask("DELETE", f"/keys/{key}"))


def test_a_grant_on_every_instance(house):
    service_id = house.service_id()
    house.grant(service_id, "Reader")
    bearer = house.api_key(service_id)
    for instance in (house.instance(), house.instance()):
        assert Api(house.server, bearer, instance).ask("GET", "/keys").status_code == 200
        unauthorized(Api(house.server, bearer, instance).ask("POST", "/keys", NEW))


def test_an_administrator_of_one_instance_gives_nothing_on_another(house, api):
    other = house.instance()
    administrator = house.person("Administrator", instance=api.instance)
    somebody = one_of(administrator.ask("POST", PEOPLE, {"name": fresh("somebody")}))
    assert somebody["owner"] == api.instance
    path = f"{PEOPLE}/{somebody['id']}"
    bearer = one_of(administrator.ask("POST", f"{path}/apikeys", {"name": "key"}))["apikey"]
    one_of(administrator.ask("POST", f"{path}/grants", {"roles": ["Reader"], "instance": api.instance}))
    assert administrator.ask("POST", f"{path}/grants", {"roles": ["Reader"], "instance": other}).status_code in (401, 404)
    elsewhere = administrator.elsewhere(other)
    unauthorized(elsewhere.ask("POST", f"{path}/grants", {"roles": ["Reader"]}))
    unauthorized(elsewhere.ask("POST", PEOPLE, {"name": fresh("somebody")}))
    assert Api(house.server, bearer, api.instance).ask("GET", "/keys").status_code == 200
    unauthorized(Api(house.server, bearer, other).ask("GET", "/keys"))


def test_an_administrator_of_one_instance_has_no_say_over_others_people(house, api):
    """No API key for somebody who may more than they: that would be all of that somebody's rights."""
    administrator = house.person("Administrator", instance=api.instance)
    theirs = house.service_id()
    house.grant(theirs, "Manager")
    for method, path, body in [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/apikeys", {"name": "key"}),
        ("GET", "/apikeys", None),
        ("POST", "/grants", {"roles": ["Reader"], "instance": api.instance}),
    ]:
        answer = administrator.ask(method, f"{PEOPLE}/{theirs}{path}", body)
        assert answer.status_code in (401, 404), answer.text
    assert house.listed(f"{PEOPLE}/{theirs}/apikeys") == []
    shown = administrator.ask("GET", PEOPLE).json()["resources"]
    assert theirs not in {each["id"] for each in shown}


def test_no_grant_on_every_instance_by_one_instances_administrator(house, api):
    administrator = house.person("Administrator", instance=api.instance)
    somebody = one_of(administrator.ask("POST", PEOPLE, {"name": fresh("somebody")}))["id"]
    bearer = one_of(administrator.ask("POST", f"{PEOPLE}/{somebody}/apikeys", {"name": "key"}))["apikey"]
    one_of(administrator.ask("POST", f"{PEOPLE}/{somebody}/grants", {"roles": ["Manager"]}))
    assert Api(house.server, bearer, api.instance).ask("GET", "/keys").status_code == 200
    unauthorized(Api(house.server, bearer, house.instance()).ask("GET", "/keys"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"roles": []},
        {"roles": ["King"]},
        {"roles": "Reader"},
        {"roles": ["Reader"], "colour": "red"},
        {"roles": ["Reader"], "instance": "nowhere"},
    ],
    ids=str,
)
def test_a_grant_that_can_not_be(house, body):
    somebody = house.service_id()
    answer = house.administrator.ask("POST", f"{PEOPLE}/{somebody}/grants", body)
    assert answer.status_code in (400, 404), answer.text
    assert house.listed(f"{PEOPLE}/{somebody}/grants") == []


def test_roles_are_named(house):
    names = str(house.listed("/api/v1/roles"))
    assert all(role in names for role in PLATFORM + SERVICE)


# Services of one instance in another.


@pytest.mark.parametrize("role", PLATFORM + SERVICE)
def test_no_instance_changes_the_servers_certificates(town, role):
    """They are the installation's: its administrators are told so where they name an instance, and nobody else is let in at all."""
    person = town.person(role, OWN)
    for method, what in [("POST", "renew"), ("POST", "activate"), ("DELETE", "staged")]:
        answer = person.ask(method, f"/api/v1/tls/{what}")
        if role == "Administrator":
            assert answer.status_code == 403 and "INSTALLATION_ONLY_ERR" in answer.text, answer.text
        else:
            unauthorized(answer)


@pytest.mark.parametrize("role", PLATFORM + SERVICE)
def test_no_instance_sees_the_installations_metrics(town, house, role):
    """They tell of all instances: who looks after one of them is told so, and nobody else is let in at all."""
    answer = town.person(role, OWN).ask("GET", "/metrics")
    if role in PLATFORM:
        assert answer.status_code == 403 and "INSTALLATION_ONLY_ERR" in answer.text, answer.text
    else:
        unauthorized(answer)


def test_authorization_of_another_instance(house, api, tmp_path):
    """HPCS: whoever manages KMIP there may keep KMIP endpoints here, without an API key of ours."""
    source = house.instance()
    key = api.create()["id"]
    theirs = house.person("KmipAdapterManager", instance=source).elsewhere(api.instance)
    reader = house.person("Reader", instance=source).elsewhere(api.instance)
    unauthorized(theirs.ask("GET", "/kmip_adapters"))
    body = {"source": source, "roles": ["VMware KMIP Manager"]}
    made = one_of(api.ask("POST", "/api/v1/authorizations", body))
    adapter = theirs.adapter(key)["id"]
    theirs.client(adapter, tmp_path)
    unauthorized(theirs.ask("GET", f"/keys/{key}"))
    unauthorized(theirs.ask("DELETE", f"/keys/{key}"))
    unauthorized(reader.ask("GET", f"/kmip_adapters/{adapter}"))
    assert api.ask("DELETE", f"/api/v1/authorizations/{made['id']}").status_code == 204
    unauthorized(theirs.ask("GET", f"/kmip_adapters/{adapter}"))
    one(api.ask("GET", f"/kmip_adapters/{adapter}", headers=REPRESENTATION), "kmip_adapter")


@pytest.mark.parametrize("roles", [["Manager"], ["Administrator"], ["Viewer", "Writer"], []], ids=str)
def test_an_authorization_that_can_not_be(house, api, roles):
    answer = api.ask("POST", "/api/v1/authorizations", {"source": house.instance(), "roles": roles})
    assert answer.status_code == 400, answer.text
    assert api.ask("GET", "/api/v1/authorizations").json()["resources"] == []
