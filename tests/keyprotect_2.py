"""IBM's older Python SDK, `keyprotect` 2.3.1, against the server; it has no live suite of its own.

Runs in its own environment, `target/venv-keyprotect-2`, for it shares its name with the newer one:

    target/venv-keyprotect-2/bin/python -m pytest tests/keyprotect_2.py
"""

import base64
import time

import keyprotect
import pytest
from keyprotect import bxauth
from redstone.client import KeyProtect

from rest import fresh, self_signed

TEXT = b"a data encryption key of 32 byte"
TOO_EARLY = ("REQ_TOO_EARLY_ERR", "KEY_ROTATION_NOT_PERMITTED")


@pytest.fixture
def client(hasty, hasty_api, monkeypatch):
    """The SDK in an instance of this test's own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hasty.ca)
    tokens = bxauth.TokenManager(api_key=hasty.api_key, iam_endpoint=hasty.url)
    return keyprotect.Client(
        credentials=tokens, region="us-south", service_instance_id=hasty_api.instance, endpoint_url=hasty.url
    )


@pytest.fixture
def root(client):
    return client.create_key("root", root=True)["id"]


def refused(status, code, call, *arguments):
    """The SDK reads the error's text from where IBM has it."""
    with pytest.raises(KeyProtect.KeyProtectError) as failure:
        call(*arguments)
    assert failure.value.http_error.response.status_code == status
    assert code in str(failure.value)


def patiently(call, *arguments):
    deadline = time.monotonic() + 20
    while True:
        try:
            return call(*arguments)
        except KeyProtect.KeyProtectError as error:
            if not str(error).endswith(tuple(f"({code})" for code in TOO_EARLY)) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def only(body):
    (resource,) = body["resources"]
    return resource


def test_token(hasty, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hasty.ca)
    found = bxauth.auth(apikey=hasty.api_key, iam_endpoint=hasty.url)
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 3600)
    assert bxauth.TokenManager(api_key=hasty.api_key, iam_endpoint=hasty.url).get_token().count(".") == 2
    assert "BXNIM0415E" in bxauth.auth(apikey="wrong", iam_endpoint=hasty.url), "the SDK hands on the text"


def test_create_root_and_standard(client):
    root = client.create_key("root", root=True)
    standard = client.create_key("standard", payload=TEXT)
    raw = client.create_key("raw", raw_payload=base64.b64encode(TEXT).decode())
    assert "payload" not in client.get_key(root["id"])
    for key in (standard, raw):
        assert base64.b64decode(client.get_key(key["id"])["payload"]) == TEXT
    assert {key["name"] for key in client.list_keys()} == {"root", "standard", "raw"}


def test_create_with_aliases(client):
    key = client.create_key("root", root=True, alias_list=["one", "two"])["id"]
    assert client.get_key("one")["id"] == client.get_key("two")["id"] == key


@pytest.mark.parametrize("aad", [None, ["one", "two"]])
def test_wrap_and_unwrap(client, root, aad):
    ciphertext = client.wrap(root, TEXT, aad=aad)["ciphertext"]
    assert client.unwrap(root, ciphertext, aad=aad) == TEXT
    assert client.unwrap(root, ciphertext.encode(), aad=aad) == TEXT
    refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", client.unwrap, root, ciphertext, ["another"])


def test_wrap_of_nothing(client, root):
    made = client.wrap(root, None)
    assert base64.b64decode(made["plaintext"]) == client.unwrap(root, made["ciphertext"])
    assert len(base64.b64decode(made["plaintext"])) == 32


def test_rotate_and_rewrap(client, root):
    old = client.wrap(root, TEXT)
    client.rotate_key(root)
    new = client.rewrap(root, old["ciphertext"])
    assert new["keyVersion"] == old["keyVersion"] != new["rewrappedKeyVersion"]
    assert client.unwrap(root, old["ciphertext"]) == client.unwrap(root, new["ciphertext"]) == TEXT
    patiently(client.rotate_key, root)


def test_rotate_with_material(client):
    key = client.create_key("root", payload=bytes(32), root=True)["id"]
    ciphertext = client.wrap(key, TEXT)["ciphertext"]
    refused(400, "KEY_PAYLOAD_REQ_ERR", client.rotate_key, key)
    client.rotate_key(key, TEXT)
    assert client.unwrap(key, ciphertext) == TEXT


def test_disable_and_enable(client, root):
    client.disable_key(root)
    refused(409, "KEY_ACTION_INVALID_STATE_ERR", client.wrap, root, TEXT)
    patiently(client.enable_key, root)
    client.wrap(root, TEXT)


