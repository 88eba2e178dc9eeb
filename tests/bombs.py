"""Protocol bombs: requests that no client sends by mistake, made from tables.

Each is the whole of what goes out on a connection at once. What may come back is one of three verdicts, which are tables too: the
connection is closed, the message is refused, or it is answered in part. None of them is ever General Failure.
"""

import random
import struct
from dataclasses import dataclass

import ttlv
import wire
from ttlv import boolean, date, enumeration, integer, interval, long, octets, structure, text
from wire import attribute, item, message, named, unique

VERSION = (1, 4)
GENERAL_FAILURE = 0x100
INVALID_MESSAGE = 4
NEVER_WAS = "00000000-0000-4000-8000-000000000000"
LENGTH_LIES = (0xFFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF)
OFF_BY = (1, 2, 3, 4, 5, 6, 7, -1, -3, 8, -8)
BAD_UTF8 = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xc3", b"\xe2\x82")
CONTINUE, STOP, UNDO = 1, 2, 3
SAMPLED = 260  # of every tag with every wrong type


@dataclass(frozen=True)
class Bomb:
    """What goes out, and what may come back: a closed connection, or an answer with one of these reasons (none: any but our own fault)."""

    name: str
    frame: bytes
    reasons: frozenset = frozenset()
    cut: bool = False  # the sender's side is shut after it, since the message says that more will come
    may_succeed: bool = False  # nothing in it need fail: what counts is that it does no harm


def bombs():
    """All of them, always the same."""
    made = [
        *outer_lengths(),
        *inner_lengths(),
        *depths(),
        *counts(),
        *widths(),
        *utf8(),
        *paddings(),
        *wrong_types(),
        *batches(),
        *placeholders(),
        *headers(),
        *values(),
        *strangers(),
    ]
    assert len({bomb.name for bomb in made}) == len(made)
    return made


def raw(tag, kind, value, length=None, pad=b"\0"):
    """An item of which nothing need be true."""
    number = ttlv.TAGS[tag] if isinstance(tag, str) else tag
    size = len(value) if length is None else length % 2**32
    return number.to_bytes(3, "big") + struct.pack(">BI", kind, size) + value + pad * (-len(value) % 8)


def places(tree, path=()):
    """Every item of a message, by its path; parents come first."""
    yield path, tree
    if tree.kind == ttlv.STRUCTURE:
        for index, child in enumerate(tree.value):
            yield from places(child, (*path, index))


def with_bytes(tree, path, replace):
    """The message's bytes with those of one item replaced; the lengths of what is around it are right."""
    if not path:
        return replace(tree)
    children = [
        with_bytes(child, path[1:], replace) if index == path[0] else ttlv.encode(child)
        for index, child in enumerate(tree.value)
    ]
    return raw(tree.tag, ttlv.STRUCTURE, b"".join(children))


def request(*items, header=(), count=None):
    return message(VERSION, *items, header=header, count=count)


def create(*more):
    return request(item("Create", *wire.aes_256(*more), batch_id=b"12345678"))


def spot(path, tree):
    return ".".join(map(str, path)) + f" {tree.tag}"


def body(tree):
    """An item's value as bytes."""
    encoded = ttlv.encode(tree)
    return encoded[8 : 8 + struct.unpack(">I", encoded[4:8])[0]]


def outer_lengths():
    right = ttlv.encode(create())
    length = len(right) - 8
    lies = [*LENGTH_LIES, 0, 8, 0x0010_0000, *(length + off for off in OFF_BY), length * 2 + 3]
    for lie in lies:
        frame = right[:4] + struct.pack(">I", lie) + right[8:]
        yield Bomb(f"message length {lie:#x}", frame, frozenset({INVALID_MESSAGE}), cut=True)


def inner_lengths():
    tree = create(named("bomb"), attribute("x-octets", octets("Attribute Value", b"1234567")))
    for path, place in places(tree):
        value = body(place)
        for lie in [*LENGTH_LIES, *(len(value) + off for off in OFF_BY if len(value) + off >= 0)] if path else ():
            frame = with_bytes(tree, path, lambda each: raw(each.tag, each.kind, value, lie))
            # A text or a string whose pad bytes are taken for it may still be one; its neighbours stay whole.
            grown = place.kind in (ttlv.TEXT, ttlv.BYTES) and len(value) < lie <= len(value) + (-len(value) % 8)
            yield Bomb(f"length {lie:#x} at {spot(path, place)}", frame, may_succeed=grown)


def nest(depth, tag="Attribute Value"):
    """Structures in structures, the innermost empty."""
    head = ttlv.TAGS[tag].to_bytes(3, "big") + bytes([ttlv.STRUCTURE])
    return b"".join(head + struct.pack(">I", 8 * inside) for inside in reversed(range(depth)))


