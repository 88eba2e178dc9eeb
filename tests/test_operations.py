"""The operations and message forms that PyKMIP cannot send, at every version, by messages made by hand."""

import time

import pytest

import ttlv
import wire
from ttlv import boolean, date, enumeration, integer, interval, long, octets, structure, text
from wire import attribute, item, named, succeeded, unique

CONTINUE, STOP, UNDO = 1, 2, 3
RESPONSE_TOO_LARGE, INVALID_MESSAGE, FEATURE_NOT_SUPPORTED = 2, 4, 8
QUERY_OPERATIONS = 1
UNKNOWN = "00000000-0000-4000-8000-000000000000"

# Attributes by the version since which the specification has them; the others are as old as KMIP itself.
SINCE = {
    "Fresh": (1, 1),
    "Alternative Name": (1, 2),
    "Key Value Present": (1, 2),
    "Key Value Location": (1, 2),
    "Original Creation Date": (1, 2),
    "Random Number Generator": (1, 3),
    "PKCS#12 Friendly Name": (1, 4),
    "Description": (1, 4),
    "Comment": (1, 4),
    "Sensitive": (1, 4),
    "Always Sensitive": (1, 4),
    "Extractable": (1, 4),
    "Never Extractable": (1, 4),
}


@pytest.fixture
def key(connection):
    return connection.call("Create", *wire.aes_256())["Unique Identifier"]


def refused(reason, connection, *call):
    with pytest.raises(wire.Refused) as failure:
        connection.call(*call)
    assert failure.value.reason == reason


def add(connection, identifier, added):
    return connection.call("Add Attribute", unique(identifier), added)


def test_discover_versions_came_with_kmip_1_1(connection, version):
    if version == (1, 0):
        refused(wire.OPERATION_NOT_SUPPORTED, connection, "Discover Versions")
    else:
        offered = connection.call("Discover Versions").all("Protocol Version")
        assert [(each["Protocol Version Major"], each["Protocol Version Minor"]) for each in offered] == [
            (1, 4),
            (1, 3),
            (1, 2),
            (1, 1),
            (1, 0),
        ]


@pytest.mark.parametrize(
    "value",
    [
        text("Attribute Value", "a text, ü"),
        text("Attribute Value", ""),
        integer("Attribute Value", -1),
        long("Attribute Value", 2**62),
        enumeration("Attribute Value", 0x8000_0001),
        boolean("Attribute Value", True),
        octets("Attribute Value", bytes(range(13))),
        date("Attribute Value", 1_700_000_000),
        interval("Attribute Value", 3600),
        structure("Attribute Value", text("Name Value", "inner"), integer(0x54_0001, 7)),
    ],
    ids=lambda value: f"type {value.kind}",
)
def test_a_custom_attribute_of_every_type(connection, key, value):
    answered = add(connection, key, attribute("x-custom", value))
    assert answered["Attribute"]["Attribute Value"] == (value if value.kind == ttlv.STRUCTURE else value.value)
    payload = connection.call("Get Attributes", unique(key), text("Attribute Name", "x-custom"))
    (found,) = payload.all("Attribute")
    assert found.all("Attribute Value") == [value]
    listed = connection.call("Get Attribute List", unique(key)).all("Attribute Name")
    assert "x-custom" in [each.value for each in listed]


def test_a_custom_attribute_modified_and_deleted(connection, key):
    add(connection, key, attribute("x-note", "first"))
    connection.call("Modify Attribute", unique(key), attribute("x-note", "second"))
    assert connection.attributes(key, "x-note") == {"x-note": "second"}
    connection.call("Delete Attribute", unique(key), text("Attribute Name", "x-note"))
    assert connection.attributes(key, "x-note") == {}


