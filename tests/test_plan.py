"""`keystead plan`: the counts of IBM's rules, and its constants held against a real store."""

import json
import subprocess

import pytest

import wire
from keystead import Keystead, binary, environment
from wire import attribute, unique

KEYS = 300
TAGS = {
    "x-Product_Version": "8.0.3 build-24022515",
    "x-Vendor": "VMware, Inc.",
    "x-Product": "VMware vSphere",
    "x-Identifier": "vm-1042",
    "x-Component": "Virtual Machine",
    "x-Name": "web-frontend-17.prod.example.com",
}


def run(*arguments):
    return subprocess.run([binary(), "plan", *arguments], capture_output=True, text=True, env=environment(), timeout=30)


def plan(*arguments):
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return {line["name"]: line["value"] for line in json.loads(done.stdout)}


def test_the_counts_are_ibms():
    found = plan("--vsan-clusters", "3", "--vsphere-clusters", "2", "--vms", "1200")
    assert (found["root_keys"], found["vsan_keys"], found["vsphere_cluster_keys"], found["vm_keys"]) == (2, 6, 2, 1200)
    assert (found["core_dump_keys"], found["standard_keys"]) == (1, 1209)
    assert plan("--vms", "10", "--rekeys-per-year", "2", "--years", "3")["standard_keys_in_all"] == 11 * 7
    shown = run("--vsan-clusters", "1").stdout
    assert "standard keys" in shown and "MiB" in shown
    for wrong in [[], ["--vms", "-1"], ["--vms", "many"], ["--years", "0", "--vms", "1"]]:
        assert run(*wrong).returncode == 2


def size(server):
    """Bytes of the database and of the journal, stopped cleanly."""
    server.stop()
    database = sum(file.stat().st_size for file in server.data.glob("keystead.db*") if "reserve" not in file.name)
    journal = sum(len(file.read_bytes().rstrip(b"\0")) for file in (server.data / "journal").iterdir())
    server.start()
    return database, journal


def test_the_sizes_are_a_real_stores(tmp_path):
    """Neither too small, nor three times too large."""
    with Keystead(tmp_path) as server:
        client = server.issue("vcenter")
        before = size(server)
        with wire.Connection(server.port, client) as connection:
            keys = [connection.call("Create", *wire.aes_256())["Unique Identifier"] for _ in range(KEYS)]
            for key in keys:
                for name, value in TAGS.items():
                    connection.call("Add Attribute", unique(key), attribute(name, value))
                connection.call("Activate", unique(key))
                connection.material(key)
        made = size(server)
        with wire.Connection(server.port, client) as connection:
            for key in keys:
                connection.material(key)
                connection.call("Get Attributes", unique(key), wire.text("Attribute Name", "State"))
        read = size(server)
    a_key, a_read = (made[0] - before[0]) / KEYS, (read[1] - made[1]) / (2 * KEYS)
    print(f"\n{a_key:.0f} bytes a key, {a_read:.0f} bytes a read")
    small, large = plan("--vms", "1000", "--years", "1", "--rekeys-per-year", "0"), plan("--vms", "2000", "--years", "1", "--rekeys-per-year", "0")
    planned_key = (large["database_bytes"] - small["database_bytes"]) / 1000
    planned_read = (large["journal_bytes_per_day"] - small["journal_bytes_per_day"]) / 3000
    assert a_key <= planned_key <= 3 * a_key
    assert a_read <= planned_read <= 3 * a_read
