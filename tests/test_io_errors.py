"""An I/O error at every call: strace fails the N-th write, flush, rename or open of a thread on the data folder's files.

Every N from 1 until no fault fires, for each call and each error. CI takes every STRIDE-th, `--long` all. A trial starts a server on
a copy of one folder, changes keys, and starts another without faults, where all that was answered must be. What was asked at the moment
of the fault may be refused, the server may stop; it may not lie, hang, or flush again what it could not flush.
"""

import concurrent.futures
import contextlib
import itertools
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import ledger
import wire
from keystead import Keystead

pytestmark = pytest.mark.figure

CALLS = ["write", "pwrite64", "fsync", "fdatasync", "rename", "openat"]
ERRORS = ["EIO", "ENOSPC", "EDQUOT"]
STRIDE = 23
AT_ONCE = 2
REQUESTS = 25
TRACED = ["-e", f"trace={','.join(CALLS)}"]
# What the server makes and removes while it runs; `.unfinished` and `.new` are files on their way to their names.
MADE = [f"keystead.db{more}" for more in ("-wal", "-shm", "-log1", "-log2", "-reserve", "-journal", ".probe")]
ON_THE_WAY = [".unfinished", ".new"]
FLUSH = re.compile(r"^(?P<thread>\d+) +(?:<\.\.\. )?(?:fsync|fdatasync)(?:\(\d+<(?P<file>[^>]*)>| resumed>)")


class Original:
    """A folder with some keys, of a server that was killed: its commit log has to be recovered too."""

    def __init__(self, folder):
        self.folder = folder
        with Keystead(folder) as server:
            self.certificate = server.issue("driver")
            self.book = ledger.Book(folder / "book.jsonl")
            driver = ledger.Driver(server.port, self.certificate, self.book, "original")
            driver.run(at_most=REQUESTS)
            server.kill()
        assert not driver.refusals and not driver.ended and not driver.wrong
        self.names = [file.relative_to(server.data) for file in server.data.rglob("*")]
        (server.data / "keystead.db-reserve").unlink(missing_ok=True)

    def files(self, data):
        """Every path that calls may be about."""
        known = [data / name for name in [*self.names, *MADE]]
        renamed = [file.with_name(stem + suffix) for file in known for stem in (file.name, file.stem) for suffix in ON_THE_WAY]
        return {data, *known, *renamed}


class Trial:
    """One fault on a copy of the folder: which call, which error or false answer, at the how-many-th call of a thread (0: all)."""

    def __init__(self, original, folder, call, fault, number):
        self.what = f"{type(self).__name__} {call} {fault} {number}"
        self.folder = folder / self.what.replace(" ", "-")
        self.folder.mkdir()
        self.certificate = None
        self.fill(original)
        self.server, self.book = Keystead(self.folder), ledger.Book(self.folder / "book.jsonl")
        self.trace = self.folder / "trace"
        self.server.prefix = strace(self.trace, original.files(self.server.data), call, fault, number)
        self.killed = number % 2 == 1

    def fill(self, original):
        shutil.copytree(original.folder / "data", self.folder / "data", ignore=shutil.ignore_patterns("*.sock"))
        shutil.copy(original.folder / "book.jsonl", self.folder)
        self.certificate = original.certificate

    def run(self):
        """What came of it; AssertionError where something was lost."""
        outcome = self.work()
        trace = self.trace.read_text(errors="replace")
        flushed_again = retries(trace)
        assert not flushed_again or self.may_flush_again(outcome), f"{self.what}: flushed again after a flush that failed: {flushed_again}"
        self.server.prefix = []
        self.server.start()
        wrong = self.verify()
        assert self.server.stop() == 0
        assert not wrong, f"{self.what} ({outcome}): {len(wrong)} lost or changed:\n" + "\n".join(wrong[:5])
        shutil.rmtree(self.folder)
        return outcome if "INJECTED" in trace else None

    def work(self):
        """Starts, changes keys, ends. A server may refuse to start, refuse a request, or stop; a client may not wait in vain."""
        try:
            self.server.start()
        except RuntimeError as error:
            assert "is not ready" not in str(error), f"{self.what}: {error}"
            return "did not start"
        driver = ledger.Driver(self.server.port, self.certificate, self.book, self.what)
        for _ in range(3):  # a connection that ended may be followed by another
            driver.run(at_most=REQUESTS)
            assert "timed out" not in str(driver.ended), f"{self.what}: a request was neither answered nor refused"
        assert not driver.wrong, f"{self.what}: {driver.wrong}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.server.child.wait(timeout=0.1)
        stopped = self.server.child.poll() is not None
        self.server.kill() if self.killed else self.server.stop()
        return "stopped" if stopped else "refused" if driver.refusals else "went on"

    def may_flush_again(self, outcome):
        """Not where anything was ever answered."""
        return False

    def verify(self):
        return ledger.verify(self.server.port, self.certificate, self.book.stands())[0]


