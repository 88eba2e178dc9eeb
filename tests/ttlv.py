"""KMIP's TTLV encoding, written from the specification (KMIP 1.1, section 9.1) and from nothing else.

The suites must not share a codec with the server they test. The decoder is strict: a wrong length, a pad byte that
is not zero, or bytes left over is an error here, so that every answer is also a test of the server's encoder.
"""

import struct
from dataclasses import dataclass

STRUCTURE, INTEGER, LONG, BIG, ENUMERATION, BOOLEAN, TEXT, BYTES, DATE, INTERVAL = range(1, 11)

TAGS = {
    "Activation Date": 0x420001,
    "Asynchronous Indicator": 0x420007,
    "Attribute": 0x420008,
    "Attribute Index": 0x420009,
    "Attribute Name": 0x42000A,
    "Attribute Value": 0x42000B,
    "Authentication": 0x42000C,
    "Batch Count": 0x42000D,
    "Batch Error Continuation Option": 0x42000E,
    "Batch Item": 0x42000F,
    "Batch Order Option": 0x420010,
    "Credential": 0x420023,
    "Credential Type": 0x420024,
    "Credential Value": 0x420025,
    "Cryptographic Algorithm": 0x420028,
    "Cryptographic Length": 0x42002A,
    "Cryptographic Usage Mask": 0x42002C,
    "Key Block": 0x420040,
    "Key Format Type": 0x420042,
    "Key Material": 0x420043,
    "Key Value": 0x420045,
    "Last Change Date": 0x420048,
    "Lease Time": 0x420049,
    "Maximum Items": 0x42004F,
    "Maximum Response Size": 0x420050,
    "Name": 0x420053,
    "Name Type": 0x420054,
    "Name Value": 0x420055,
    "Object Type": 0x420057,
    "Operation": 0x42005C,
    "Protocol Version": 0x420069,
    "Protocol Version Major": 0x42006A,
    "Protocol Version Minor": 0x42006B,
    "Query Function": 0x420074,
    "Request Header": 0x420077,
    "Request Message": 0x420078,
    "Request Payload": 0x420079,
    "Response Header": 0x42007A,
    "Response Message": 0x42007B,
    "Response Payload": 0x42007C,
    "Result Message": 0x42007D,
    "Result Reason": 0x42007E,
    "Result Status": 0x42007F,
    "Revocation Reason": 0x420081,
    "Revocation Reason Code": 0x420082,
    "Symmetric Key": 0x42008F,
    "Template Attribute": 0x420091,
    "Time Stamp": 0x420092,
    "Unique Batch Item ID": 0x420093,
    "Unique Identifier": 0x420094,
    "Usage Limits": 0x420095,
    "Usage Limits Count": 0x420096,
    "Usage Limits Total": 0x420097,
    "Usage Limits Unit": 0x420098,
    "Username": 0x420099,
    "Vendor Identification": 0x42009D,
    "Password": 0x4200A1,
}
NAMES = {number: name for name, number in TAGS.items()}
# One width a type, where the type has one; a structure, a text and a byte string are as long as they are.
WIDTHS = {INTEGER: 4, LONG: 8, ENUMERATION: 4, BOOLEAN: 8, DATE: 8, INTERVAL: 4}
FORMATS = {INTEGER: ">i", LONG: ">q", ENUMERATION: ">I", BOOLEAN: ">Q", DATE: ">q", INTERVAL: ">I"}


@dataclass(frozen=True)
class Item:
    """One item: a tag by its name (or its number, where TAGS has no name), a type, and a Python value."""

    tag: str | int
    kind: int
    value: object

    def __getitem__(self, tag):
        """The value of the only child with this tag; a structure for a structure."""
        (found,) = self.all(tag)
        return found if found.kind == STRUCTURE else found.value

    def __contains__(self, tag):
        return bool(self.all(tag))

    def all(self, tag):
        """All children with this tag, in order."""
        return [child for child in self.value if child.tag == tag]

    def tags(self):
        """The children's tags, in order: what an answer holds, and nothing more."""
        return [child.tag for child in self.value]


def structure(tag, *children):
    return Item(tag, STRUCTURE, tuple(child for child in children if child is not None))


def integer(tag, value):
    return Item(tag, INTEGER, value)


def long(tag, value):
    return Item(tag, LONG, value)


def enumeration(tag, value):
    return Item(tag, ENUMERATION, value)


def boolean(tag, value):
    return Item(tag, BOOLEAN, value)


def text(tag, value):
    return Item(tag, TEXT, value)


def octets(tag, value):
    return Item(tag, BYTES, value)


def date(tag, value):
    return Item(tag, DATE, value)


def interval(tag, value):
    return Item(tag, INTERVAL, value)


def encode(item):
    number = TAGS[item.tag] if isinstance(item.tag, str) else item.tag
    value = _encode_value(item)
    padding = b"\0" * (-len(value) % 8)
    return number.to_bytes(3, "big") + struct.pack(">BI", item.kind, len(value)) + value + padding


def _encode_value(item):
    if item.kind == STRUCTURE:
        return b"".join(encode(child) for child in item.value)
    if item.kind == TEXT:
        return item.value.encode()
    if item.kind == BYTES:
        return bytes(item.value)
    return struct.pack(FORMATS[item.kind], item.value)


def decode(frame):
    """One item that fills the frame; ValueError where it doesn't, or where the encoding is not the specification's."""
    item, end = _decode_item(frame, 0)
    if end != len(frame):
        raise ValueError(f"{len(frame) - end} bytes after the item")
    return item


def _decode_item(frame, start):
    if len(frame) - start < 8:
        raise ValueError("an item's header is cut short")
    number = int.from_bytes(frame[start : start + 3], "big")
    kind, length = struct.unpack(">BI", frame[start + 3 : start + 8])
    first, last = start + 8, start + 8 + length
    end = last + (-length % 8)
    if end > len(frame):
        raise ValueError(f"an item of {length} bytes reaches past its frame")
    if any(frame[last:end]):
        raise ValueError("padding that is not zero")
    return Item(NAMES.get(number, number), kind, _decode_value(kind, frame[first:last])), end


def _decode_value(kind, value):
    if kind == STRUCTURE:
        return tuple(_decode_children(value))
    if kind == TEXT:
        return value.decode()
    if kind == BYTES:
        return bytes(value)
    if kind == BIG:
        if not value or len(value) % 8:
            raise ValueError(f"a Big Integer of {len(value)} bytes")
        return int.from_bytes(value, "big", signed=True)
    if len(value) != WIDTHS[kind]:
        raise ValueError(f"type {kind} with {len(value)} bytes")
    (number,) = struct.unpack(FORMATS[kind], value)
    if kind == BOOLEAN and number not in (0, 1):
        raise ValueError(f"a Boolean of {number}")
    return bool(number) if kind == BOOLEAN else number


def _decode_children(value):
    at = 0
    while at < len(value):
        child, at = _decode_item(value, at)
        yield child
