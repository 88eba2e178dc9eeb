"""The installation's numbers as Prometheus reads them; the dashboard and the alert rules that are made of them; health.

What is read is read by Prometheus' own parsers, both formats. Whatever the dashboard and the rules name must be there, and what is there
must be on the dashboard or on the list of what is not.
"""

import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

import wire
from keystead import Keystead, binary, environment, eventually, free_ports
from rest import Api

PACKAGING = Path(__file__).parent.parent / "packaging"
DASHBOARD = PACKAGING / "grafana" / "keystead.json"
RULES = PACKAGING / "prometheus" / "keystead.rules.yml"
NAME = re.compile(r"\b(?:keystead|process)_[a-z0-9_]+\b")
# What has no panel of its own, and why.
NOT_SHOWN = set()
# As many as an instance may have: a rotation takes so many batches that it can be watched.
ADAPTERS = 200
RUNNING = re.compile(r'^keystead_rotation_jobs\{state="running"\} (\d+)$', re.MULTILINE)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A server with a listener of its own for metrics, at which something has happened."""
    (port,) = free_ports(1)
    variables = {"KEYSTEAD_METRICS_LISTEN": f"127.0.0.1:{port}", "KEYSTEAD_HEALTH_CANARY_SECONDS": "1"}
    with Keystead(tmp_path_factory.mktemp("measured"), variables=variables) as server:
        server.metrics = f"http://127.0.0.1:{port}/metrics"
        server.certificate = server.issue("host")
        with wire.Connection(server.port, server.certificate) as connection:
            made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
            for _ in range(3):
                connection.call("Get", wire.unique(made))
            connection.exchange(wire.item("Get", wire.unique("00000000-0000-4000-8000-000000000000")))
        yield server


def read(server, accept=None):
    answer = requests.get(server.metrics, headers={"Accept": accept} if accept else {}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def samples(server):
    return [sample for family in families(read(server).text) for sample in family.samples]


def values(server, metric, **labels):
    """Of the samples with these labels."""
    return [each.value for each in samples(server) if each.name == metric and labels.items() <= each.labels.items()]


def value(server, metric, **labels):
    """The sum of the samples with these labels."""
    found = values(server, metric, **labels)
    assert found, f"there is no {metric} {labels}"
    return sum(found)


def names(server):
    """The names of the families, as the rules and the dashboard would write them without a histogram's suffix."""
    return {match[1] for match in re.finditer(r"^# TYPE (\S+) ", read(server).text, re.M)}


def family(name, known):
    """The family that a name in a query is of."""
    short = re.sub(r"_(bucket|sum|count)$", "", name)
    return name if name in known else short


def test_both_formats_are_read(measured):
    plain = read(measured)
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert len(list(families(plain.text))) > 25
    opened = read(measured, "application/openmetrics-text;version=1.0.0")
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert len(list(open_families(opened.text))) > 25


def test_what_happened_is_counted(measured):
    for operation, outcome, times in [("Create", "Success", 1), ("Get", "Success", 3), ("Get", "Item Not Found", 1)]:
        labels = {"operation": operation, "outcome": outcome, "adapter_name": "default"}
        assert value(measured, "keystead_kmip_requests_total", **labels) == times, labels
    assert value(measured, "keystead_kmip_request_duration_seconds_count", operation="Get") == 4
    assert value(measured, "keystead_kmip_handshakes_total", outcome="success") >= 1
    assert value(measured, "keystead_rest_requests_total", status="2xx") >= 1
    assert value(measured, "keystead_store_commits_total", outcome="success") >= 1
    assert value(measured, "keystead_keys", kind="root", state="active") == 1
    assert value(measured, "keystead_certificate_expiry_seconds", kind="client", name="host") > 86400
    assert value(measured, "keystead_ready", part="root_keys") == 1
    assert value(measured, "keystead_backup_last_timestamp_seconds") == 0
    assert value(measured, "keystead_disk_bytes", what="free") > 0


def test_connections_are_counted_while_they_are_there(measured):
    with wire.Connection(measured.port, measured.certificate) as connection:
        connection.exchange(wire.item("Discover Versions"))
        assert value(measured, "keystead_kmip_connections", state="seated") >= 1
    eventually(lambda: value(measured, "keystead_kmip_connections", state="seated") == 0)


def test_nothing_names_a_key(measured):
    text = read(measured).text
    with wire.Connection(measured.port, measured.certificate) as connection:
        made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        connection.call("Get", wire.unique(made))
    assert made not in text + read(measured).text


