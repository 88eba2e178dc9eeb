"""Traces, as an OpenTelemetry collector gets them: over TLS, read by OpenTelemetry's own protobuf classes.

What a trace says, whose it is part of, how many there are; that no collector, however it misbehaves, costs a request anything; and that
nothing leaves in them but words of the server's own: all that is sent is searched for what must not be in it.
"""

import base64
import contextlib
import gzip
import http.server
import json
import re
import secrets
import ssl
import threading
import time

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

import wire
from collectors import answer
from keystead import Keystead, free_ports
from rest import Api, House, fresh, token
from test_audit import authority

AUTHORIZATION = "Bearer collector-canary"
SPANS = 4096  # that the server holds at most
REST = "GET /api/v2/keys/{id}"


class Collector(http.server.ThreadingHTTPServer):
    """Takes traces over TLS; or refuses them, or never answers."""

    daemon_threads = True

    def __init__(self, folder):
        self.ca, certificate, key = authority(folder)
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate, key)
        self.bodies, self.does, self.came = [], "take", threading.Semaphore(0)
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        raw, address = super().get_request()
        return self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_):
        pass  # clients that go away

    @property
    def url(self):
        return f"https://localhost:{self.server_port}/v1/traces"

    def spans(self):
        """All spans, each with its resource's attributes."""
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    yield from ((span, values(resource.resource)) for span in scope.spans)

    def wait(self, name, count=1, **wanted):
        """The request spans of this name with these attributes; dots are written as `__`."""
        wanted = {key.replace("__", "."): value for key, value in wanted.items()}
        deadline = time.monotonic() + 30
        while True:
            found = [span for span, _ in self.spans() if span.name == name and wanted.items() <= values(span).items()]
            if len(found) >= count:
                return found
            names = sorted({span.name for span, _ in self.spans()})
            assert time.monotonic() < deadline, f"{len(found)} spans {name} {wanted}; there are {names}"
            time.sleep(0.1)

    def below(self, parent):
        """The names of a span's descendants."""
        children = [span for span, _ in self.spans() if span.parent_span_id == parent.span_id]
        assert all(child.trace_id == parent.trace_id for child in children)
        return {child.name for child in children}.union(*map(self.below, children)) if children else set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.release()
        if self.server.does == "hang":
            self.server.released.wait(60)
        refuse = self.server.does == "refuse"
        if not refuse:
            assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
            assert self.headers["Authorization"] == AUTHORIZATION
            self.server.bodies.append(body)
        said = ExportTraceServiceResponse().SerializeToString()
        answer(self, 503 if refuse else 200, "application/x-protobuf", said)

    def log_message(self, *_):
        pass


def values(holder):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in holder.attributes}


@contextlib.contextmanager
def traced(folder, sample=1, collector=None, **variables):
    """A server whose traces go to a collector."""
    collector = collector or Collector(folder)
    written = folder / "authorization"
    written.write_text(AUTHORIZATION + "\n")
    (port,) = free_ports(1)
    settings = {
        "KEYSTEAD_TRACES_OTLP_ENDPOINT": collector.url,
        "KEYSTEAD_TRACES_OTLP_CA_FILE": collector.ca,
        "KEYSTEAD_TRACES_OTLP_AUTHORIZATION_FILE": str(written),
        "KEYSTEAD_TRACES_SAMPLE": str(sample),
        "KEYSTEAD_METRICS_LISTEN": f"127.0.0.1:{port}",
        "KEYSTEAD_LOG_FORMAT": "json",
        "KEYSTEAD_LOG_LEVEL": "debug",
        # Libraries of OpenTelemetry listen to these; the server's configuration alone is to count.
        "OTEL_TRACES_SAMPLER": "always_off",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic b3RoZXI=",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=another",
        "OTEL_SERVICE_NAME": "another",
    }
    with Keystead(folder, variables=settings | variables) as server:
        server.collector, server.metrics = collector, f"http://127.0.0.1:{port}/metrics"
        yield server
        collector.released.set()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with traced(tmp_path_factory.mktemp("traced")) as running:
        running.certificate = running.issue("host")
        running.api = House(running).manager()
        yield running


def dropped(server, reason):
    lines = requests.get(server.metrics, timeout=10).text.splitlines()
    found = [line for line in lines if line.startswith("keystead_traces_dropped_total{") and f'reason="{reason}"' in line]
    return sum(float(line.split()[-1]) for line in found)


