"""vCenter's whole conversation, re-created message by message, on two connections in turn; then the server is killed.

Every message has vCenter's shape: version 1.1, the same attribute order, batch ids `QLKC` with a little-endian
counter that starts at one in each message, attributes asked for one at a time.
"""

import struct

import pytest

import wire
from ttlv import enumeration, structure, text
from wire import ACTIVE, PRE_ACTIVE, attribute, item, succeeded, unique

QUERY_SERVER_INFORMATION = 3
TAGS_OF_A_KEY = {"x-Product_Version": "7.0.3 build-19480866", "x-Vendor": "VMware, Inc.", "x-Product": "VMware vSphere"}
TAGS_OF_A_HOST = {"x-Identifier": "host-14", "x-Component": "ESXi Server", "x-Name": "esx1.example.com"}


class VCenter(wire.Connection):
    """A connection that numbers its batch items as vCenter does and starts with Discover Versions."""

    def __init__(self, server, certificate):
        super().__init__(server.port, certificate, (1, 1))
        (answered,) = self.exchange(item("Discover Versions"))
        assert "Unique Batch Item ID" not in answered, "none was sent"
        assert len(succeeded(answered).all("Protocol Version")) >= 2

    def send_items(self, *operations):
        ids = [b"QLKC" + struct.pack("<I", 1 + index) for index in range(len(operations))]
        items = [item(name, *payload, batch_id=each) for (name, *payload), each in zip(operations, ids)]
        answered = self.exchange(*items)
        assert [each["Unique Batch Item ID"] for each in answered] == ids
        return [succeeded(each) for each in answered]

    def one(self, name, *payload):
        (answered,) = self.send_items((name, *payload))
        return answered

    def attribute(self, identifier, name):
        """Get Attributes of one name: its value, or None where success comes with nothing."""
        payload = self.one("Get Attributes", unique(identifier), text("Attribute Name", name))
        assert payload["Unique Identifier"] == identifier
        found = payload.all("Attribute")
        if not found:
            return None
        (only,) = found
        assert only["Attribute Name"] == name
        return only["Attribute Value"]

    def tag(self, identifier, tags):
        """Asks for each attribute, then adds all of them in one message."""
        assert [self.attribute(identifier, name) for name in tags] == [None] * len(tags)
        asked = [("Add Attribute", unique(identifier), attribute(*each)) for each in tags.items()]
        for answered, (name, value) in zip(self.send_items(*asked), tags.items(), strict=True):
            assert answered.tags() == ["Unique Identifier", "Attribute"]
            assert answered["Attribute"]["Attribute Name"] == name
            assert answered["Attribute"]["Attribute Value"] == value

    def fetch(self, identifier):
        payload = self.one("Get", unique(identifier))
        assert payload.tags() == ["Object Type", "Unique Identifier", "Symmetric Key"]
        block = payload["Symmetric Key"]["Key Block"]
        shape = ["Key Format Type", "Key Value", "Cryptographic Algorithm", "Cryptographic Length"]
        assert block.tags() == shape
        assert [block[shape[0]], block[shape[2]], block[shape[3]]] == [wire.RAW, wire.AES, 256]
        return block["Key Value"]["Key Material"]

    def create(self):
        return self.one("Create", *wire.aes_256())["Unique Identifier"]

    def enable(self, identifier):
        assert self.attribute(identifier, "State") == PRE_ACTIVE
        assert self.one("Activate", unique(identifier))["Unique Identifier"] == identifier
        assert self.attribute(identifier, "State") == ACTIVE


@pytest.fixture
def vcenter(fresh):
    certificate = fresh.issue("vcenter")
    return lambda: VCenter(fresh, certificate)


def health_check(connect):
    """Every five minutes: a connection without a request, then Discover Versions twice and Query."""
    with connect() as connection:
        connection.one("Discover Versions")
        answered = connection.one("Query", enumeration("Query Function", QUERY_SERVER_INFORMATION))
        assert answered["Vendor Identification"]


def conversation(connect):
    """Two virtual machines' keys, made on two connections in turn: from identifier to key bytes."""
    with connect() as one, connect() as two:
        keys = [one.create(), two.create()]
        pairs = list(zip((one, two), keys))
        for connection, identifier in pairs:
            connection.tag(identifier, TAGS_OF_A_KEY)
        material = {identifier: connection.fetch(identifier) for connection, identifier in reversed(pairs)}
        for connection, identifier in pairs:
            connection.enable(identifier)
        for connection, identifier in reversed(pairs):
            connection.tag(identifier, TAGS_OF_A_HOST)
        assert one.fetch(keys[1]) == material[keys[1]], "either connection serves either key"
    return material


def test_the_keys_are_there_after_a_kill(vcenter, fresh):
    health_check(vcenter)
    material = conversation(vcenter)
    assert len(set(material.values())) == 2
    fresh.kill()
    fresh.start()
    health_check(vcenter)
    with vcenter() as connection:
        for identifier, expected in material.items():
            assert connection.fetch(identifier) == expected
            assert connection.attribute(identifier, "State") == ACTIVE
            for name, value in (TAGS_OF_A_KEY | TAGS_OF_A_HOST).items():
                assert connection.attribute(identifier, name) == value


def test_a_create_that_was_answered_survives_a_kill_at_once(vcenter, fresh):
    with vcenter() as connection:
        identifier = connection.create()
        fresh.kill()
    fresh.start()
    with vcenter() as connection:
        assert len(connection.fetch(identifier)) == 32


def test_a_tag_set_again_does_not_break_the_client(vcenter):
    with vcenter() as connection:
        identifier = connection.create()
        connection.tag(identifier, TAGS_OF_A_KEY)
        connection.send_items(("Add Attribute", unique(identifier), attribute("x-Product", "VMware vSphere")))
        assert connection.fetch(identifier)


def test_a_key_that_is_not_there(vcenter):
    with vcenter() as connection:
        with pytest.raises(wire.Refused) as refused:
            connection.one("Get", unique("00000000-0000-4000-8000-000000000000"))
        assert refused.value.reason == wire.ITEM_NOT_FOUND
        assert connection.create(), "the connection stays"


def test_a_user_name_and_password_in_the_header_are_taken(vcenter):
    credential = structure(
        "Credential",
        enumeration("Credential Type", 1),
        structure("Credential Value", text("Username", "vcenter"), text("Password", "secret")),
    )
    with vcenter() as connection:
        (answered,) = connection.exchange(item("Create", *wire.aes_256()), header=[structure("Authentication", credential)])
        assert succeeded(answered)["Unique Identifier"]
