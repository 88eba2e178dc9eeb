"""Protocol bombs against a live server: what each costs, and what comes back.

A bomb must be refused with the right reason or by a closed connection, within 50 ms and 8 MiB, and the server must answer an honest
client afterwards. The same again within 256 MiB of memory. The judge is judged first, by servers that do wrong on purpose.
"""

import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

import limit
import ttlv
import wire
from bombs import GENERAL_FAILURE, VERSION, bombs
from keystead import Certificate, Keystead
from misbehaving import WAYS

pytestmark = [pytest.mark.figure, pytest.mark.alone]

WITHIN = 0.050  # seconds, the best of three: a busy machine is no fault of the server's
PATIENCE = 3
MEMORY = 8 << 20
KNOWN_REASONS = range(1, 0x18)
CLOSED = None


class Target:
    """A server under fire: its port, the certificate to show, and its process, whose memory is watched."""

    def __init__(self, port, certificate, pid):
        self.port, self.certificate, self.pid = port, certificate, pid
        self.connection = None

    def strike(self, bomb):
        """What came back, and after how many seconds. The handshake is not part of it."""
        if self.connection is None:
            self.connection = wire.Connection(self.port, self.certificate, VERSION)
            self.connection.socket.settimeout(PATIENCE)
        connection, begin = self.connection, time.perf_counter()
        try:
            connection.send(bomb.frame)
            if bomb.cut:
                socket.socket.shutdown(connection.socket, socket.SHUT_WR)
            answer = connection.receive()
        except TimeoutError:
            answer = TimeoutError
        except (EOFError, OSError):
            answer = CLOSED
        elapsed = time.perf_counter() - begin
        if bomb.cut or not isinstance(answer, bytes) or self.is_closed():
            connection.close()
            self.connection = None
        return answer, elapsed

    def is_closed(self):
        """Whether the server has closed after its answer, as it may where it can't tell where the next message begins."""
        self.connection.socket.settimeout(0.0)
        try:
            return self.connection.socket.recv(1) == b""
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            return True
        finally:
            self.connection.socket.settimeout(PATIENCE)

    def peak(self):
        """Bytes that were resident at most since the last `forget`."""
        return memory(self.pid, "VmHWM")

    def forget(self):
        """The peak begins anew (proc(5), clear_refs); what is resident now, in bytes."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return memory(self.pid, "VmRSS")


def memory(pid, field):
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def verdict(bomb, answer):
    """What is wrong with an answer; nothing where it is right."""
    if answer is TimeoutError:
        return f"no answer within {PATIENCE} s"
    if answer is CLOSED:
        return None
    try:
        items = ttlv.decode(answer).all("Batch Item")
        reasons = {each["Result Reason"] for each in items if each["Result Status"] != wire.SUCCESS}
    except (ValueError, KeyError, TypeError) as broken:
        return f"the answer is no KMIP message: {broken}"
    if GENERAL_FAILURE in reasons:
        return "General Failure, which says that the fault is the server's"
    if not reasons <= set(KNOWN_REASONS):
        return f"a reason that 1.4 does not know: {reasons}"
    if not reasons and not bomb.may_succeed:
        return "it succeeded"
    if bomb.reasons and not reasons <= bomb.reasons:
        return f"reason {reasons}, not {set(bomb.reasons)}"
    return None


def fire(target, bomb, most):
    """Strikes, up to three times where it took long; what is wrong, as a list. `most` keeps the worst of all."""
    before = target.forget()
    answer, best = target.strike(bomb)
    wrong = verdict(bomb, answer)
    for _ in range(2):
        if best > WITHIN and not wrong:
            best = min(best, target.strike(bomb)[1])
    grown = target.peak() - before
    most["seconds"] = max(most["seconds"], (best, bomb.name))
    most["bytes"] = max(most["bytes"], (grown, bomb.name))
    found = [wrong] if wrong else []
    found += [f"took {best * 1000:.0f} ms"] if best > WITHIN and not wrong else []
    found += [f"took {grown >> 10} KiB"] if grown > MEMORY else []
    return [f"{bomb.name}: {each}" for each in found]


def bombard(server, certificate):
    with wire.Connection(server.port, certificate) as honest:
        key = honest.call("Create", *wire.aes_256())["Unique Identifier"]
        material = honest.material(key)
    target, most, faults, all_of_them = Target(server.port, certificate, server.child.pid), no_worst(), [], bombs()
    assert len(all_of_them) >= 500
    for bomb in all_of_them:
        faults += fire(target, bomb, most)
        assert server.child.poll() is None, f"the server ended at {bomb.name}:\n{server.tail()}"
    with wire.Connection(server.port, certificate) as honest:
        assert honest.material(key) == material, "an honest client is answered afterwards"
    print(f"\n{len(all_of_them)} bombs; the slowest {most['seconds']}, the largest {most['bytes']}")
    assert "panicked" not in server.log.read_text(errors="replace")
    assert not faults, f"{len(faults)} of {len(all_of_them)}:\n" + "\n".join(faults)


def no_worst():
    return {"seconds": (0, ""), "bytes": (0, "")}


def test_bombs(tmp_path):
    with Keystead(tmp_path) as server:
        bombard(server, server.issue("bomber"))


def test_bombs_within_256_mib(tmp_path):
    with limit.memory(256 << 20) as (how, prefix):
        print(f"\nlimited by {how}")
        with Keystead(tmp_path, prefix=prefix) as server:
            bombard(server, server.issue("bomber"))


def test_the_limit_is_one():
    """The control of the limit: who wants more than it does not get it."""
    hungry = [sys.executable, "-c", "x = bytearray(400 << 20); print('had it')"]
    with limit.memory(256 << 20) as (_, prefix):
        done = subprocess.run([*prefix, *hungry], capture_output=True, text=True, timeout=60)
    assert "had it" not in done.stdout and done.returncode != 0


@pytest.mark.parametrize("how", WAYS)
def test_a_server_that_does_wrong_is_flagged(tmp_path, how):
    crt, key = tmp_path / "liar.crt", tmp_path / "liar.key"
    make = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*make, "-keyout", key, "-out", crt], check=True, capture_output=True, timeout=60)
    command = [sys.executable, Path(__file__).parent / "misbehaving.py", how, crt, key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as child:
        try:
            target = Target(int(child.stdout.readline()), Certificate(str(crt), str(key), str(crt)), child.pid)
            bomb = next(bomb for bomb in bombs() if bomb.name.startswith("count 2147483647"))
            if how == "dies":
                with pytest.raises(OSError):
                    fire(target, bomb, no_worst())
                assert child.wait(timeout=10) == 3
                return
            faults = fire(target, bomb, no_worst())
            assert bool(faults) == (how != "good"), faults
        finally:
            child.kill()