def depths():
    custom = request(item("Add Attribute", unique(NEVER_WAS), attribute("x-deep", structure("Attribute Value"))))
    whole = request(item("Query", enumeration("Query Function", 1)))
    for depth in (33, 100, 1_000, 10_000, 60_000):
        for name, tree, path in (
            ("an attribute", custom, (1, 1, 1, 1)),
            ("a payload", whole, (1, 1)),
            ("a header", whole, (0,)),
        ):
            frame = with_bytes(tree, path, lambda each: raw(each.tag, ttlv.STRUCTURE, nest(depth)))
            yield Bomb(f"depth {depth} in {name}", frame)
        yield Bomb(f"depth {depth} of messages", nest(depth, "Request Message"))


def counts():
    query = item("Query", enumeration("Query Function", 1))
    for stated, real in (
        *((count, 1) for count in (2**31 - 1, -1, -(2**31), 0, 2, 127, 129, 1_000_000)),
        (1, 0),
        (0, 0),
        (1, 2),
        (128, 127),
        (129, 129),
        (1_000, 1_000),
        (5_000, 5_000),
    ):
        yield Bomb(f"count {stated} of {real}", ttlv.encode(request(*[query] * real, count=stated)))


def widths():
    """Every type of a fixed width with every other width; a Boolean that is neither; a Big Integer of no whole words."""
    fixed = {kind: width for kind, width in ttlv.WIDTHS.items()}
    for kind, width in fixed.items():
        for length in {0, 1, 3, 4, 5, 7, 8, 9, 16} - {width}:
            yield from custom_value(f"type {kind} of {length} bytes", raw("Attribute Value", kind, b"\0" * length))
    for value in (2, 255, 1 << 63, 1 << 32):
        yield from custom_value(f"Boolean {value}", raw("Attribute Value", ttlv.BOOLEAN, struct.pack(">Q", value)))
    for length in (0, 1, 4, 7, 9, 12, 15):
        yield from custom_value(f"Big Integer of {length} bytes", raw("Attribute Value", ttlv.BIG, b"\1" * length))
    for kind in (0, 11, 12, 0x42, 0x80, 0xFF):
        yield from custom_value(f"type {kind}", raw("Attribute Value", kind, b"\0" * 8))


def custom_value(name, value):
    """A custom attribute's value, which a server can take for anything; and the same in the header, where it can't."""
    tree = request(item("Add Attribute", unique(NEVER_WAS), attribute("x-any", "")))
    yield Bomb(f"{name} as an attribute", with_bytes(tree, (1, 1, 1, 1), lambda _: value))
    tree = request(item("Query", enumeration("Query Function", 1)), header=(boolean("Batch Order Option", True),))
    order = ttlv.TAGS["Batch Order Option"].to_bytes(3, "big") + value[3:]
    yield Bomb(f"{name} in the header", with_bytes(tree, (0, 1), lambda _: order))


def utf8():
    trees = {
        "identifier": (request(item("Get", unique("i"))), (1, 1, 0)),
        "attribute name": (request(item("Get Attributes", unique(NEVER_WAS), text("Attribute Name", "x"))), (1, 1, 1)),
        "name": (create(named("n")), (1, 2, 1, 3, 1, 0)),
        "custom value": (create(attribute("x-t", "t")), (1, 2, 1, 3, 1)),
    }
    for where, (tree, path) in trees.items():
        for bad in BAD_UTF8:
            frame = with_bytes(tree, path, lambda each: raw(each.tag, ttlv.TEXT, b"ab" + bad))
            yield Bomb(f"UTF-8 {bad.hex()} in the {where}", frame)


def paddings():
    tree = create(named("bomb"), attribute("x-octets", octets("Attribute Value", b"1234567")))
    for path, place in places(tree):
        value = body(place)
        if len(value) % 8:
            frame = with_bytes(tree, path, lambda each: raw(each.tag, each.kind, value, pad=b"\1"))
            yield Bomb(f"padding at {spot(path, place)}", frame)


# A value of every type, whole and in order.
OF_TYPE = {
    ttlv.STRUCTURE: b"",
    ttlv.INTEGER: struct.pack(">i", 1),
    ttlv.LONG: struct.pack(">q", 1),
    ttlv.BIG: struct.pack(">q", 1),
    ttlv.ENUMERATION: struct.pack(">I", 1),
    ttlv.BOOLEAN: struct.pack(">Q", 1),
    ttlv.TEXT: b"text",
    ttlv.BYTES: b"octets",
    ttlv.DATE: struct.pack(">q", 1),
    ttlv.INTERVAL: struct.pack(">I", 1),
}


