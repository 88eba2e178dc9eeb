"""A KMIP client of a hundred lines over `ttlv`: whole messages in and out, nothing hidden.

It sends what a client like vCenter sends, which a library's client can't be made to send: several items in one
message, raw batch ids, two connections in turn.
"""

import socket
import ssl
import struct

import ttlv
from ttlv import date, enumeration, integer, octets, structure, text

OPERATIONS = {
    "Create": 1,
    "Register": 3,
    "Re-key": 4,
    "Locate": 8,
    "Check": 9,
    "Get": 10,
    "Get Attributes": 11,
    "Get Attribute List": 12,
    "Add Attribute": 13,
    "Modify Attribute": 14,
    "Delete Attribute": 15,
    "Obtain Lease": 16,
    "Get Usage Allocation": 17,
    "Activate": 18,
    "Revoke": 19,
    "Destroy": 20,
    "Query": 24,
    "Discover Versions": 30,
}
SYMMETRIC_KEY, RAW, AES = 2, 1, 3
SUCCESS, FAILED = 0, 1
ITEM_NOT_FOUND, OPERATION_NOT_SUPPORTED, INVALID_FIELD, PERMISSION_DENIED = 1, 5, 7, 12
PRE_ACTIVE, ACTIVE, DEACTIVATED, COMPROMISED, DESTROYED = range(1, 6)
ENCRYPT_DECRYPT = 12


class Refused(Exception):
    """The server answered an item with something other than Success."""

    def __init__(self, item):
        self.reason = item["Result Reason"]
        super().__init__(f"reason {self.reason}: {item['Result Message'] if 'Result Message' in item else ''}")


def unique(identifier):
    return text("Unique Identifier", identifier)


def attribute(name, value=None):
    """An attribute by its name, with a value whose item type follows from the Python type."""
    return structure("Attribute", text("Attribute Name", name), None if value is None else attribute_value(value))


def attribute_value(value):
    if isinstance(value, ttlv.Item):
        return value
    return (text if isinstance(value, str) else integer)("Attribute Value", value)


def named(name):
    """A Name attribute: an uninterpreted text string."""
    return attribute("Name", structure("Attribute Value", text("Name Value", name), enumeration("Name Type", 1)))


def template(*attributes):
    return structure("Template Attribute", *attributes)


def aes_256(*more):
    """What a Create for an AES key carries, in vCenter's order, then whatever else is asked for."""
    return (
        enumeration("Object Type", SYMMETRIC_KEY),
        template(
            attribute("Cryptographic Algorithm", enumeration("Attribute Value", AES)),
            attribute("Cryptographic Usage Mask", ENCRYPT_DECRYPT),
            attribute("Cryptographic Length", 256),
            *more,
        ),
    )


def item(operation, *payload, batch_id=None):
    """A request batch item; `batch_id` is echoed byte for byte."""
    return structure(
        "Batch Item",
        enumeration("Operation", OPERATIONS[operation]),
        octets("Unique Batch Item ID", batch_id) if batch_id is not None else None,
        structure("Request Payload", *payload),
    )


def message(version, *items, header=(), count=None):
    """A request message. `header` holds what goes between version and count; `count` lies where a test wants it to."""
    major, minor = version
    return structure(
        "Request Message",
        structure(
            "Request Header",
            structure(
                "Protocol Version",
                integer("Protocol Version Major", major),
                integer("Protocol Version Minor", minor),
            ),
            *header,
            integer("Batch Count", len(items) if count is None else count),
        ),
        *items,
    )


class Connection:
    """One TLS connection of one client certificate, at one protocol version; it waits for so many seconds."""

    def __init__(self, port, certificate, version=(1, 1), patience=15):
        self.version = version
        context = ssl.create_default_context(cafile=certificate.ca)
        context.load_cert_chain(certificate.crt, certificate.key)
        raw = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket = context.wrap_socket(raw, server_hostname="localhost")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, frame):
        self.socket.sendall(frame)

    def receive(self):
        """The next whole message, as bytes; EOFError where the server closes instead."""
        header = self._exactly(8)
        return header + self._exactly(struct.unpack(">I", header[4:])[0])

    def _exactly(self, count):
        chunks = b""
        while len(chunks) < count:
            chunk = self.socket.recv(count - len(chunks))
            if not chunk:
                raise EOFError(f"closed after {len(chunks)} of {count} bytes")
            chunks += chunk
        return chunks

    def exchange(self, *items, header=()):
        """Sends one message and gives back the batch items of the answer, after checks that hold for every answer."""
        self.send(ttlv.encode(message(self.version, *items, header=header)))
        answer = ttlv.decode(self.receive())
        assert answer.tag == "Response Message"
        head = answer["Response Header"]
        stated = head["Protocol Version"]
        assert (stated["Protocol Version Major"], stated["Protocol Version Minor"]) == self.version
        answered = answer.all("Batch Item")
        assert head["Batch Count"] == len(answered)
        return answered

    def call(self, operation, *payload):
        """One operation: its response payload (None where the specification has none), or Refused."""
        (answered,) = self.exchange(item(operation, *payload))
        return succeeded(answered)

    def attributes(self, identifier, *names):
        """Get Attributes, as a dictionary from name to value, or to a list of values where there are several."""
        payload = self.call("Get Attributes", unique(identifier), *(text("Attribute Name", name) for name in names))
        found = {}
        for each in payload.all("Attribute"):
            found.setdefault(each["Attribute Name"], []).append(each["Attribute Value"])
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def material(self, identifier):
        """The key bytes that Get answers, in the one shape that vCenter reads."""
        payload = self.call("Get", unique(identifier))
        assert payload["Object Type"] == SYMMETRIC_KEY
        block = payload["Symmetric Key"]["Key Block"]
        assert block["Key Format Type"] == RAW
        assert (block["Cryptographic Algorithm"], block["Cryptographic Length"]) == (AES, 256)
        return block["Key Value"]["Key Material"]


def succeeded(answered):
    if answered["Result Status"] != SUCCESS:
        raise Refused(answered)
    return answered["Response Payload"] if "Response Payload" in answered else None


def now_plus(seconds, clock):
    return date("Attribute Value", int(clock()) + seconds)