def logged(server, **fields):
    """The log's lines with these fields."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if fields.items() <= line.items()]


def eventually(ask):
    """What `ask` says once it says something."""
    deadline = time.monotonic() + 30
    while not (said := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return said


def test_a_kmip_request_is_a_trace(server):
    with wire.Connection(server.port, server.certificate, (1, 4)) as connection:
        made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        connection.material(made)
        connection.material(made)
        connection.exchange(wire.item("Get", wire.unique("00000000-0000-4000-8000-000000000000")))
        connection.exchange(wire.item("Discover Versions"), wire.item("Discover Versions"))
    (create,) = server.collector.wait("KMIP Create")
    assert create.kind == Span.SPAN_KIND_SERVER and not create.parent_span_id
    (adapter,) = server.json("adapter", "list")
    assert values(create) == {
        "rpc.system.name": "kmip",
        "kmip.operation": "Create",
        "kmip.protocol_version": "1.4",
        "keystead.adapter": adapter["id"],
    }
    assert {"decode", "operation", "store commit", "answer"} <= server.collector.below(create)
    gets = server.collector.wait("KMIP Get", 3)
    for get in gets:
        assert {"decode", "operation", "store get", "answer"} <= server.collector.below(get), get
    assert any("audit append" in server.collector.below(get) for get in gets)
    (missed,) = [get for get in gets if "kmip.result_reason" in values(get)]
    assert values(missed)["kmip.result_reason"] == "Item Not Found"
    assert missed.status.code == Status.STATUS_CODE_UNSET, "a client's fault is none of the server's"
    server.collector.wait("KMIP several")
    assert len({get.trace_id for get in gets}) == 3


def test_the_adapters_key_is_seen_to_be_opened(server, tmp_path):
    adapter = server.api.adapter(server.api.create(fresh("root"))["id"])["id"]
    with wire.Connection(server.port, server.api.client(adapter, tmp_path)) as connection:
        connection.call("Create", *wire.aes_256())
    opened = eventually(lambda: [span for span, _ in server.collector.spans() if span.name == "unwrap"])
    assert all(span.parent_span_id for span in opened)


def test_a_rest_request_is_a_trace(server):
    key = server.api.create(fresh("key"))["id"]
    assert server.api.ask("GET", f"/keys/{key}").status_code == 200
    assert server.api.ask("GET", f"/nowhere/{key}").status_code == 404
    assert Api(server, instance=server.api.instance).ask("GET", f"/keys/{key}").status_code == 401
    assert server.api.ask("GET", f"/keys/{key}?canary=query", headers={"User-Agent": "canary"}).status_code == 200
    get = server.collector.wait(REST, 2, http__response__status_code=200)[0]
    assert get.kind == Span.SPAN_KIND_SERVER and not get.parent_span_id
    assert values(get) == {
        "http.request.method": "GET",
        "http.route": "/api/v2/keys/{id}",
        "url.path": "/api/v2/keys/{id}",
        "url.scheme": "https",
        "http.response.status_code": 200,
    }
    assert {"authenticate", "gate", "store get", "audit append"} <= server.collector.below(get)
    server.collector.wait(REST, http__response__status_code=401)
    server.collector.wait("GET", http__response__status_code=404)
    (create,) = server.collector.wait("POST /api/v2/keys")[-1:]
    assert "store commit" in server.collector.below(create), "what a change does in a task of its own is part of its trace"


def test_who_sends_is_said(server):
    server.api.ask("GET", "/keys")
    server.collector.wait("GET /api/v2/keys")
    for _, resource in server.collector.spans():
        node = (server.data / "node").read_text().strip()
        assert resource == {"service.name": "keystead", "service.version": resource["service.version"], "service.instance.id": node}
        assert re.fullmatch(r"\d+\.\d+\.\d+", resource["service.version"])


def traceparent(sampled):
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    return trace, parent, {"traceparent": f"00-{trace}-{parent}-{sampled:02x}", "tracestate": "canary=state", "baggage": "canary=bag"}


def find(server, trace):
    return [span for span, _ in server.collector.spans() if span.trace_id.hex() == trace]


def test_the_log_has_the_traces_identifier(server):
    answer = server.api.ask("GET", "/keys")
    correlation = answer.headers["Correlation-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", correlation)
    server.collector.wait("GET /api/v2/keys")
    (line,) = logged(server, correlation=correlation)
    assert line["trace"] == correlation
    given = fresh("mine")
    assert server.api.ask("GET", "/keys", headers={"Correlation-Id": given}).headers["Correlation-Id"] == given
    (line,) = logged(server, correlation=given)
    eventually(lambda: find(server, line["trace"]))
    assert not [line for line in logged(server) if "span" in line or "spans" in line], "spans are not to show in the log"


def test_whose_trace_it_is_part_of_is_for_those_to_say_who_may(tmp_path):
    """Hardly a request is traced here, but for those that have it wanted."""
    with traced(tmp_path, sample=0.000001) as server:
        api = House(server).manager()
        trace, parent, headers = traceparent(sampled=1)
        assert api.ask("GET", "/keys", headers=headers).status_code == 200
        (span,) = server.collector.wait("GET /api/v2/keys")
        assert (span.trace_id.hex(), span.parent_span_id.hex(), span.trace_state) == (trace, parent, "")
        with_token = Api(server, token(server, server.api_key), api.instance)
        trace, parent, headers = traceparent(sampled=1)
        assert with_token.ask("GET", "/keys", headers=headers).status_code == 200
        nobody = [Api(server, instance=api.instance), Api(server, "wrong", api.instance)]
        traces = [trace]
        for who, path, expected in [(nobody[0], "/keys", 401), (nobody[1], "/keys", 401), (nobody[0], "/api/v1/health", 200)]:
            for _ in range(5):
                unwanted, _, headers = traceparent(sampled=1)
                assert who.ask("GET", path, headers=headers).status_code == expected
                traces.append(unwanted)
        unsampled, _, headers = traceparent(sampled=0)
        assert api.ask("GET", "/keys", headers=headers).status_code == 200
        server.collector.wait("GET /api/v2/keys", 2)
        server.stop()  # sends what is left
        assert [bool(find(server, trace)) for trace in [*traces, unsampled]] == [True] + [False] * 16


def test_what_the_parent_does_not_want_is_not_traced(server):
    trace, _, headers = traceparent(sampled=0)
    assert server.api.ask("GET", "/keys", headers=headers).status_code == 200
    unasked, _, headers = traceparent(sampled=0)
    assert Api(server, instance=server.api.instance).ask("GET", "/keys", headers=headers).status_code == 401
    server.api.ask("GET", "/keys")
    server.collector.wait("GET /api/v2/keys", http__response__status_code=401)
    assert not find(server, trace) and not find(server, unasked)


def busy(server, count=20):
    """Some requests of both kinds."""
    certificate, api = server.issue(fresh("busy")), House(server).manager()
    with wire.Connection(server.port, certificate) as connection:
        made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        for _ in range(count):
            connection.material(made)
            assert api.ask("GET", "/keys").status_code == 200
    return api


@pytest.mark.parametrize("sample", [0, 0.000001])
def test_a_request_that_is_not_drawn_leaves_nothing(tmp_path, sample):
    with traced(tmp_path, sample=sample) as server:
        api = busy(server)
        if sample == 0:
            assert api.ask("GET", "/keys", headers=traceparent(sampled=1)[2]).status_code == 200
        assert not re.fullmatch(r"[0-9a-f]{32}", api.ask("GET", "/keys").headers["Correlation-Id"])
        assert server.stop() == 0
        assert not server.collector.bodies


def test_a_share_of_requests_is_drawn(tmp_path):
    with traced(tmp_path, sample=0.2) as server:
        certificate = server.issue("host")
        with wire.Connection(server.port, certificate) as connection:
            for _ in range(1000):
                connection.exchange(wire.item("Query"))
        assert server.stop() == 0
        traces = {span.trace_id for span, _ in server.collector.spans() if span.name == "KMIP Query"}
        assert 120 < len(traces) < 280, len(traces)  # six deviations about 200


@pytest.mark.parametrize("how", ["hang", "refuse", "dead", "deaf"])
def test_a_collector_that_fails_costs_requests_nothing(tmp_path, how):
    collector = Collector(tmp_path)
    collector.does = how
    if how == "dead":
        collector.shutdown()
        collector.server_close()
    if how == "deaf":
        collector.shutdown()  # the system still accepts connections for it, and nobody shakes hands
    with traced(tmp_path, collector=collector) as server:
        certificate = server.issue("host")
        begun = time.monotonic()
        with wire.Connection(server.port, certificate) as connection:
            made = connection.call("Create", *wire.aes_256())["Unique Identifier"]
            for _ in range(1500):  # of five spans each at least
                connection.material(made)
        seconds = time.monotonic() - begun
        assert House(server).manager().ask("GET", "/keys").status_code == 200
        deadline = time.monotonic() + 30
        reasons = ["queue", "send"] if how in ("hang", "deaf") else ["send"]
        while not all(dropped(server, reason) for reason in reasons):
            assert time.monotonic() < deadline, [dropped(server, reason) for reason in reasons]
            connection = wire.Connection(server.port, certificate)
            with connection:
                connection.material(made)
            time.sleep(0.1)
        assert seconds < 60, "1,500 requests waited for the collector"
        time.sleep(6)  # for further attempts
        said = [line for line in logged(server, level="WARN") if "traces can't be sent" in line["message"]]
        assert len(said) == 1, said
        stopped = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - stopped < 15, "the stop waited for the collector"


def test_it_is_sent_again_when_the_collector_is_well(tmp_path):
    collector = Collector(tmp_path)
    collector.does = "refuse"
    with traced(tmp_path, collector=collector) as server:
        busy(server, 3)
        eventually(lambda: dropped(server, "send"))
        collector.does = "take"
        busy(server, 3)
        collector.wait("GET /api/v2/keys", 3)
        eventually(lambda: logged(server, message="traces are sent again"))


def test_what_is_left_is_sent_at_the_stop(tmp_path):
    with traced(tmp_path) as server:
        api = House(server).manager()
        trace, _, headers = traceparent(sampled=1)
        assert api.ask("GET", "/keys", headers=headers).status_code == 200
        assert server.stop() == 0
        assert find(server, trace)


def forms(secret):
    """A secret as it could be written."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return {raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")}


