"""A client of the REST API for tests: `requests`, a bearer, an instance, and a close look at every envelope.

What is right is IBM's: the Key Protect API documentation, and what IBM's own clients take and send.
"""

import base64
import itertools
import re
import subprocess
import time
import uuid

import requests
from requests.adapters import HTTPAdapter

from keystead import Certificate

NEVER_WAS = "00000000-0000-4000-8000-000000000000"
NO_ACCESS = "Unauthorized: The user does not have access to the specified resource"
PREFIX = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable Entity",
}
MORE_INFO = "https://cloud.ibm.com/apidocs/key-protect"
TOO_EARLY = {"REQ_TOO_EARLY_ERR", "KEY_ROTATION_NOT_PERMITTED"}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID_4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REPRESENTATION = {"Prefer": "return=representation"}
PRE_ACTIVE, ACTIVE, SUSPENDED, DEACTIVATED, DESTROYED = 0, 1, 2, 3, 5

numbers = itertools.count(1)


def fresh(prefix="test"):
    """A name that nothing else has."""
    return f"{prefix}-{next(numbers)}-{uuid.uuid4().hex[:8]}"


def vendor(kind):
    return f"application/vnd.ibm.kms.{kind}+json"


def collection(kind, *resources, total=None):
    """A request's envelope; `total` lies where a test wants it to."""
    total = len(resources) if total is None else total
    return {"metadata": {"collectionType": vendor(kind), "collectionTotal": total}, "resources": list(resources)}


def b64(data):
    return base64.b64encode(data).decode()


def unb64(text):
    return base64.b64decode(text, validate=True)


class FromAddress(HTTPAdapter):
    """Connections from one of loopback's many addresses: failed logins are counted by address."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **named):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **named)


class Api:
    """Somebody, in an instance: each call is one request on a connection that stays open."""

    def __init__(self, server, bearer=None, instance=None):
        self.server, self.instance = server, instance
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = server.ca
        number = next(numbers)
        self.session.mount("https://", FromAddress(f"127.{number >> 16 & 63}.{number >> 8 & 255}.{number & 255 or 1}"))
        if bearer:
            self.session.headers["Authorization"] = f"Bearer {bearer}"
        if instance:
            self.session.headers["Bluemix-Instance"] = instance

    def ask(self, method, path, body=None, headers=None, **named):
        """One request. A path is below /api/v2 unless it says otherwise; a body is JSON unless it is bytes already."""
        below = "" if path.startswith(("/api/", "/identity/", "/oidc/", "/metrics")) else "/api/v2"
        how = {"data": body} if isinstance(body, bytes) else {"json": body}
        return self.session.request(
            method, self.server.url + below + path, headers=headers, timeout=60, **(how if body is not None else {}), **named
        )

    def elsewhere(self, instance):
        """The same one, in another instance."""
        return Api(self.server, self.session.headers["Authorization"].removeprefix("Bearer "), instance)

    # What most tests need first.

    def create(self, name=None, ring=None, **fields):
        """A new root key, or with `extractable=True` a standard key."""
        resource = {"type": vendor("key"), "name": name or fresh("key"), "extractable": False, **fields}
        headers = REPRESENTATION | ({"X-Kms-Key-Ring": ring} if ring else {})
        return one(self.ask("POST", "/keys", collection("key", resource), headers), "key", 201)

    def metadata(self, key):
        return one(self.ask("GET", f"/keys/{key}/metadata"), "key")

    def act(self, key, action, body=None, **named):
        return self.ask("POST", f"/keys/{key}/actions/{action}", body, **named)

    def total(self, **named):
        """How many keys HEAD counts."""
        response = self.ask("HEAD", "/keys", **named)
        assert response.status_code == 200
        assert response.content == b""
        return int(response.headers["Key-Total"])

    def listed(self, **params):
        """The identifiers of the keys that GET lists, in order."""
        return [key["id"] for key in resources(self.ask("GET", "/keys", params=params), "key")]

    def ring(self):
        name = fresh("ring")
        response = self.ask("POST", f"/key_rings/{name}")
        assert (response.status_code, response.content) == (201, b"")
        return name

    def adapter(self, key, name=None):
        resource = {"name": name or fresh("adapter"), "profile": "native_1.0", "profile_data": {"crk_id": key}}
        return one(self.ask("POST", "/kmip_adapters", collection("kmip_adapter", resource)), "kmip_adapter", 201)

    def client(self, adapter, folder):
        """A new client certificate on an adapter's allow-list, as `wire` and PyKMIP take it."""
        name = fresh("client")
        crt, key = self_signed(folder, name)
        resource = {"name": name, "certificate": crt.read_text()}
        path = f"/kmip_adapters/{adapter}/certificates"
        body = collection("kmip_client_certificate", resource)
        one(self.ask("POST", path, body), "kmip_client_certificate", 201)
        return Certificate(str(crt), str(key), self.server.ca)


