"""The server against its own promises: Schemathesis reads the OpenAPI document and sends what it allows and what it does not.

And the document against IBM's: every path of Key Protect's API is in it, and none is open but those that must be.
"""

import os
import re
import subprocess
import time
import xml.etree.ElementTree as xml
from contextlib import ExitStack
from pathlib import Path

import pytest

from rest import token

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
EXAMPLES, SEED, LONGEST = 30, 20260102, 240  # at most for an operation; any; seconds for all together

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
METHODS = ("get", "put", "post", "delete", "head", "patch")
HEALTH = {f"GET /api/v1/health{part}" for part in ("", "/live", "/ready")}
OPEN = {"POST /identity/token", "POST /oidc/token", f"GET {DOCUMENT}", *HEALTH}


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
            if method in METHODS:
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


# The document in parts that are tried at the same time, each in an instance of its own: which paths, and how many examples at most.
# Whoever may set the policies of an instance can shut themselves out of it, so these are by themselves; and each import token costs
# the server an RSA key.
PARTS = {
    "keys": (r"^/api/v2/keys", EXAMPLES),
    "policies": (r"^/api/v2/instance/policies$", EXAMPLES),
    "import token": (r"^/api/v2/import_token$", 3),
    "the rest of Key Protect": (r"^/(api/v2/(?!keys|instance/policies$|import_token$)|identity/|oidc/)", EXAMPLES),
    "our own": (r"^/(api/v1/|metrics$)", EXAMPLES // 3),
}


class Part:
    """One run of Schemathesis."""

    def __init__(self, house, folder, paths, examples):
        self.junit, self.log = folder / "junit.xml", open(folder / "log", "w+")
        self.api = house.manager()
        keys = [self.api.create(extractable=number % 3 == 0)["id"] for number in range(24)]
        adapters = [self.api.adapter(keys[number])["id"] for number in (1, 2)]
        server = house.server
        command = [PROGRAM, "run", server.url + DOCUMENT, f"--include-path-regex={paths}", f"--checks={','.join(CHECKS)}"]
        command += [f"--max-examples={examples}", f"--seed={SEED}", "--phases=examples,coverage,fuzzing"]
        command += [f"--header=Authorization: Bearer {token(server, server.api_key)}"]
        command += [f"--header=Bluemix-Instance: {self.api.instance}", f"--tls-verify={server.ca}"]
        # One worker: Python 3.11's parser fails now and then where two threads use it.
        command += ["--workers=1", "--continue-on-failure", "--no-shrink", "--suppress-health-check=all"]
        command += ["--generation-database=none", "--request-timeout=30", f"--report-junit-path={self.junit}"]
        command += ["--no-color", "--warnings=off"]
        there = {"JUDGE_KEYS": ",".join(keys), "JUDGE_ADAPTERS": ",".join(adapters)}
        environment = {**os.environ, **there, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONDONTWRITEBYTECODE": "1"}
        self.child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def end(self, deadline):
        try:
            self.child.wait(timeout=max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.stop()
        self.log.seek(0)
        self.printed = self.log.read()[-30_000:]
        cases = list(xml.parse(self.junit).iter("testcase")) if self.junit.exists() else []
        self.tested = {case.get("name") for case in cases if case.find("skipped") is None}
        bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
        self.failed = {case.get("name") for case in bad}

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


@pytest.fixture(scope="module")
def parts(house, tmp_path_factory):
    deadline = time.monotonic() + LONGEST
    with ExitStack() as stack:
        started = {}
        for name, (paths, examples) in PARTS.items():
            started[name] = Part(house, tmp_path_factory.mktemp("schemathesis"), paths, examples)
            stack.callback(started[name].stop)
        for part in started.values():
            part.end(deadline)
        yield started


@pytest.mark.parametrize("name", PARTS)
def test_it_keeps_its_promises(parts, document, name, capfd):
    """Everything was tried, nothing failed, and whoever counts tests hears how much."""
    part = parts[name]
    with capfd.disabled():
        print(f"\n{len(part.tested - part.failed)} passed, {len(part.failed)} failed")
    assert part.failed == set(), part.printed
    assert part.child.returncode == 0, part.printed
    expected = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if re.search(PARTS[name][0], path) and method in METHODS
    }
    assert expected
    assert part.tested == expected, part.printed
    if name != "policies":
        part.api.total()  # the server still lets its client in: the answers were not all 401


def test_the_parts_are_the_whole(document):
    for path in document["paths"]:
        assert sum(bool(re.search(paths, path)) for paths, _ in PARTS.values()) == 1, path
