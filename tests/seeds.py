"""Writes the fuzz targets' seeds: one small message an operation and version, and a few records.

    python3 tests/seeds.py        writes fuzz/seeds/messages and fuzz/seeds/records

The seeds are committed; this says where they came from, and makes new ones when the messages change.
"""

from pathlib import Path

import ttlv
import wire
from ttlv import boolean, date, enumeration, integer, interval, long, octets, structure, text
from wire import attribute, item, named, unique

SEEDS = Path(__file__).parent.parent / "fuzz" / "seeds"
KEY = unique("0b7c1f9e-6a4d-4f0e-9c1b-2d3e4f506172")
NAME = text("Attribute Name", "State")
LIMITS = structure("Attribute Value", long("Usage Limits Total", 1000), enumeration("Usage Limits Unit", 1))
REASON = structure("Revocation Reason", enumeration("Revocation Reason Code", 6))


def key_block(material):
    return structure(
        "Key Block",
        enumeration("Key Format Type", wire.RAW),
        structure("Key Value", octets("Key Material", material)),
        enumeration("Cryptographic Algorithm", wire.AES),
        integer("Cryptographic Length", 8 * len(material)),
    )


def requests():
    """A name and the items of one message, for every operation."""
    key_to_register = structure("Symmetric Key", key_block(bytes(range(32))))
    kind, attributes = wire.aes_256(named("a key"), attribute("x-Name", "a virtual machine"))
    yield "create", [item("Create", *wire.aes_256())]
    yield "create-dated", [item("Create", *wire.aes_256(attribute("Activation Date", date("Attribute Value", 1 << 31))))]
    yield "register", [item("Register", kind, attributes, key_to_register)]
    yield "re-key", [item("Re-key", KEY, interval(0x420058, 60), wire.template(named("another")))]
    yield "locate", [item("Locate", integer("Maximum Items", 5), named("a key"), attribute("x-Name", "a virtual machine"))]
    yield "check", [item("Check", KEY, long("Usage Limits Count", 500), integer("Cryptographic Usage Mask", 12))]
    yield "get", [item("Get", KEY)]
    yield "get-format", [item("Get", KEY, enumeration("Key Format Type", wire.RAW))]
    yield "get-attributes", [item("Get Attributes", KEY, NAME, text("Attribute Name", "x-Name"))]
    yield "get-attribute-list", [item("Get Attribute List", KEY)]
    yield "add-attribute", [item("Add Attribute", KEY, attribute("Usage Limits", LIMITS))]
    yield "modify-attribute", [item("Modify Attribute", KEY, attribute("x-on", boolean("Attribute Value", True)))]
    yield "delete-attribute", [item("Delete Attribute", KEY, text("Attribute Name", "Name"), integer("Attribute Index", 1))]
    yield "obtain-lease", [item("Obtain Lease", KEY)]
    yield "get-usage-allocation", [item("Get Usage Allocation", KEY, long("Usage Limits Count", 500))]
    yield "activate", [item("Activate", KEY)]
    yield "revoke", [item("Revoke", KEY, REASON)]
    yield "destroy", [item("Destroy", KEY)]
    yield "query", [item("Query", *(enumeration("Query Function", function) for function in range(1, 5)))]
    yield "discover-versions", [item("Discover Versions")]
    batch = [item("Create", *wire.aes_256(), batch_id=b"QLKC\1\0\0\0"), item("Get", batch_id=b"QLKC\2\0\0\0")]
    yield "batch", batch


def records():
    """Objects as they are kept: what the record target decodes."""
    attributes = [
        attribute("State", enumeration("Attribute Value", wire.ACTIVE)),
        attribute("Cryptographic Length", 256),
        attribute("x-Name", "a virtual machine"),
        named("a key"),
        attribute("Usage Limits", LIMITS),
        attribute("Initial Date", date("Attribute Value", 1 << 30)),
    ]
    head = [KEY, enumeration("Object Type", wire.SYMMETRIC_KEY), enumeration("Key Format Type", wire.RAW)]
    yield "key", structure("Symmetric Key", *head, *attributes, octets("Key Material", bytes(93)))
    yield "destroyed", structure("Symmetric Key", *head, *attributes[:1])


def main():
    for folder in ("messages", "records"):
        (SEEDS / folder).mkdir(parents=True, exist_ok=True)
    for name, items in requests():
        for version in ((1, 0), (1, 1), (1, 4)):
            frame = ttlv.encode(wire.message(version, *items))
            (SEEDS / "messages" / "{}-{}.{}".format(name, *version)).write_bytes(frame)
    for name, record in records():
        (SEEDS / "records" / name).write_bytes(ttlv.encode(record))


if __name__ == "__main__":
    main()