def test_key_policies(client, root):
    assert client.get_key_policies(root)["resources"] == []
    client.set_key_rotation_policy(root, 3)
    assert only(client.get_key_policies(root))["rotation"]["interval_month"] == 3
    client.set_key_dual_auth_policy(root, True)
    assert len(client.get_key_policies(root)["resources"]) == 2
    client.initiate_dual_auth_delete(root)
    refused(409, "AUTHORIZATIONS_NOT_MET", client.delete_key, root)
    client.cancel_dual_auth_delete(root)


def test_instance_policies(client):
    client.set_instance_dual_auth_policy(False)
    client.set_instance_allowed_network_policy(True, "public-and-private")
    client.set_instance_allowed_ip_policy(True, ["127.0.0.0/8"])
    client.set_instance_key_create_import_access_policy(True, True, True, True, True, False)
    client.set_instance_metrics_policy(True)
    found = {each["policy_type"]: each["policy_data"]["enabled"] for each in client.get_instance_policies()["resources"]}
    assert found == {
        "dualAuthDelete": False,
        "allowedNetwork": True,
        "allowedIP": True,
        "keyCreateImportAccess": True,
        "metrics": True,
    }


def test_registrations(client, root):
    assert client.get_registrations()["resources"] == []
    client.kmip_adapter_create("native_1.0", {"crk_id": root})
    assert only(client.get_registrations(root))["keyId"] == root
    crn = only(client.get_registrations())["resourceCrn"]
    assert only(client.get_registrations(crn=crn))["keyId"] == root
    assert client.get_registrations(crn="crn:v1:nothing:like:it:::::::")["resources"] == []


def test_import_token(client):
    assert client.create_import_token(expiration=300, max_allowed_retrievals=2)["maxAllowedRetrievals"] == 2
    found = client.get_import_token()
    assert found["remainingRetrievals"] == 1
    assert b"BEGIN PUBLIC KEY" in base64.b64decode(found["payload"])


def test_key_rings(client, root):
    ring = fresh("ring")
    client.create_key_ring(ring)
    assert {each["id"] for each in client.get_key_rings()["resources"]} == {"default", ring}
    client.set_key_ring(root, "default", ring)
    assert client.get_key(root)["keyRingID"] == ring
    client.set_key_ring(root, ring, "default")
    client.delete_key_ring(ring)
    assert only(client.get_key_rings()) == {"id": "default"}


def test_aliases(client, root):
    assert only(client.create_key_alias(root, "alias"))["keyId"] == root
    assert client.get_key("alias")["id"] == root
    client.delete_key_alias(root, "alias")
    refused(404, "KEY_NOT_FOUND_ERR", client.get_key, "alias")


def test_delete_and_restore(client, root):
    ciphertext = client.wrap(root, TEXT)["ciphertext"]
    client.delete_key(root)
    assert client.list_keys() == []
    refused(410, "KEY_DELETED_ERR", client.wrap, root, TEXT)
    patiently(client.restore_key, root)
    assert client.unwrap(root, ciphertext) == TEXT


def test_purge_is_not_a_managers(client, root):
    client.delete_key(root)
    with pytest.raises(KeyProtect.KeyProtectError) as failure:
        client.purge_key(root)
    assert failure.value.http_error.response.status_code == 401


def test_sync(client, root):
    client.sync_associated_resources(root)


def test_kmip(client, root, tmp_path):
    adapter = client.kmip_adapter_create("native_1.0", {"crk_id": root}, name="adapter", description="the first")
    assert client.kmip_adapter_get("adapter") == client.kmip_adapter_get(adapter["id"])
    listed = client.kmip_adapter_list(show_total=True, filters={"crk_id": root})
    assert (only(listed)["id"], listed["metadata"]["totalCount"]) == (adapter["id"], 1)
    pem = self_signed(tmp_path, "client")[0].read_text()
    certificate = client.kmip_cert_create("adapter", pem, "client")
    assert client.kmip_cert_get("adapter", "client")["id"] == certificate["id"]
    listed = client.kmip_cert_list("adapter", show_total=True)
    assert (only(listed)["name"], listed["metadata"]["totalCount"]) == ("client", 1)
    listed = client.kmip_object_list("adapter", show_total=True)
    assert (listed["resources"], listed["metadata"]["totalCount"]) == ([], 0)
    client.kmip_cert_delete("adapter", "client")
    client.kmip_adapter_delete("adapter")
    with pytest.raises(KeyProtect.KeyProtectError) as failure:
        client.kmip_adapter_get("adapter")
    assert failure.value.http_error.response.status_code == 404
