"""PyKMIP, a client that others wrote, against the server: every operation that it offers, at every version.

What PyKMIP has no call for (Add Attribute, Obtain Lease, Get Usage Allocation, batches) is in `test_operations`.
"""

import ssl

import pytest
from kmip.core import enums, objects as core
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie import client as pie, exceptions, objects

from conftest import VERSIONS
from wire import OPERATIONS

ENCRYPT, DECRYPT = enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT
AES = enums.CryptographicAlgorithm.AES
SUCCESS = enums.ResultStatus.SUCCESS
MATERIAL = bytes(range(32))


def wrap_socket(sock, keyfile, certfile, cert_reqs, ssl_version, ca_certs, **options):
    """What Python 3.12 took away and PyKMIP still calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = cert_reqs
    context.load_verify_locations(ca_certs)
    context.load_cert_chain(certfile, keyfile)
    return context.wrap_socket(sock, **options)


if not hasattr(ssl, "wrap_socket"):
    ssl.wrap_socket = wrap_socket


@pytest.fixture
def client(server, certificate, version):
    opened = pie.ProxyKmipClient(
        hostname="127.0.0.1",
        port=server.port,
        cert=certificate.crt,
        key=certificate.key,
        ca=certificate.ca,
        kmip_version=enums.KMIPVersion["KMIP_{}_{}".format(*version)],
    )
    with opened:
        yield opened


@pytest.fixture
def name(request):
    """A name that no other test gives to an object."""
    return request.node.name


@pytest.fixture
def key(client, name):
    return client.create(AES, 256, name=name, cryptographic_usage_mask=[ENCRYPT, DECRYPT])


def named(name):
    return AttributeFactory().create_attribute(enums.AttributeType.NAME, name)


def values(client, identifier, *names):
    """Get Attributes through PyKMIP, as a dictionary from name to value."""
    _, attributes = client.get_attributes(identifier, list(names))
    return {each.attribute_name.value: plain(each.attribute_value) for each in attributes}


def plain(value):
    """An attribute's value: the text of a Name, which is a structure, and the value itself of the others."""
    return value.name_value.value if hasattr(value, "name_value") else value.value


def refused(reason, call, *arguments, **named_arguments):
    """The call must fail, for this reason, and leave the connection usable."""
    with pytest.raises(exceptions.KmipOperationFailure) as failure:
        call(*arguments, **named_arguments)
    assert failure.value.reason == reason


@pytest.mark.parametrize("version", VERSIONS[1:], ids=str, indirect=True)
def test_discover_versions(client, version):
    answer = client.proxy.discover_versions()
    assert answer.result_status.value == SUCCESS
    offered = [(each.major, each.minor) for each in answer.protocol_versions]
    assert version in offered
    assert offered == sorted(offered, reverse=True), "the newest comes first"


def test_query(client, version):
    wanted = enums.QueryFunction
    answer = client.proxy.query(
        query_functions=[wanted.QUERY_OPERATIONS, wanted.QUERY_OBJECTS, wanted.QUERY_SERVER_INFORMATION]
    )
    assert answer.result_status.value == SUCCESS
    expected = {code for name, code in OPERATIONS.items() if version > (1, 0) or name != "Discover Versions"}
    assert {each.value for each in answer.operations} == expected
    kinds = enums.ObjectType
    assert {kinds.SYMMETRIC_KEY, kinds.SECRET_DATA, kinds.OPAQUE_DATA} <= set(answer.object_types)
    assert str(answer.vendor_identification)


@pytest.mark.parametrize("length", [128, 192, 256])
def test_create_and_get(client, name, length):
    identifier = client.create(AES, length, name=name, cryptographic_usage_mask=[ENCRYPT])
    key = client.get(identifier)
    assert (key.cryptographic_algorithm, key.cryptographic_length) == (AES, length)
    assert len(key.value) == length // 8
    assert client.get(identifier).value == key.value


def test_created_keys_differ(client):
    first, second = (client.get(client.create(AES, 256)).value for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "thing",
    [
        lambda name: objects.SymmetricKey(AES, 256, MATERIAL, masks=[ENCRYPT, DECRYPT], name=name),
        lambda name: objects.SecretData(MATERIAL, enums.SecretDataType.PASSWORD, masks=[ENCRYPT], name=name),
        lambda name: objects.OpaqueObject(MATERIAL, enums.OpaqueDataType.NONE, name=name),
    ],
    ids=["symmetric key", "secret data", "opaque object"],
)
def test_register_and_get(client, name, thing):
    identifier = client.register(thing(name))
    found = client.get(identifier)
    assert type(found) is type(thing(name))
    assert found.value == MATERIAL
    assert values(client, identifier, "Name")["Name"] == name


