"""The audit's journal from outside: reading it, and every way of tampering with it that somebody with the files could think of.

The form is the one that the documentation gives: segments with a header of 96 bytes, records of length, body and digest.
"""

import hashlib
import json
import struct
from pathlib import Path

HEADER = 96
DIGEST = 32


def segments(data):
    return sorted((Path(data) / "journal").glob("*.journal"))


def split(raw):
    """The header of a segment, and its records as (body, digest); what is no whole record at the end is left out."""
    records, at = [], HEADER
    while at + 4 <= len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        end = at + 4 + length + DIGEST
        if end > len(raw):
            break
        records.append((raw[at + 4 : end - DIGEST], raw[end - DIGEST : end]))
        at = end
    return raw[:HEADER], records


def join(header, records):
    return header + b"".join(struct.pack(">I", len(body)) + body + digest for body, digest in records)


def chained(header, bodies):
    """What somebody writes who knows the chain: all digests are right, for no key is needed to make them."""
    head, records = header[32:64], []
    for body in bodies:
        head = hashlib.sha256(head + body).digest()
        records.append((body, head))
    return join(header, records)


def decode(body):
    """A record: its sort, its number in the store where it is a change's, and what it says."""
    if body[:1] == b"\x01":
        return "change", struct.unpack(">Q", body[1:9])[0], json.loads(body[9:])
    if body[:1] == b"\x02":
        return "head", None, json.loads(body[1:])
    if body[:1] == b"\x03":
        missed, length = struct.unpack(">QI", body[1:13])
        return "gap", missed, json.loads(body[13 : 13 + length])
    return "event", None, json.loads(body)


def entries(data):
    return [decode(body) for segment in segments(data) for body, _ in split(segment.read_bytes())[1]]


def events(data):
    return [event for sort, _, event in entries(data) if sort in ("change", "event")]


# Each changes a list of records, at a place, and gives back a segment. The first sort leaves the chain as it was; the second makes it
# anew, which is why heads are signed.


def edited(header, records, at, random):
    body = bytearray(records[at][0])
    body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    return join(header, [*records[:at], (bytes(body), records[at][1]), *records[at + 1 :]])


def cut(header, records, at, _):
    return join(header, records[:at] + records[at + 1 :])


def swapped(header, records, at, _):
    at = min(at, len(records) - 2)
    return join(header, [*records[:at], records[at + 1], records[at], *records[at + 2 :]])


def doubled(header, records, at, _):
    return join(header, [*records[:at], records[at], records[at], *records[at + 1 :]])


def lengthened(header, records, at, _):
    """A length that reaches beyond the end, so that the rest looks like a record that was never completely written."""
    raw = bytearray(join(header, records))
    where = HEADER + sum(36 + len(body) for body, _ in records[:at])
    raw[where : where + 4] = struct.pack(">I", (1 << 20) - 1)
    return bytes(raw)


def end_cut(header, records, at, _):
    return join(header, records[:at])


def edited_and_chained(header, records, at, random):
    bodies = [body for body, _ in records]
    bodies[at] = bodies[at].replace(b"success", b"failure") if b"success" in bodies[at] else bodies[at] + b" "
    return chained(header, bodies)


def cut_and_chained(header, records, at, _):
    return chained(header, [body for index, (body, _) in enumerate(records) if index != at])


def swapped_and_chained(header, records, at, _):
    bodies, at = [body for body, _ in records], min(at, len(records) - 2)
    bodies[at], bodies[at + 1] = bodies[at + 1], bodies[at]
    return chained(header, bodies)


def put_in_and_chained(header, records, at, _):
    bodies = [body for body, _ in records]
    return chained(header, [*bodies[:at], b'{"action":"kms.kmip.get","outcome":"success"}', *bodies[at:]])


TAMPERING = [
    edited,
    cut,
    swapped,
    doubled,
    lengthened,
    end_cut,
    edited_and_chained,
    cut_and_chained,
    swapped_and_chained,
    put_in_and_chained,
]