def wrong_types():
    """Each item of these messages with each type but its own."""
    revoke = structure("Revocation Reason", enumeration("Revocation Reason Code", 6))
    options = (
        integer("Maximum Response Size", 100_000),
        boolean("Asynchronous Indicator", False),
        enumeration("Batch Error Continuation Option", STOP),
        boolean("Batch Order Option", True),
        date("Time Stamp", 1_700_000_000),
    )
    login = structure(
        "Authentication",
        structure(
            "Credential",
            enumeration("Credential Type", 1),
            structure("Credential Value", text("Username", "u"), text("Password", "p")),
        ),
    )
    trees = {
        "Create": create(named("bomb")),
        "options": request(item("Query", enumeration("Query Function", 1)), header=options),
        "login": request(item("Query", enumeration("Query Function", 1)), header=(login,)),
        "Get": request(item("Get", unique(NEVER_WAS), enumeration("Key Format Type", 1))),
        "Locate": request(item("Locate", integer("Maximum Items", 1), named("bomb"))),
        "Revoke": request(item("Revoke", unique(NEVER_WAS), revoke)),
        "Register": register(),
        "Delete": request(item("Delete Attribute", unique(NEVER_WAS), text("Attribute Name", "x-a"), integer("Attribute Index", 0))),
    }
    made = []
    for name, tree in trees.items():
        for path, place in places(tree):
            for kind, value in OF_TYPE.items() if path else ():
                if kind != place.kind:
                    frame = with_bytes(tree, path, lambda each: raw(each.tag, kind, value))
                    # Locate compares: a value of another type is one that no object has, and it finds none.
                    compared = name == "Locate" and len(path) >= 4
                    made.append(Bomb(f"type {kind} at {name} {spot(path, place)}", frame, may_succeed=compared))
    return random.Random(15).sample(made, SAMPLED)


def register(material=b"k" * 32, length=256):
    block = structure(
        "Key Block",
        enumeration("Key Format Type", wire.RAW),
        structure("Key Value", octets("Key Material", material)),
        enumeration("Cryptographic Algorithm", wire.AES),
        integer("Cryptographic Length", length),
    )
    mask = wire.template(attribute("Cryptographic Usage Mask", wire.ENCRYPT_DECRYPT))
    kind = enumeration("Object Type", wire.SYMMETRIC_KEY)
    return request(item("Register", kind, mask, structure("Symmetric Key", block)))


def batches():
    """Every way to go on after an error, with an error in each place."""
    good, bad = item("Query", enumeration("Query Function", 1), batch_id=b"g"), item("Get", unique("?"), batch_id=b"b")
    patterns = {"b": [bad], "bg": [bad, good], "gbg": [good, bad, good], "gbgb": [good, bad, good, bad], "ggb": [good, good, bad]}
    for option in (CONTINUE, STOP, UNDO, 0, 4, 0x8000_0001):
        for order in (True, False, None):
            for name, items in patterns.items():
                header = [enumeration("Batch Error Continuation Option", option)]
                header += [] if order is None else [boolean("Batch Order Option", order)]
                yield Bomb(f"option {option:#x}, order {order}, {name}", ttlv.encode(request(*items, header=header)))
    for identifiers in ((None, None), (b"", b""), (b"x", None)):
        items = [item("Get", unique("?"), batch_id=each) for each in identifiers]
        yield Bomb(f"batch ids {identifiers}", ttlv.encode(request(*items)))
    yield Bomb("the same batch id twice", ttlv.encode(request(bad, bad)))
    yield Bomb("a batch id of 100,000 bytes", ttlv.encode(request(item("Get", unique("?"), batch_id=b"x" * 100_000))))


def placeholders():
    """What comes after a failure must not find the identifier of what went before it."""
    no_id = {name: item(name, batch_id=b"n") for name in ("Get", "Destroy", "Activate", "Get Attribute List", "Check")}
    broken = item("Create", enumeration("Object Type", wire.SYMMETRIC_KEY), batch_id=b"c")
    go_on = (enumeration("Batch Error Continuation Option", CONTINUE),)
    for name, each in no_id.items():
        yield Bomb(f"{name} of a placeholder that was never set", ttlv.encode(request(each)))
        yield Bomb(f"{name} after a failed Create", ttlv.encode(request(broken, each, header=go_on)))
        yield Bomb(f"{name} after a Locate that found none", ttlv.encode(request(item("Locate", named("none"), batch_id=b"l"), each, header=go_on)))
        gone = [item("Create", *wire.aes_256(), batch_id=b"c"), item("Destroy", batch_id=b"d"), item("Destroy", batch_id=b"e")]
        yield Bomb(f"Create, Destroy, Destroy, {name}", ttlv.encode(request(*gone, each, header=go_on)))


