"""What the live suite of IBM's Python SDK, `keyprotect` 3.0.1, skips: asked through the same SDK, on a server without long waits.

Runs in the SDK's own environment, `target/venv-keyprotect-3`:

    target/venv-keyprotect-3/bin/python -m pytest tests/keyprotect_3.py
"""

import time

import pytest
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator, IAMAuthenticator
from keyprotect.ibm_key_protect_api_v2 import IbmKeyProtectApiV2
from kmip.core import enums
from kmip.pie import client as pie, exceptions

import test_pykmip  # gives `ssl` what PyKMIP calls and newer Pythons lack
from rest import collection, vendor

AES, ENCRYPT = test_pykmip.AES, test_pykmip.ENCRYPT
DESTROYED = 5


class Sdk:
    """The SDK in an instance, as somebody; each call gives the status and the body."""

    def __init__(self, server, authenticator, instance):
        self.instance = instance
        self.service = IbmKeyProtectApiV2(authenticator=authenticator)
        self.service.set_service_url(server.url)
        self.service.set_http_config({"verify": server.ca})

    def __getattr__(self, name):
        def call(**arguments):
            response = getattr(self.service, name)(bluemix_instance=self.instance, **arguments)
            result = response.get_result()
            # The SDK reads bodies of type application/json by itself, and leaves IBM's own types to its caller.
            return response.get_status_code(), result.json() if hasattr(result, "json") else result

        return call

    def one(self, name, status=200, **arguments):
        found, body = getattr(self, name)(**arguments)
        assert found == status, body
        (resource,) = body["resources"]
        return resource

    def create(self, **policies):
        resource = {"type": vendor("key"), "name": "key", "extractable": False, **policies}
        made = self.one(
            "create_key_with_policies_overrides",
            status=201,
            key_with_policy_overrides_create_body=collection("key", resource),
            prefer="return=representation",
        )
        return made["id"]


@pytest.fixture
def sdk(hasty, hasty_api):
    """As the administrator, who shows an API key to get tokens."""
    return Sdk(hasty, IAMAuthenticator(hasty.api_key, url=hasty.url), hasty_api.instance)


@pytest.fixture
def person(hasty, hasty_house, sdk):
    """Somebody with a role in the same instance, who has a token already."""

    def make(role):
        api = hasty_house.person(role, instance=sdk.instance)
        bearer = api.session.headers["Authorization"].removeprefix("Bearer ")
        return Sdk(hasty, BearerTokenAuthenticator(bearer), sdk.instance)

    return make


def refused(status, code, call, **arguments):
    with pytest.raises(ApiException) as failure:
        call(**arguments)
    assert failure.value.status_code == status
    assert code in failure.value.http_response.text


def patiently(call, **arguments):
    deadline = time.monotonic() + 20
    while True:
        try:
            return call(**arguments)
        except ApiException as error:
            if "REQ_TOO_EARLY_ERR" not in error.http_response.text or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_get_allowed_ip_port(sdk):
    assert sdk.get_allowed_ip_port()[1]["resources"] == [], "without an active policy, no information"
    rule = {"policy_type": "allowedIP", "policy_data": {"enabled": True, "attributes": {"allowed_ip": ["127.0.0.0/8"]}}}
    status, _ = sdk.put_instance_policy(instance_policy_put_body=collection("policy", rule), policy="allowedIP")
    assert status == 204
    status, body = sdk.get_allowed_ip_port()
    assert (status, body["metadata"]["collectionTotal"]) == (200, len(body["resources"]))
    for resource in body["resources"]:
        assert 0 < resource["private_endpoint_port"] < 65536


def test_purge_key(sdk, person):
    purger = person("KeyPurge")
    key = sdk.create()
    refused(409, "KEY_ACTION_INVALID_STATE_ERR", purger.purge_key, id=key)
    assert sdk.delete_key(id=key)[0] == 204
    refused(401, "Unauthorized", sdk.purge_key, id=key)
    status, body = patiently(purger.purge_key, id=key, prefer="return=representation")
    assert (status, body["resources"][0]["id"]) == (200, key)
    refused(404, "KEY_NOT_FOUND_ERR", sdk.get_key, id=key)
    refused(404, "KEY_NOT_FOUND_ERR", purger.purge_key, id=key)