def test_several_names(connection, key, request):
    for each in ("one", "two"):
        add(connection, key, named(request.node.name + each))
    payload = connection.call("Get Attributes", unique(key), text("Attribute Name", "Name"))
    names = [each["Attribute Value"]["Name Value"] for each in payload.all("Attribute")]
    assert names == [request.node.name + "one", request.node.name + "two"]
    connection.call("Delete Attribute", unique(key), text("Attribute Name", "Name"), integer("Attribute Index", 0))
    payload = connection.call("Get Attributes", unique(key), text("Attribute Name", "Name"))
    (left,) = payload.all("Attribute")
    assert left["Attribute Value"]["Name Value"] == request.node.name + "two"


def test_locate_by_custom_attribute(connection, key, request):
    other = connection.call("Create", *wire.aes_256())["Unique Identifier"]
    for identifier, value in ((key, "mine"), (other, "not mine")):
        add(connection, identifier, attribute("x-Name", f"{request.node.name} {value}"))
    located = connection.call("Locate", attribute("x-Name", f"{request.node.name} mine"))
    assert [each.value for each in located.all("Unique Identifier")] == [key]
    assert not connection.call("Locate", attribute("x-Name", request.node.name)).all("Unique Identifier")


def test_get_attributes_without_names_gives_all_that_are_listed(connection, key):
    add(connection, key, attribute("x-note", "too"))
    listed = [each.value for each in connection.call("Get Attribute List", unique(key)).all("Attribute Name")]
    given = connection.call("Get Attributes", unique(key)).all("Attribute")
    assert [each["Attribute Name"] for each in given] == listed
    assert "x-note" in listed


def test_obtain_lease(connection, key):
    connection.call("Activate", unique(key))
    lease = connection.call("Obtain Lease", unique(key))
    assert lease["Unique Identifier"] == key
    assert lease["Lease Time"] > 0
    assert abs(lease["Last Change Date"] - time.time()) < 3600
    refused(wire.ITEM_NOT_FOUND, connection, "Obtain Lease", unique(UNKNOWN))


def test_usage_allocation(connection, key):
    limits = structure("Attribute Value", long("Usage Limits Total", 1000), enumeration("Usage Limits Unit", 1))
    add(connection, key, attribute("Usage Limits", limits))
    connection.call("Activate", unique(key))
    half = long("Usage Limits Count", 500)
    assert connection.call("Check", unique(key), half).tags() == ["Unique Identifier"]
    refused(wire.ITEM_NOT_FOUND, connection, "Check", unique(UNKNOWN), half)
    for left in (500, 0):
        connection.call("Get Usage Allocation", unique(key), half)
        assert connection.attributes(key, "Usage Limits")["Usage Limits"]["Usage Limits Count"] == left
    refused(wire.PERMISSION_DENIED, connection, "Get Usage Allocation", unique(key), half)


def test_a_key_and_its_replacement_are_destroyed(connection, request):
    key = connection.call("Create", *wire.aes_256(named(request.node.name)))["Unique Identifier"]
    replacement = connection.call("Re-key", unique(key))["Unique Identifier"]
    for each in (key, replacement):
        assert connection.call("Destroy", unique(each))["Unique Identifier"] == each
    assert not connection.call("Locate", named(request.node.name)).all("Unique Identifier")


def test_revoke_before_activation(connection, key):
    cessation = structure("Revocation Reason", enumeration("Revocation Reason Code", 6))
    refused(wire.PERMISSION_DENIED, connection, "Revoke", unique(key), cessation)
    assert connection.attributes(key, "State") == {"State": wire.PRE_ACTIVE}


def test_an_activation_date_passes_by_itself(connection):
    soon = date("Attribute Value", int(time.time()) + 2)
    key = connection.call("Create", *wire.aes_256(attribute("Activation Date", soon)))["Unique Identifier"]
    assert connection.attributes(key, "State") == {"State": wire.PRE_ACTIVE}
    deadline = time.monotonic() + 30
    while connection.attributes(key, "State") != {"State": wire.ACTIVE}:
        assert time.monotonic() < deadline, "the date passed, the state did not change"
        time.sleep(0.2)