class FirstStart(Trial):
    """The same on an empty folder: what is cut off there is taken up by the next start."""

    def fill(self, original):
        """There is nothing."""

    def work(self):
        try:
            self.server.start()
            self.certificate = self.server.issue("driver")
            self.server.kill()
            return "went on"
        except RuntimeError as error:
            assert "is not ready" not in str(error), f"{self.what}: {error}"
            self.server.kill()
            return "did not start"

    def may_flush_again(self, outcome):
        """SQLite takes back its first page, with a flush, before the server gives up: nothing was answered, and nothing is kept."""
        return outcome == "did not start"

    def verify(self):
        certificate = self.certificate or self.server.issue("driver-2")
        driver = ledger.Driver(self.server.port, certificate, self.book, self.what)
        driver.run(at_most=3)
        assert driver.answers == 3, f"{self.what}: {driver.refusals} {driver.ended}"
        return []


def strace(trace, files, call, fault, number):
    """The command that fails a program's calls on these files, and writes down all of its calls on them."""
    paths = itertools.chain.from_iterable(("-P", str(each)) for each in sorted(files))
    when = f":when={number}" if number else ""
    return ["strace", "-D", "-f", "-qq", "-y", "-s", "0", "-o", str(trace), *paths, *TRACED, "-e", f"inject={call}:{fault}{when}"]


def retries(trace):
    """The files that were flushed once more after a flush of theirs had failed.

    Not folders: each flush of one is a later change's own. Where one fails, the change is refused, or it was a note that is none of the
    data (`clock`), or SQLite's own log, which the data can be without.
    """
    under_way, failed, again = {}, set(), []
    for line in trace.splitlines():
        flush = FLUSH.match(line)
        if not flush:
            continue
        thread = flush["thread"]
        if flush["file"]:
            under_way[thread] = flush["file"]
            again += [flush["file"]] if flush["file"] in failed and not Path(flush["file"]).is_dir() else []
        if "INJECTED" in line:
            failed.add(under_way[thread])
    return again


def series(kind, original, folder, call, error, stride):
    """One call, one error, from the first on until no fault fires: how many of which outcome."""
    outcomes = Counter()
    for number in itertools.count(1, stride):
        outcome = kind(original, folder, call, f"error={error}", number).run()
        if outcome is None:
            return outcomes
        outcomes[outcome] += 1


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return Original(tmp_path_factory.mktemp("original"))


@pytest.mark.parametrize("kind", [Trial, FirstStart])
def test_a_call_that_fails_loses_nothing(original, tmp_path, long, kind):
    stride = 1 if long else STRIDE
    begun, total = time.monotonic(), Counter()
    print()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        cases = [(*case, pool.submit(series, kind, original, tmp_path, *case, stride)) for case in itertools.product(CALLS, ERRORS)]
        for call, error, future in cases:
            outcomes = future.result()
            print(f"{kind.__name__:10} {call:9} {error:6} {dict(outcomes)}")
            total += outcomes
            assert outcomes or (kind, call) == (Trial, "rename"), f"no {call} ever failed: the rig misses what it is for"
    print(f"{total.total()} faults in {time.monotonic() - begun:.0f} s: {dict(total)}; 0 lost or changed, 0 flushes tried again")


def test_the_control_an_answer_that_never_was_is_flagged(original, tmp_path):
    """The book says that a key is revoked which is not, and that there is one which is not."""
    trial = Trial(original, tmp_path, "fdatasync", "error=EIO", 1)
    uid = next(uid for uid, (stand, _) in trial.book.stands().items() if stand["state"] == wire.ACTIVE)
    trial.book.write("answered", uid, state=wire.DEACTIVATED)
    trial.book.write("answered", "00000000-0000-4000-8000-000000000000", state=wire.ACTIVE, mark=None, digest=None)
    with pytest.raises(AssertionError, match="2 lost or changed"):
        trial.run()


def test_the_control_a_flush_that_is_tried_again_is_flagged(tmp_path):
    file, trace = tmp_path / "file", tmp_path / "trace"
    program = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
for _ in range(2):
    try:
        os.fsync(file)
    except OSError:
        pass
"""
    command = strace(trace, [file], "fsync", "error=EIO", 1)
    subprocess.run([*command, sys.executable, "-c", program, file], check=True, timeout=60)
    for _ in range(50):  # strace may end after its program
        if retries(trace.read_text()):
            return
        time.sleep(0.1)
    raise AssertionError("a flush that was tried again must be found out")