def test_purge_key_minimally(sdk, person):
    key = sdk.create()
    sdk.delete_key(id=key)
    assert patiently(person("KeyPurge").purge_key, id=key)[0] == 204


def test_set_key_for_deletion(sdk, person):
    key = sdk.create(dualAuthDelete={"enabled": True})
    refused(409, "AUTHORIZATIONS_NOT_MET", sdk.delete_key, id=key)
    assert person("Writer").set_key_for_deletion(id=key)[0] == 204
    assert sdk.one("get_key_metadata", id=key)["dualAuthDelete"]["keySetForDeletion"] is True
    deleted = sdk.one("delete_key", id=key, prefer="return=representation")
    assert deleted["state"] == DESTROYED


def test_unset_key_for_deletion(sdk, person):
    key = sdk.create(dualAuthDelete={"enabled": True})
    writer = person("Writer")
    assert writer.set_key_for_deletion(id=key)[0] == 204
    assert writer.unset_key_for_deletion(id=key)[0] == 204
    refused(409, "AUTHORIZATIONS_NOT_MET", sdk.delete_key, id=key)


def test_a_key_without_the_policy(sdk):
    key = sdk.create()
    for call in (sdk.set_key_for_deletion, sdk.unset_key_for_deletion):
        refused(409, "NOT_DUAL_AUTH_ERR", call, id=key)


@pytest.fixture
def kmip(hasty, hasty_api, sdk, tmp_path):
    """PyKMIP as a client of a new adapter, and the adapter's identifier."""
    adapter = hasty_api.adapter(sdk.create())["id"]
    certificate = hasty_api.client(adapter, tmp_path)
    opened = pie.ProxyKmipClient(
        hostname="127.0.0.1",
        port=hasty.port,
        cert=certificate.crt,
        key=certificate.key,
        ca=certificate.ca,
        kmip_version=enums.KMIPVersion.KMIP_1_4,
    )
    with opened:
        yield opened, adapter


def not_found(client, identifier):
    with pytest.raises(exceptions.KmipOperationFailure) as failure:
        client.get(identifier)
    assert failure.value.reason == enums.ResultReason.ITEM_NOT_FOUND


def test_get_kmip_object(sdk, kmip):
    client, adapter = kmip
    identifier = client.create(AES, 256, cryptographic_usage_mask=[ENCRYPT])
    found = sdk.one("get_kmip_object", adapter_id=adapter, id=identifier)
    assert (found["id"], found["kmip_object_type"], found["state"]) == (identifier, 2, 1)
    client.activate(identifier)
    assert sdk.one("get_kmip_object", adapter_id=adapter, id=identifier)["state"] == 2
    assert sdk.one("get_kmip_objects", adapter_id=adapter, state=[2])["id"] == identifier
    (certificate,) = sdk.get_kmip_client_certificates(adapter_id=adapter)[1]["resources"]
    assert found["created_by_kmip_client_cert_id"] == certificate["id"]


def test_delete_kmip_object(sdk, kmip):
    client, adapter = kmip
    identifier, other = (client.create(AES, 256, cryptographic_usage_mask=[ENCRYPT]) for _ in range(2))
    client.activate(identifier)
    refused(409, "", sdk.delete_kmip_object, adapter_id=adapter, id=identifier)
    assert len(client.get(identifier).value) == 32
    assert sdk.delete_kmip_object(adapter_id=adapter, id=identifier, force=True)[0] == 204
    assert sdk.delete_kmip_object(adapter_id=adapter, id=other, force=False)[0] == 204
    for each in (identifier, other):
        not_found(client, each)
        assert sdk.one("get_kmip_object", adapter_id=adapter, id=each)["state"] == DESTROYED
    assert sdk.get_kmip_objects(adapter_id=adapter)[1]["resources"] == []