def test_nothing_of_what_clients_send_or_get_leaves(tmp_path):
    """Each sort of secret, and each sort of name, goes through every door, well and badly; then all bytes that were sent are searched."""
    with traced(tmp_path) as server:
        house = House(server)
        api = house.manager()
        canary = lambda: "canary" + secrets.token_hex(12)  # noqa: E731
        names = {what: canary() for what in ["key", "alias", "ring", "query", "agent", "state", "kmip", "path", "header", "tag"]}
        bearer = token(server, server.api_key)
        payload = secrets.token_bytes(32)
        key = api.create(names["key"], payload=base64.b64encode(payload).decode(), extractable=True, tags=[names["tag"]])["id"]
        root = api.create(names["key"] + "-root", extractable=False)["id"]
        plain = secrets.token_bytes(24)
        wrapped = api.act(root, "wrap", {"plaintext": base64.b64encode(plain).decode(), "aad": [names["state"]]}).json()
        api.act(root, "unwrap", {"ciphertext": wrapped["ciphertext"], "aad": [names["header"]]})
        api.ask("POST", f"/keys/{key}/aliases/{names['alias']}")
        api.ask("POST", f"/key_rings/{names['ring']}")
        api.ask("GET", f"/keys/{names['path']}?search={names['query']}", headers={"User-Agent": names["agent"]})
        api.ask("GET", f"/{names['path']}", headers={"Correlation-Id": names["header"], "X-Kms-Key-Ring": names["ring"]})
        api.ask(names["path"].upper(), "/keys")
        api.ask("POST", "/keys", b"{" + names["key"].encode())
        Api(server, bearer, api.instance).ask("GET", f"/keys/{key}", headers={"tracestate": f"a={names['state']}", **{"traceparent": traceparent(1)[2]["traceparent"]}})
        wrong = canary()
        Api(server, wrong, api.instance).ask("GET", "/keys", headers=traceparent(1)[2])
        certificate = server.issue("host")
        with wire.Connection(server.port, certificate, (1, 4)) as connection:
            made = connection.call("Create", *wire.aes_256(wire.named(names["kmip"])))["Unique Identifier"]
            material = connection.material(made)
            connection.exchange(wire.item("Get", wire.unique(names["kmip"])))
            connection.exchange(wire.item("Locate", wire.attribute("Name", names["kmip"])))
            connection.exchange(wire.item("Get Attributes", wire.unique(made)), wire.item("Destroy", wire.unique(made)))
        assert server.stop() == 0
        sent = b"\n".join(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in server.collector.bodies)
        assert b"KMIP Locate" in sent and b"/actions/" in sent
        forbidden = [server.api_key, bearer, bearer.split(".")[2], wrong, payload, plain, wrapped["ciphertext"], material, AUTHORIZATION]
        forbidden += [*names.values(), key, root, made, api.instance]
        found = [secret for secret in forbidden if any(form in sent for form in forms(secret))]
        assert not found, found
        kinds = {key for span, _ in server.collector.spans() for key in values(span)}
        assert kinds <= ALLOWED, kinds - ALLOWED
        assert not any(span.events or span.links or span.status.message for span, _ in server.collector.spans())


# As in the server's own table.
ALLOWED = {
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "keystead.adapter",
    "keystead.correlation_id",
    "kmip.operation",
    "kmip.protocol_version",
    "kmip.result_reason",
    "rpc.system.name",
    "url.path",
    "url.scheme",
}