def headers():
    query = item("Query", enumeration("Query Function", 1))
    for version in ((0, 0), (1, 5), (2, 0), (3, 0), (-1, -1), (2**31 - 1, 0), (1, -1)):
        yield Bomb(f"version {version}", ttlv.encode(message(version, query)))
    right = request(query)
    head, only = right.value
    twice = {
        "two headers": (head, head, only),
        "no header": (only,),
        "the header last": (only, head),
        "an item of another tag": (head, structure("Attribute", *only.value)),
        "nothing": (),
    }
    for name, children in twice.items():
        yield Bomb(name, ttlv.encode(structure("Request Message", *children)))
    for operation in (0, 0x2E, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF):
        each = structure("Batch Item", enumeration("Operation", operation), structure("Request Payload"))
        yield Bomb(f"operation {operation:#x}", ttlv.encode(request(each)))
    yield Bomb("no operation", ttlv.encode(request(structure("Batch Item", structure("Request Payload")))))
    yield Bomb("no payload", ttlv.encode(request(structure("Batch Item", enumeration("Operation", 10)))))
    for size in (0, 1, 7, -1, -(2**31)):
        option = (integer("Maximum Response Size", size),)
        yield Bomb(f"an answer of {size} bytes at most", ttlv.encode(request(query, header=option)))
    # It says that the client could wait (KMIP 1.4, 6.7), not that it must.
    able = (boolean("Asynchronous Indicator", True),)
    yield Bomb("asynchronous", ttlv.encode(request(query, header=able)), may_succeed=True)
    for when in (-(2**63), 2**63 - 1):
        frame = ttlv.encode(request(query, header=(date("Time Stamp", when),)))
        yield Bomb(f"time {when}", frame, may_succeed=True)


def values():
    """Well-formed, and of a size or a number that nobody means."""
    for length in (-(2**31), -1, 0, 1, 257, 2**31 - 1):
        attributes = (attribute("Cryptographic Algorithm", enumeration("Attribute Value", wire.AES)), attribute("Cryptographic Usage Mask", 12))
        template = wire.template(*attributes, attribute("Cryptographic Length", length))
        each = item("Create", enumeration("Object Type", wire.SYMMETRIC_KEY), template)
        yield Bomb(f"AES of {length} bits", ttlv.encode(request(each)))
        yield Bomb(f"Register of {length} bits", ttlv.encode(register(length=length)))
    for size in (0, 1, 31, 33, 1_000_000):
        yield Bomb(f"AES-256 of {size} bytes", ttlv.encode(register(b"k" * size)))
    for number in (-(2**31), -1, 2**31 - 1):
        each = item("Locate", integer("Maximum Items", number))
        yield Bomb(f"Locate of {number}", ttlv.encode(request(each)), may_succeed=True)
        each = item("Delete Attribute", unique(NEVER_WAS), text("Attribute Name", "x-a"), integer("Attribute Index", number))
        yield Bomb(f"index {number}", ttlv.encode(request(each)))
    for size in (10_000, 1_000_000):
        yield Bomb(f"an identifier of {size} bytes", ttlv.encode(request(item("Get", unique("i" * size)))))
    many = [text("Attribute Name", f"x-{number}") for number in range(20_000)]
    yield Bomb("20,000 attribute names", ttlv.encode(request(item("Get Attributes", unique(NEVER_WAS), *many))))
    named_often = [named(f"bomb-{number}") for number in range(8_000)]
    yield Bomb("a Locate by 8,000 names", ttlv.encode(request(item("Locate", *named_often))), may_succeed=True)
    for count in (2_000, 8_000):
        several = [attribute(f"x-{number}", "value") for number in range(count)]
        yield Bomb(f"a Create with {count} attributes", ttlv.encode(create(*several)), may_succeed=True)
        yield Bomb(f"a Create with {count} names", ttlv.encode(create(*(named(f"many-{n}") for n in range(count)))), may_succeed=True)
        searched = item("Locate", *several)
        yield Bomb(f"a Locate by {count} attributes", ttlv.encode(request(searched)), may_succeed=True)
    functions = [enumeration("Query Function", 1 + number % 6) for number in range(50_000)]
    yield Bomb("50,000 query functions", ttlv.encode(request(item("Query", *functions))), may_succeed=True)
    yield Bomb("a lease of a time", ttlv.encode(request(item("Obtain Lease", interval("Lease Time", 1)))))
    yield Bomb("a usage of -1", ttlv.encode(request(item("Get Usage Allocation", unique("?"), long("Usage Limits Count", -1)))))


def strangers():
    """What is no KMIP request at all."""
    frames = {
        "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "TLS in TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 64,
        "zeros": b"\0" * 64,
        "ones": b"\xff" * 64,
        "a response": ttlv.encode(structure("Response Message", structure("Response Header"))),
        "a message of another type": raw("Request Message", ttlv.TEXT, b"Request!"),
        "an empty message": raw("Request Message", ttlv.STRUCTURE, b""),
        "seven bytes": b"\x42\0\x78\1\0\0\0",
    }
    for name, frame in frames.items():
        yield Bomb(name, frame, frozenset({INVALID_MESSAGE}), cut=True)