def batch(*items):
    """Items with batch ids that are told apart by every byte of them."""
    return [item(name, *payload, batch_id=bytes([n, 0, 255, n])) for n, (name, *payload) in enumerate(items, 1)]


def statuses(answered):
    return [each["Result Status"] for each in answered]


def test_the_id_placeholder(connection):
    wanted = text("Attribute Name", "State")
    answered = connection.exchange(
        *batch(("Create", *wire.aes_256()), ("Get",), ("Get Attributes", wanted), ("Activate",), ("Get Attributes", wanted)),
        header=[boolean("Batch Order Option", True)],
    )
    created, got, before, _, after = [succeeded(each) for each in answered]
    assert got["Unique Identifier"] == created["Unique Identifier"]
    states = [each["Attribute"]["Attribute Value"] for each in (before, after)]
    assert states == [wire.PRE_ACTIVE, wire.ACTIVE]


def test_batch_ids_come_back_byte_for_byte(connection):
    sent = batch(*[("Create", *wire.aes_256())] * 3)
    answered = connection.exchange(*sent)
    assert [each["Unique Batch Item ID"] for each in answered] == [each["Unique Batch Item ID"] for each in sent]


def failing_batch():
    return batch(("Create", *wire.aes_256()), ("Get", unique(UNKNOWN)), ("Create", *wire.aes_256()))


@pytest.mark.parametrize("option", [None, STOP], ids=["default", "stop"])
def test_a_batch_stops_at_a_failure(connection, option):
    header = [] if option is None else [enumeration("Batch Error Continuation Option", option)]
    assert statuses(connection.exchange(*failing_batch(), header=header)) == [wire.SUCCESS, wire.FAILED]


def test_a_batch_continues_after_a_failure(connection):
    header = [enumeration("Batch Error Continuation Option", CONTINUE)]
    answered = connection.exchange(*failing_batch(), header=header)
    assert statuses(answered) == [wire.SUCCESS, wire.FAILED, wire.SUCCESS]


def test_undo_is_refused_before_anything_is_done(connection, request):
    named_create = ("Create", *wire.aes_256(named(request.node.name)))
    header = [enumeration("Batch Error Continuation Option", UNDO)]
    answered = connection.exchange(*batch(named_create, named_create), header=header)
    assert {each["Result Reason"] for each in answered} == {FEATURE_NOT_SUPPORTED}
    assert not connection.call("Locate", named(request.node.name)).all("Unique Identifier")


def test_maximum_response_size(connection):
    query = item("Query", enumeration("Query Function", QUERY_OPERATIONS))
    (answered,) = connection.exchange(query, header=[integer("Maximum Response Size", 256)])
    assert answered["Result Reason"] == RESPONSE_TOO_LARGE
    (answered,) = connection.exchange(query, header=[integer("Maximum Response Size", 4096)])
    assert succeeded(answered).all("Operation")


@pytest.mark.parametrize("count", [2, 0, -1, 2**31 - 1])
def test_a_batch_count_that_lies(connection, version, count):
    request = wire.message(version, item("Create", *wire.aes_256()), count=count)
    connection.send(ttlv.encode(request))
    (answered,) = ttlv.decode(connection.receive()).all("Batch Item")
    assert answered["Result Reason"] == INVALID_MESSAGE


def test_attributes_that_are_younger_than_the_version_are_not_sent(connection, version, key):
    listed = {each.value for each in connection.call("Get Attribute List", unique(key)).all("Attribute Name")}
    assert {name for name in listed if SINCE.get(name, (1, 0)) > version} == set()
    assert {"State", "Digest", "Initial Date"} <= listed


def test_a_connection_without_a_request_is_no_harm(connection, server, certificate):
    for _ in range(5):
        wire.Connection(server.port, certificate).close()
    assert connection.call("Create", *wire.aes_256())