def test_dashboard_and_rules_name_what_there_is(measured):
    known = names(measured)
    for file in (DASHBOARD, RULES):
        used = {family(name, known) for name in NAME.findall(file.read_text())}
        assert used <= known, f"{file.name} names {sorted(used - known)}, which no scrape has"


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A server of which there is more to tell: adapters under one root key, backups, a key that is asked for in quarantine, a collector
    of events and traces that is down."""
    folder = tmp_path_factory.mktemp("busy")
    port, dead = free_ports(2)
    variables = {
        "KEYSTEAD_METRICS_LISTEN": f"127.0.0.1:{port}",
        "KEYSTEAD_HEALTH_CANARY_SECONDS": "1",
        "KEYSTEAD_AUDIT_FILE_PATH": str(folder / "audit.jsonl"),
        "KEYSTEAD_AUDIT_OTLP_ENDPOINT": f"http://127.0.0.1:{dead}/v1/logs",
        "KEYSTEAD_TRACES_OTLP_ENDPOINT": f"http://127.0.0.1:{dead}/v1/traces",
        "KEYSTEAD_TRACES_SAMPLE": "1",
    }
    with Keystead(folder, variables=variables) as server:
        server.metrics = f"http://127.0.0.1:{port}/metrics"
        server.cli("recovery", "create", "--shares", "3", "--threshold", "2", "--out", folder / "kit")
        for number in range(1, ADAPTERS):
            server.cli("adapter", "create", f"cluster-{number}")
        with wire.Connection(server.port, server.issue("host")) as connection:
            made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
            server.cli("key", "quarantine", made, "--days", "30", "--then", "keep", "--yes")
            connection.call("Get", wire.unique(made))
        yield server


def test_a_rotation_is_counted_while_it_goes_on_and_afterwards(busy):
    assert sum(values(busy, "keystead_rotation_jobs")) == 0
    (key,) = busy.json("rootkey", "list")
    with ThreadPoolExecutor() as threads:
        rotated = threads.submit(busy.cli, "rootkey", "rotate", key["id"], "--no-wait")
        running, deadline = [0], time.monotonic() + 60
        # By its text alone: a parser would take as long as the rotation.
        while not (rotated.done() and 1 in running and running[-1] == 0):
            running.extend(map(int, RUNNING.findall(read(busy).text)))
            assert time.monotonic() < deadline, f"the rotation was not seen, or does not come to its end: {set(running)}"
        rotated.result()
    assert set(running) == {0, 1}
    eventually(lambda: values(busy, "keystead_rotation_jobs", state="running") == [0])
    assert value(busy, "keystead_rotation_adapters_total", outcome="success") == ADAPTERS
    assert value(busy, "keystead_rotation_adapters_total", outcome="failure") == 0


def test_a_collector_that_is_down_is_counted(busy):
    eventually(lambda: values(busy, "keystead_audit_sink_up", sink="otlp") == [0])
    eventually(lambda: sum(values(busy, "keystead_audit_sink_lag_events", sink="otlp")) > 0)
    failures = value(busy, "keystead_audit_sink_failures_total", sink="otlp")
    eventually(lambda: value(busy, "keystead_audit_sink_failures_total", sink="otlp") > failures)
    assert value(busy, "keystead_audit_sink_up", sink="file") == 1
    assert value(busy, "keystead_audit_sink_failures_total", sink="file") == 0


def test_what_dashboard_and_rules_name_has_rows_once_it_happens(busy):
    """A name that is known and never gets a row makes a panel that is empty for good, and an alert that never comes."""
    used = {name for file in (DASHBOARD, RULES) for name in NAME.findall(file.read_text())}
    # What was counted is good for 15 seconds, and the first backup is made within 10.
    missing = lambda: used - {sample.name for sample in samples(busy)}
    eventually(lambda: not missing() or time.sleep(1), 60)


def test_what_there_is_is_on_the_dashboard(measured):
    known = names(measured)
    shown = {family(name, known) for name in NAME.findall(DASHBOARD.read_text())}
    assert known - shown == NOT_SHOWN


def test_the_dashboard_can_be_imported():
    dashboard = json.loads(DASHBOARD.read_text())
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == ["Service", "KMIP", "REST API", "Keys", "Certificates", "Storage", "Audit and backup"]
    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"
            assert target["expr"].count("(") == target["expr"].count(")") and target["expr"].count("{") == target["expr"].count("}")


def test_on_the_administration_port_it_takes_a_role_on_the_installation(measured):
    administrator = Api(measured, measured.api_key)
    answer = administrator.ask("GET", "/metrics")
    assert answer.status_code == 200 and "keystead_kmip_requests_total" in answer.text
    assert Api(measured).ask("GET", "/metrics").status_code == 401
    assert Api(measured, "keystead_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").ask("GET", "/metrics").status_code == 401


def test_others_are_not_shown_them_unasked(tmp_path):
    """An address that other machines reach is refused unless the operator says that it may be."""
    (port,) = free_ports(1)
    done = subprocess.run(
        [binary(), "serve", "--data", tmp_path / "data", "--kmip-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
        env=environment() | {"KEYSTEAD_METRICS_LISTEN": f"0.0.0.0:{port}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "metrics.open" in done.stderr, done.stderr
    assert not (tmp_path / "data" / "keystead.db").exists()


# Health.


def ready(server, path="ready"):
    answer = requests.get(f"{server.url}/api/v1/health/{path}", verify=server.ca, timeout=10)
    (health,) = answer.json()["resources"]
    return answer.status_code, health


def test_health(measured):
    assert ready(measured, "live") == (200, {"status": "ok"})
    status, health = ready(measured)
    assert (status, health["status"]) == (200, "ok")
    assert [part["name"] for part in health["parts"]] == ["root_keys", "store", "journal", "disk"]
    assert "root_keys" in measured.cli("health")
    assert measured.json("health")[0]["status"] == "ok"
    assert measured.cli("health", "--live").strip() == "The server answers."


def test_a_tenants_disabled_root_key_is_no_failure_of_the_server(fresh):
    """Its owner wants it so: a load balancer that took the server away would take the others' keys."""
    (key,) = fresh.json("rootkey", "list")
    fresh.cli("rootkey", "disable", key["id"], "--yes")
    time.sleep(1.1)
    assert ready(fresh)[0] == 200