class House:
    """What is administered below /api/v1: instances, service IDs, their API keys and grants."""

    def __init__(self, server):
        self.server = server
        self.administrator = Api(server, server.api_key)

    def instance(self):
        return self.made("/api/v1/instances", {"name": fresh("instance")})["id"]

    def default_instance(self):
        (only,) = [each for each in self.listed("/api/v1/instances") if each["name"] == "default"]
        return only["id"]

    def service_id(self):
        return self.made("/api/v1/serviceids", {"name": fresh("somebody")})["id"]

    def api_key(self, service_id, **fields):
        return self.made(f"/api/v1/serviceids/{service_id}/apikeys", {"name": fresh("api-key"), **fields})["apikey"]

    def grant(self, service_id, *roles, **target):
        return self.made(f"/api/v1/serviceids/{service_id}/grants", {"roles": list(roles), **target})["id"]

    def person(self, *roles, instance, **target):
        """Somebody new with these roles on the instance, or on a `key_ring` or `key` of it, who shows a token."""
        service_id = self.service_id()
        self.grant(service_id, *roles, instance=instance, **target)
        return Api(self.server, token(self.server, self.api_key(service_id)), instance)

    def manager(self, instance=None):
        """The administrator, in an instance of their own."""
        return Api(self.server, self.server.api_key, instance or self.instance())

    def made(self, path, body):
        response = self.administrator.ask("POST", path, body)
        assert response.status_code == 201, response.text
        (only,) = response.json()["resources"]
        return only

    def listed(self, path):
        response = self.administrator.ask("GET", path)
        assert response.status_code == 200, response.text
        return response.json()["resources"]


def ask_for_token(server, api_key, path="/identity/token", **named):
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": api_key}
    return Api(server).ask("POST", path, data={**form, "response_type": "cloud_iam"}, **named)


def token(server, api_key):
    response = ask_for_token(server, api_key)
    assert response.status_code == 200, response.text
    return response.json()["access_token"]


def self_signed(folder, name):
    """A certificate that says all of itself, and its key: the allow-list pins the certificate."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    make = ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", key, "-out", crt]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run([*make, *curve], check=True, capture_output=True, timeout=60)
    return crt, key


# What answers must be.


def resources(response, kind, status=200):
    """The resources of a success, after checks that hold for every envelope."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == vendor(kind)
    body = response.json()
    assert set(body) == {"metadata", "resources"}
    metadata = body["metadata"]
    assert metadata["collectionType"] == vendor(kind)
    assert metadata["collectionTotal"] == len(body["resources"])
    assert set(metadata) <= {"collectionType", "collectionTotal", "totalCount", "searchQuery", "incompleteSearch"}
    return body["resources"]


def one(response, kind, status=200):
    (only,) = resources(response, kind, status)
    return only


def flat(response, *names):
    """The body of a success without envelope, which has these fields and no others."""
    assert response.status_code == 200, response.text
    assert re.fullmatch(r"application/vnd\.ibm\.kms\.[a-z_.]+\+json", response.headers["Content-Type"])
    body = response.json()
    assert set(body) == set(names)
    return body


def empty(response, status=204):
    assert response.status_code == status, response.text
    assert response.content == b""


def refused(response, status, *codes, target=None):
    """The answer must be this refusal in IBM's form, with one of these codes where the documentation leaves a choice."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == vendor("error")
    body = response.json()
    assert body["metadata"] == {"collectionType": vendor("error"), "collectionTotal": 1}
    (error,) = body["resources"]
    (reason,) = error["reasons"]
    assert not codes or reason["code"] in codes, reason
    assert (reason["status"], reason["moreInfo"]) == (status, MORE_INFO)
    assert reason["message"]
    said = error["errorMsg"]
    assert said.startswith(PREFIX[status] + ": "), said
    assert said.endswith(f"Please see `reasons` for more details ({reason['code']})"), said
    if target:
        kind, name = target
        assert reason["target"] == {"type": kind, "name": name}
    return reason


def unauthorized(response):
    """No access, and no word about whether there is anything."""
    assert response.status_code == 401, f"{response.status_code} {response.text}"
    if response.request.method != "HEAD":
        assert response.headers["Content-Type"] == vendor("error")
        (error,) = response.json()["resources"]
        assert error == {"errorMsg": NO_ACCESS}


def code(response):
    try:
        return response.json()["resources"][0]["reasons"][0]["code"]
    except (ValueError, LookupError, TypeError):
        return None


def patiently(ask, seconds=20):
    """The answer, once it is no longer that the request comes too early."""
    deadline = time.monotonic() + seconds
    while True:
        response = ask()
        if code(response) not in TOO_EARLY or time.monotonic() > deadline:
            return response
        time.sleep(0.1)
