"""A disk that another program fills and goes on filling, and that has room again: keys are served throughout, changes are refused,
nothing answered is lost.

The data folder is a file system of its own, in memory. 3 rounds: of 30 s, in which whatever the server gives up of the room that it
had set aside is taken at once, and of 5 s; `--long`: 20 of 60 s. Mounting needs root: without it the figure is not taken, and that
fails where CI asks for everything. Control: a disk that is not full must be flagged.
"""

import contextlib
import itertools
import threading
import time

import pytest

import ledger
import load
import wire
from disk import fill, small_disk
from keystead import Keystead

pytestmark = pytest.mark.figure

# The store sets 32 MiB aside and the journal 16. Its records stay: some 4.5 MB after a round of 60 s.
SIZE, SIZE_LONG = 96 << 20, 256 << 20
HEALED_WITHIN = 5.0
GENERAL_FAILURE = 0x100
PAUSE = 0.03  # seconds between two attempts to write


class Greedy:
    """Another program: it takes all there is on the disk, and whatever there is again, until it ends."""

    def __init__(self, folder):
        self.ballast = folder / "ballast"
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.ballast.touch()
        assert not fill(self.ballast), "the disk must be full"
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.ballast.unlink()

    def run(self):
        while not self.over.wait(0.02):
            fill(self.ballast)


class Writer:
    """One client that goes on making keys, with a book: how often it was answered, and what the refusals said."""

    def __init__(self, server, certificate, book):
        self.driver = ledger.Driver(server.port, certificate, book, "writer")
        self.over = threading.Event()
        self.said, self.answered_at, self.failure = set(), [], None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(timeout=30)
        assert not self.thread.is_alive(), "a write was neither answered nor refused"

    def run(self):
        try:
            with wire.Connection(self.driver.port, self.driver.certificate) as connection:
                while not self.over.is_set():
                    self.attempt(connection)
                    time.sleep(PAUSE)
        except Exception as error:  # a connection that ends is a failure too
            self.failure = repr(error)

    def attempt(self, connection):
        try:
            self.driver.make(connection)
            self.answered_at.append(time.monotonic())
        except wire.Refused as refused:
            self.said.add((refused.reason, str(refused)))


def round_trip(server, disk, certificate, key, book, hold):
    """Full for `hold` seconds under Gets and attempts to write; seconds from the room's return to the first answered write."""
    with load.Load(server.port, certificate, key, live=2, rate=20, pause=0.2) as gets:
        with contextlib.ExitStack() as running:
            with Greedy(disk):
                full = time.monotonic()
                writer = running.enter_context(Writer(server, certificate, book))
                time.sleep(hold)
            free = time.monotonic()
            while not any(at > free for at in writer.answered_at) and time.monotonic() < free + HEALED_WITHIN:
                time.sleep(0.02)
    assert not gets.failures, f"Gets must go on: {gets.failures[:3]}"
    assert not writer.failure, writer.failure
    assert writer.said, f"a full disk must refuse changes; {len(writer.answered_at)} were answered"
    healed = [at - free for at in writer.answered_at if at > free]
    assert healed, f"no change was taken within {HEALED_WITHIN} s of the room's return"
    during = sum(full < at < free for at in writer.answered_at)
    return healed[0], gets.answered, during, writer.said


def test_a_full_disk_serves_keys_and_heals(tmp_path, long):
    holds = [60] * 20 if long else [30, 5, 5]
    with small_disk(tmp_path / "disk", SIZE_LONG if long else SIZE) as disk:
        with Keystead(disk) as server:
            certificate, book = server.issue("client"), ledger.Book(tmp_path / "book.jsonl")
            key = load.create(server.port, certificate)
            results = [round_trip(server, disk, certificate, key, book, hold) for hold in holds]
            said = set(itertools.chain.from_iterable(said for *_, said in results))
            print(f"\n{len(holds)} rounds of {sorted(set(holds))} s: {sum(gets for _, gets, _, _ in results)} Gets, 0 failed; ", end="")
            print(f"healed after {max(healed for healed, *_ in results):.2f} s at worst; changes answered meanwhile: {[during for _, _, during, _ in results]}")
            print("a refusal: " + max(sentence for _, sentence in said))
            assert all(reason == GENERAL_FAILURE and "no space left" in sentence for reason, sentence in said), said
            server.kill()
            server.start()
            wrong, _ = ledger.verify(server.port, certificate, book.stands())
            assert not wrong, f"{len(wrong)} lost or changed:\n" + "\n".join(wrong[:5])


def test_the_control_a_disk_with_room_is_flagged(tmp_path):
    """Nothing is full here, so changes are answered, and the figure must notice."""
    with small_disk(tmp_path / "disk", SIZE) as disk:
        with Keystead(disk) as server:
            certificate, book = server.issue("client"), ledger.Book(tmp_path / "book.jsonl")
            key = load.create(server.port, certificate)
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(round_trip.__globals__, "fill", lambda _: None)
                with pytest.raises(AssertionError, match="must refuse changes"):
                    round_trip(server, disk, certificate, key, book, 1)
