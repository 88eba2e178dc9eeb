"""Collectors for the audit as programs of their own, which can be stopped, killed and started again: syslog over TLS, and OpenTelemetry.

    python collectors.py syslog PORT FILE CERTIFICATE KEY [CLIENT_CA]
    python collectors.py otlp PORT FILE

Each writes what it was given into FILE, one JSON object a line, and prints `ready`. The syslog one holds every frame to RFC 5425's octet
counting and RFC 5424's header; the other one takes OTLP over HTTP in JSON, and answers 503 as long as there is a file FILE.refuse.
"""

import http.server
import json
import re
import socketserver
import ssl
import sys
import threading
from pathlib import Path

# RFC 5424, 6: PRI, version, timestamp, host, application, process, message identifier, no structured data, message.
HEADER = re.compile(
    rb"<(\d{1,3})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)",
    re.DOTALL,
)
LOCK = threading.Lock()


def frames(stream):
    """Messages as RFC 5425, 4.3 frames them."""
    while True:
        length = b""
        while (byte := stream.read(1)) not in (b" ", b""):
            assert byte.isdigit() and length + byte != b"0", f"no octet count: {length + byte!r}"
            length += byte
        if byte == b"":
            assert not length, "the stream ends within a count"
            return
        message = stream.read(int(length))
        if len(message) < int(length):
            return
        yield message


class Syslog(socketserver.StreamRequestHandler):
    def handle(self):
        for message in frames(self.rfile):
            header = HEADER.fullmatch(message)
            assert header, message
            priority, event = int(header[1]), json.loads(header[7])
            assert priority >> 3 == 13, "facility log audit"
            assert {"critical": 2, "warning": 4}.get(event.get("severity"), 6) == priority & 7
            assert header[6].decode() == (event["action"][:32] or "-")
            keep(self.server.file, [event])


def answer(handler, status, kind, body):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Otlp(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refuse = Path(self.server.file + ".refuse").exists()
        if not refuse:
            assert self.path == "/v1/logs" and self.headers["Content-Type"] == "application/json"
            (resource,) = body["resourceLogs"]
            assert {"key": "service.name", "value": {"stringValue": "keystead"}} in resource["resource"]["attributes"]
            (scope,) = resource["scopeLogs"]
            records = scope["logRecords"]
            assert all(int(record["timeUnixNano"]) > 0 and record["severityNumber"] in (9, 13, 21) for record in records)
            keep(self.server.file, [json.loads(record["body"]["stringValue"]) for record in records])
        answer(self, 503 if refuse else 200, "application/json", b"{}")

    def log_message(self, *_):
        pass


def keep(file, events):
    with LOCK, open(file, "a", encoding="utf-8") as out:
        out.writelines(json.dumps(event) + "\n" for event in events)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Secure(Server):
    def get_request(self):
        raw, address = super().get_request()
        return self.context.wrap_socket(raw, server_side=True), address


def main(kind, port, file, certificate=None, key=None, client_ca=None):
    server = {"syslog": Secure, "otlp": Server}[kind](("127.0.0.1", int(port)), {"syslog": Syslog, "otlp": Otlp}[kind])
    server.file = file
    if certificate:
        server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.context.load_cert_chain(certificate, key)
        if client_ca:
            server.context.verify_mode = ssl.CERT_REQUIRED
            server.context.load_verify_locations(client_ca)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