def test_get_attributes(client, key):
    found = values(client, key, "State", "Cryptographic Algorithm", "Cryptographic Length", "Cryptographic Usage Mask")
    assert found == {
        "State": enums.State.PRE_ACTIVE,
        "Cryptographic Algorithm": AES,
        "Cryptographic Length": 256,
        "Cryptographic Usage Mask": 12,
    }


def test_get_attributes_that_are_not_set(client, key):
    assert values(client, key, "Activation Date", "Contact Information") == {}


def test_get_attribute_list(client, key):
    listed = client.get_attribute_list(key)
    assert {"Unique Identifier", "Object Type", "Name", "State", "Initial Date"} <= set(listed)
    assert not {"Activation Date", "Deactivation Date", "Contact Information"} & set(listed), "they are not set"


def test_modify_and_delete_name(client, key, name):
    renamed = core.Attribute(
        attribute_name=core.Attribute.AttributeName("Name"),
        attribute_index=core.Attribute.AttributeIndex(0),
        attribute_value=named(name + " renamed").attribute_value,
    )
    identifier, answered = client.modify_attribute(key, attribute=renamed)
    assert identifier == key
    assert answered.attribute_value.name_value.value == name + " renamed"
    assert values(client, key, "Name") == {"Name": name + " renamed"}
    identifier, answered = client.delete_attribute(key, attribute_name="Name", attribute_index=0)
    assert identifier == key
    assert values(client, key, "Name") == {}


def test_set_attribute_is_of_a_later_version(client, key):
    with pytest.raises(Exception, match="KMIP 1"):
        client.set_attribute(key, attribute_name="Sensitive", attribute_value=True)


def test_modify_of_a_read_only_attribute(client, key):
    state = AttributeFactory().create_attribute(enums.AttributeType.STATE, enums.State.ACTIVE)
    with pytest.raises(Exception) as failure:
        client.modify_attribute(key, attribute=state)
    assert failure.value.reason == enums.ResultReason.PERMISSION_DENIED
    assert values(client, key, "State") == {"State": enums.State.PRE_ACTIVE}


def test_life_cycle(client, key):
    client.activate(key)
    assert values(client, key, "State") == {"State": enums.State.ACTIVE}
    refused(enums.ResultReason.PERMISSION_DENIED, client.activate, key)
    refused(enums.ResultReason.PERMISSION_DENIED, client.destroy, key)
    material = client.get(key).value
    client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, key)
    assert values(client, key, "State") == {"State": enums.State.DEACTIVATED}
    assert client.get(key).value == material, "a deactivated key still unlocks what it locked"
    client.destroy(key)
    refused(enums.ResultReason.ITEM_NOT_FOUND, client.get, key)


def test_compromise(client, key):
    client.activate(key)
    client.revoke(enums.RevocationReasonCode.KEY_COMPROMISE, key, "stolen", compromise_occurrence_date=1)
    found = values(client, key, "State", "Compromise Occurrence Date")
    assert found == {"State": enums.State.COMPROMISED, "Compromise Occurrence Date": 1}


def test_destroy_before_activation(client, key):
    client.destroy(key)
    refused(enums.ResultReason.ITEM_NOT_FOUND, client.get, key)


def test_locate_by_name(client, key, name):
    assert client.locate(attributes=[named(name)]) == [key]
    assert client.locate(attributes=[named(name + " not there")]) == []


def test_locate_by_several_attributes(client, key, name):
    create = AttributeFactory().create_attribute
    kind = create(enums.AttributeType.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY)
    wrong_kind = create(enums.AttributeType.OBJECT_TYPE, enums.ObjectType.SECRET_DATA)
    state = create(enums.AttributeType.STATE, enums.State.PRE_ACTIVE)
    assert client.locate(attributes=[named(name), kind, state]) == [key]
    assert client.locate(attributes=[named(name), wrong_kind]) == []


def test_locate_at_most(client, key):
    assert len(client.locate(maximum_items=1)) == 1


def test_check(client, key):
    assert client.check(key, cryptographic_usage_mask=[ENCRYPT]) == key


def test_rekey(client, key, name):
    client.activate(key)
    replacement = client.rekey(key, offset=0)
    assert replacement != key
    assert client.get(replacement).value != client.get(key).value
    assert client.locate(attributes=[named(name)]) == [replacement], "the name moves to the replacement"


def test_what_is_not_there(client):
    for call in (client.get, client.get_attributes, client.get_attribute_list, client.activate, client.destroy):
        refused(enums.ResultReason.ITEM_NOT_FOUND, call, "00000000-0000-4000-8000-000000000000")


def test_create_with_a_length_that_no_aes_has(client):
    refused(enums.ResultReason.INVALID_FIELD, client.create, AES, 257)


def test_an_operation_that_the_server_does_not_have(client):
    refused(enums.ResultReason.OPERATION_NOT_SUPPORTED, client.create_key_pair, enums.CryptographicAlgorithm.RSA, 2048)
