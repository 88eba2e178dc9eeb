"""The server against its own promises: Schemathesis reads the OpenAPI document and sends what it allows and what it does not.

And the document against IBM's: every path of Key Protect's API is in it, and none is open but those that must be.
"""

import os
import re
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from rest import House, token

pytestmark = pytest.mark.judge

PROGRAM = Path(__file__).parent.parent / "target" / "venv-schemathesis" / "bin" / "schemathesis"
HOOKS = Path(__file__).parent / "schemathesis_hooks.py"
DOCUMENT = "/api/v2/openapi.json"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
]
EXAMPLES, SEED, LONGEST = 30, 20260102, 240

# What there is (Key Protect API, all its sections).
PATHS = """
HEAD   /api/v2/keys
GET    /api/v2/keys
POST   /api/v2/keys
POST   /api/v2/keys_with_policy_overrides
GET    /api/v2/keys/{}
POST   /api/v2/keys/{}
PATCH  /api/v2/keys/{}
DELETE /api/v2/keys/{}
GET    /api/v2/keys/{}/metadata
DELETE /api/v2/keys/{}/purge
POST   /api/v2/keys/{}/restore
GET    /api/v2/keys/{}/versions
POST   /api/v2/keys/{}/actions/wrap
POST   /api/v2/keys/{}/actions/unwrap
POST   /api/v2/keys/{}/actions/rewrap
POST   /api/v2/keys/{}/actions/rotate
POST   /api/v2/keys/{}/actions/enable
POST   /api/v2/keys/{}/actions/disable
POST   /api/v2/keys/{}/actions/setKeyForDeletion
POST   /api/v2/keys/{}/actions/unsetKeyForDeletion
POST   /api/v2/keys/{}/actions/sync
PUT    /api/v2/keys/{}/policies
GET    /api/v2/keys/{}/policies
PUT    /api/v2/instance/policies
GET    /api/v2/instance/policies
GET    /api/v2/instance/allowed_ip_port
POST   /api/v2/import_token
GET    /api/v2/import_token
GET    /api/v2/keys/{}/registrations
GET    /api/v2/keys/registrations
POST   /api/v2/keys/{}/aliases/{}
DELETE /api/v2/keys/{}/aliases/{}
GET    /api/v2/key_rings
POST   /api/v2/key_rings/{}
DELETE /api/v2/key_rings/{}
GET    /api/v2/kmip_adapters
POST   /api/v2/kmip_adapters
GET    /api/v2/kmip_adapters/{}
DELETE /api/v2/kmip_adapters/{}
GET    /api/v2/kmip_adapters/{}/certificates
POST   /api/v2/kmip_adapters/{}/certificates
GET    /api/v2/kmip_adapters/{}/certificates/{}
DELETE /api/v2/kmip_adapters/{}/certificates/{}
GET    /api/v2/kmip_adapters/{}/kmip_objects
GET    /api/v2/kmip_adapters/{}/kmip_objects/{}
DELETE /api/v2/kmip_adapters/{}/kmip_objects/{}
POST   /identity/token
POST   /oidc/token
"""
OPEN = {"POST /identity/token", "POST /oidc/token", f"GET {DOCUMENT}", "GET /api/v1/health"}


@pytest.fixture(scope="module")
def api(house):
    return house.manager()


@pytest.fixture(scope="module")
def document(api):
    answer = api.ask("GET", DOCUMENT)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0].endswith("json")
    return answer.json()


def operations(document):
    """What the document has, as `GET /path/{}`, whatever the variable parts are called."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete", "head", "patch", "options", "trace"):
                yield f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}", operation


@pytest.mark.parametrize("operation", [" ".join(line.split()) for line in PATHS.strip().splitlines()])
def test_the_document_has(document, operation):
    assert operation in dict(operations(document))


def test_nothing_else_is_open(document):
    everywhere = document.get("security", [])
    open_ones = {
        name for name, operation in operations(document) if not all(operation.get("security", everywhere) or [{}])
    }
    assert open_ones <= OPEN
    assert {"POST /identity/token", "POST /oidc/token"} <= open_ones


def test_every_operation_says_what_it_answers(document):
    for name, operation in operations(document):
        assert any(status.startswith("2") for status in operation["responses"]), name


class Examined:
    """One run of Schemathesis over the served document."""

    def __init__(self, server, folder, *selection):
        self.house = House(server)
        self.api = self.house.manager()
        self.api.create(), self.api.create(extractable=True)
        junit = folder / "junit.xml"
        command = [PROGRAM, "run", server.url + DOCUMENT, *selection, f"--checks={','.join(CHECKS)}"]
        command += [f"--max-examples={EXAMPLES}", f"--seed={SEED}", "--phases=examples,coverage,fuzzing"]
        command += [f"--header=Authorization: Bearer {token(server, server.api_key)}"]
        command += [f"--header=Bluemix-Instance: {self.api.instance}", f"--tls-verify={server.ca}"]
        command += ["--continue-on-failure", "--no-color", "--no-shrink", "--suppress-health-check=all", "--workers=2"]
        command += ["--generation-database=none", "--request-timeout=30", f"--report-junit-path={junit}", "--warnings=off"]
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.printed, self.code = done.stdout[-30_000:], done.returncode
        cases = list(xml.parse(junit).iter("testcase")) if junit.exists() else []
        self.tested = {case.get("name") for case in cases if case.find("skipped") is None}
        self.failed = {case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None}

    def is_well(self, expected, capfd):
        """Everything was tried, nothing failed, and whoever counts tests hears how much."""
        with capfd.disabled():
            print(f"\n{len(self.tested - self.failed)} passed, {len(self.failed)} failed")
        assert self.failed == set(), self.printed
        assert self.code == 0, self.printed
        assert self.tested == expected, self.printed
        assert self.api.total() >= 0, "the server still answers, and lets its client in"


# Whoever may set the policies of an instance can shut themselves out of it: these come last, in an instance of their own.
POLICIES = "/api/v2/instance/policies"


def test_everything_but_instance_policies(server, document, tmp_path, capfd):
    expected = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item if path != POLICIES}
    Examined(server, tmp_path, f"--exclude-path={POLICIES}").is_well(names(expected), capfd)


def test_reading_instance_policies(server, tmp_path, capfd):
    selection = [f"--include-path={POLICIES}", "--include-method=GET"]
    Examined(server, tmp_path, *selection).is_well({f"GET {POLICIES}"}, capfd)


def names(operations):
    methods = ("GET ", "PUT ", "POST ", "DELETE ", "HEAD ", "PATCH ")
    return {name for name in operations if name.startswith(methods)}
