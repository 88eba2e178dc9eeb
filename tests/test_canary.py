"""Keys that can be recognized, and a search for them in everything that the server leaves: files, logs at `trace`, memory, core dumps.

Every canary begins with the same twelve random bytes, so that one search finds them all: raw, in hexadecimal, in base64 and base64url at
each alignment. 200 keys and 5 s of rest; `--long`: 1,000 and 60 s. Control: the mark in a plain attribute must be found, in files and memory.
"""

import base64
import os
import secrets
import signal
import subprocess
import sys
import time

import pytest

import ledger
import rest
import wire
from keystead import Keystead
from wire import attribute, unique

pytestmark = pytest.mark.figure

TRACE = {"KEYSTEAD_LOG_LEVEL": "trace"}
CHUNK = 16 << 20


class Mark:
    """Twelve random bytes, and how they look in each encoding."""

    def __init__(self):
        self.raw = secrets.token_bytes(12)
        self.forms = {"raw": [self.raw], "hex": [self.raw.hex().encode(), self.raw.hex().upper().encode()]}
        self.forms["base64"] = [self.base64(base64.b64encode, shift) for shift in range(3)]
        self.forms["base64url"] = [self.base64(base64.urlsafe_b64encode, shift) for shift in range(3)]

    def base64(self, encode, shift):
        """The characters that depend on the mark alone, whatever `shift` bytes stand before it and whatever follows."""
        first = -(-8 * shift // 6)
        last = 8 * (shift + len(self.raw)) // 6
        return encode(bytes(shift) + self.raw)[first:last]

    def key(self):
        return self.raw + secrets.token_bytes(20)

    def count(self, data):
        """By form, how often it is there."""
        found = {form: sum(data.count(pattern) for pattern in set(patterns)) for form, patterns in self.forms.items()}
        return {form: times for form, times in found.items() if times}

    def in_files(self, *roots):
        """By file and form."""
        files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*")) if file.is_file()]
        found = {str(file): self.count(file.read_bytes()) for file in files}
        return {file: forms for file, forms in found.items() if forms}

    def in_memory(self, pid):
        """By mapping and form, of all that the process has in readable memory."""
        found = {}
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                place, access, *_, name = (line.split(maxsplit=5) + [""])[:6]
                if "r" not in access or name.startswith("[v"):
                    continue
                start, end = (int(number, 16) for number in place.split("-"))
                forms = self.count(read(memory, start, end))
                if forms:
                    found[f"{place} {name.strip() or 'anonymous'}"] = forms
        return found


def read(memory, start, end):
    parts = []
    for at in range(start, end, CHUNK):
        try:
            parts.append(os.pread(memory.fileno(), min(CHUNK, end - at), at))
        except OSError:  # a page that was never touched
            continue
    return b"".join(parts)


def register(server, certificate, mark, count):
    """Registers canaries, uses them, and fetches them again, on two connections that end."""
    with wire.Connection(server.port, certificate) as connection:
        keys = [mark.key() for _ in range(count)]
        uids = [connection.call("Register", *ledger.registration(key))["Unique Identifier"] for key in keys]
        for uid in uids[::2]:
            connection.call("Activate", unique(uid))
    with wire.Connection(server.port, certificate) as connection:
        assert [connection.material(uid) for uid in uids] == keys
        for uid in uids[1::4]:
            connection.call("Destroy", unique(uid))
    return uids


@pytest.fixture
def canaries(long):
    return 1_000 if long else 200


@pytest.fixture
def rested(long):
    """Called when all is done: a while in which nothing happens."""
    return lambda: time.sleep(60 if long else 5)


def test_no_key_of_a_client_is_left_anywhere(tmp_path, canaries, rested):
    mark = Mark()
    with Keystead(tmp_path, variables=TRACE) as server:
        certificate = server.issue("client")
        uids = register(server, certificate, mark, canaries)
        rested()
        in_memory = mark.in_memory(server.child.pid)
        in_files = mark.in_files(server.data, server.log)
        server.kill()
        server.start()  # what a recovery makes of it
        with wire.Connection(server.port, certificate) as connection:
            assert connection.material(uids[0]).startswith(mark.raw)
        server.stop()
        in_files |= mark.in_files(server.data, server.log)
    print(f"\n{canaries} canaries over KMIP: in files {in_files or 0}, in memory {in_memory or 0}")
    assert not in_files
    assert not in_memory


def test_no_payload_of_the_rest_api_is_left_anywhere(tmp_path, canaries, rested):
    """Once its connection has ended: until then it may lie in the connection's buffers."""
    mark = Mark()
    with Keystead(tmp_path, variables=TRACE) as server:
        api = rest.House(server).manager()
        for _ in range(canaries // 10):
            made = api.create(extractable=True, payload=rest.b64(mark.key()))
            got = rest.one(api.ask("GET", f"/keys/{made['id']}"), "key")
            assert rest.unb64(got["payload"]).startswith(mark.raw)
            api.create(payload=rest.b64(mark.key()))
        api.session.close()
        rested()
        in_memory = mark.in_memory(server.child.pid)
        in_files = mark.in_files(server.data, server.log)
    in_files |= mark.in_files(server.data, server.log)
    print(f"\n{canaries // 5} canaries over REST: in files {in_files or 0}; in memory {in_memory or 0}")
    assert not in_files
    assert not in_memory


def end(child):
    """How a child ended at SIGABRT: CLD_KILLED, or CLD_DUMPED where the system wrote a core."""
    os.kill(child.pid, signal.SIGABRT)
    how = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT).si_code
    child.wait()
    return how


def test_an_abort_leaves_no_core(tmp_path):
    with Keystead(tmp_path) as server:
        child, server.child = server.child, None
        assert end(child) == os.CLD_KILLED, "a core was written"


def test_the_control_a_core_is_noticed(tmp_path):
    """A process that allows a core dump; some machines write none for anybody, and then this shows nothing."""
    program = "import resource, time; resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE)
    child.stdout.readline()
    how = end(child)
    if how != os.CLD_DUMPED:
        pattern = open("/proc/sys/kernel/core_pattern", encoding="ascii").read().strip()
        pytest.skip(f"NOT SHOWN: this machine writes no core for any process (core_pattern {pattern})")


@pytest.mark.parametrize("form", ["raw", "hex", "base64", "base64url"])
def test_the_control_a_canary_in_a_plain_place_is_found(tmp_path, form):
    mark = Mark()
    with Keystead(tmp_path) as server:
        certificate = server.issue("client")
        with wire.Connection(server.port, certificate) as connection:
            uid = connection.call("Create", *wire.aes_256())["Unique Identifier"]
            plain = mark.forms[form][-1]
            value = wire.octets("Attribute Value", plain) if form == "raw" else plain.decode()
            connection.call("Add Attribute", unique(uid), attribute("x-plain", value))
            connection.attributes(uid)
            in_memory = mark.in_memory(server.child.pid)
            assert form in merged(in_memory), in_memory
        server.stop()
    in_files = mark.in_files(server.data)
    assert form in merged(in_files), in_files


def merged(found):
    return {form for forms in found.values() for form in forms}
