"""The preview of what would stop: everything counted, what the keys' own tags say, and nothing touched."""

import json

import pytest

import wire
from keystead import Keystead
from rest import House, collection, fresh
from wire import attribute, unique

AT_ONCE = dict.fromkeys(["enable_after", "restore_after", "purge_after", "rotate_every", "sync_every"], 0)
VM, HOST = "Virtual Machine", "ESXi Server"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Keystead(tmp_path_factory.mktemp("impact"), AT_ONCE) as running:
        yield running


class Site:
    def __init__(self, server, folder):
        self.server, self.folder, self.api = server, folder, House(server).manager()
        self.root = self.api.create(name=fresh("crk"))["id"]
        self.adapter = self.api.adapter(self.root)
        self.client = self.api.client(self.adapter["id"], folder)
        self.connection = wire.Connection(server.port, self.client)

    def key(self, *tags, activate=False):
        key = self.connection.call("Create", *wire.aes_256())["Unique Identifier"]
        for name, value in zip(["x-Component", "x-Name", "x-Identifier"], tags):
            self.connection.call("Add Attribute", unique(key), attribute(name, value))
        if activate:
            self.connection.call("Activate", unique(key))
        return key

    def impact(self, key=None):
        answer = self.api.ask("GET", f"/api/v1/keys/{key or self.root}/impact")
        assert answer.status_code == 200, answer.text
        (only,) = answer.json()["resources"]
        return only


@pytest.fixture
def site(server, tmp_path):
    return Site(server, tmp_path)


def components(impact):
    return {each["component"]: (each["keys"], [key.get("name") for key in each["named"]]) for each in impact["components"]}


def test_a_root_key_stops_what_its_keys_say(site):
    site.key(VM, "web-1", "vm-101", activate=True)
    site.key(VM, "web-2", "vm-102")
    site.key(HOST, "esx1.example.com", "host-14", activate=True)
    site.key()
    doomed = site.key(VM, "gone", "vm-103")
    site.connection.call("Destroy", unique(doomed))
    deleted = site.key(VM, "deleted", "vm-104")
    assert site.api.ask("DELETE", f"/keys/{deleted}").status_code in (200, 204)
    for moment in ["active", "disabled"]:
        impact = site.impact()
        assert (impact["kind"], impact["keys"]) == ("root key", 4)
        assert components(impact) == {VM: (2, ["web-1", "web-2"]), HOST: (1, ["esx1.example.com"]), "": (1, [])}
        states = {each["state"]: each["keys"] for each in impact["states"]}
        assert states == {"Active": 2, "Pre-Active": 2, "Destroyed": 1}
        (adapter,) = impact["adapters"]
        assert (adapter["name"], adapter["keys"], len(adapter["clients"])) == (site.adapter["name"], 4, 1)
        site.api.act(site.root, "disable")


def test_one_key_stops_one_thing(site):
    key = site.key(VM, "web-1", "vm-101")
    site.key(VM, "web-2", "vm-102")
    for name in [key, f"vmware_kmip_{key}"]:
        impact = site.impact(name)
        assert (impact["kind"], impact["keys"]) == ("key of a KMIP client", 1)
        assert components(impact) == {VM: (1, ["web-1"])}
        assert impact["components"][0]["named"][0] == {"key": key, "name": "web-1", "identifier": "vm-101"}
    own = site.api.create(extractable=True)["id"]
    assert (site.impact(own)["kind"], site.impact(own)["adapters"]) == ("standard key", [])
    other = House(site.server).manager()
    for name in [key, site.root, "00000000-0000-4000-8000-000000000000"]:
        assert other.ask("GET", f"/api/v1/keys/{name}/impact").status_code == 404


def test_a_thousand_are_named_and_all_are_counted(site):
    """128 in a message, tagged in the template; names are bounded, counts are not."""
    tags = lambda number: [attribute("x-Component", VM), attribute("x-Name", f"vm-{number}")]
    for first in range(0, 1100, 110):
        items = [wire.item("Create", *wire.aes_256(*tags(first + each)), batch_id=bytes([each])) for each in range(110)]
        assert all(each["Result Status"] == wire.SUCCESS for each in site.connection.exchange(*items))
    site.key(HOST, "esx1", "host-1")
    impact = site.impact()
    counted = components(impact)
    assert impact["keys"] == 1101
    assert (counted[VM][0], len(counted[VM][1]), counted[HOST]) == (1100, 1000, (1, []))


def test_the_command_line_shows_it_before_it_asks(site):
    instance = ("--instance", site.api.instance)
    key = site.key(VM, "web-1\x1b[2J", "vm-101")
    shown = site.server.cli("rootkey", "impact", site.root, *instance)
    assert "1 adapter would stop, and 1 key could not be read" in shown
    assert f"adapter {site.adapter['name']}: 1 key" in shown and "web-1 [2J (vm-101)" in shown and "\x1b" not in shown
    for command in [("rootkey", "disable"), ("rootkey", "delete")]:
        assert site.server.cli(*command, site.root, "--dry-run", *instance) == shown
        assert json.loads(site.server.cli(*command, site.root, "--dry-run", "--json", *instance))["keys"] == 1
        with pytest.raises(RuntimeError, match="(?s)1 adapter would stop.*Nothing was done"):
            site.server.cli(*command, site.root, *instance)
    assert "web-1" in site.server.cli("key", "impact", key, *instance)
    assert site.connection.material(key), "nothing was done"
    assert site.impact()["keys"] == 1
    site.server.cli("rootkey", "disable", site.root, "--yes", *instance)
    with pytest.raises(wire.Refused):
        site.connection.material(key)
