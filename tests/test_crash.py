"""kill -9 under load: eight clients create, register, activate, modify, revoke and destroy; what was answered is there after a restart.

50 kills; `--long`: 1,000, some of them while the server starts (`--kills N`: as many as wanted). `FIGURES_SEED` has a run again.
Two controls must be flagged: a disk that says yes and writes nothing, so that answers come before the commit; and yesterday's data folder.
"""

import random
import shutil
import time

import pytest

import ledger
import wire
from keystead import Keystead

pytestmark = pytest.mark.figure

SOONEST, LATEST = 0.05, 2.0  # seconds from the start of the load to the kill
READY_WITHIN = 2.0
IN_RECOVERY = 0.2  # of the kills: the next start is killed too, before it is ready
QUIET = 3  # kills that an object has stood unchanged, after which it is looked at now and then, and at the end
TAKEN_UP = 80  # objects that the clients go on with after a restart
NOTHING_IS_WRITTEN = ["-e", "trace=pwrite64", "-e", "inject=pwrite64:retval=1"]


class Rig:
    """A server, its book, and what each restart took and found."""

    def __init__(self, server, folder, seed, every=10):
        self.every = every  # an object that stands quiet is looked at after so many kills
        self.server, self.random = server, random.Random(seed)
        self.book = ledger.Book(folder / "book.jsonl")
        self.certificate = server.issue("driver")
        self.starts, self.answers, self.cut_off, self.in_recovery = [], 0, 0, 0
        self.stood = {}

    def round(self, number):
        """Load, a kill, perhaps one in the recovery, a restart, and a look."""
        seed, objects = f"{self.random.random()}", self.unfinished()
        with ledger.clients(self.server.port, self.certificate, self.book, seed, objects=objects) as drivers:
            time.sleep(self.random.uniform(SOONEST, LATEST))
            self.server.kill()
        self.answers += sum(driver.answers for driver in drivers)
        refusals = [refusal for driver in drivers for refusal in driver.refusals]
        assert not refusals, f"a healthy server refuses nothing of this: {refusals[:3]}"
        self.cut_off += sum(bool(asked) for _, asked in self.book.stands().values())
        if self.random.random() < IN_RECOVERY:
            self.kill_a_start()
        self.start()
        self.look(number)

    def unfinished(self):
        """Some objects that can still be changed."""
        stands = self.book.stands()
        open_ended = [(uid, (stand["state"], stand["mark"])) for uid, (stand, _) in stands.items() if ledger.STEPS[stand["state"]]]
        return self.random.sample(open_ended, min(TAKEN_UP, len(open_ended)))

    def kill_a_start(self):
        self.in_recovery += 1
        self.server.start(wait=False)
        time.sleep(self.random.uniform(0.0, 0.3))
        self.server.kill()

    def start(self):
        begun = time.monotonic()
        self.server.start()
        wire.Connection(self.server.port, self.certificate).close()
        self.starts.append(time.monotonic() - begun)

    def look(self, number=None):
        """At everything that changed of late and some of what did not; without a number at everything. How many objects there are."""
        stands = self.book.stands()
        some = {uid: stand for at, (uid, stand) in enumerate(stands.items()) if number is None or self.due(at, number, uid, stand)}
        wrong, now = ledger.verify(self.server.port, self.certificate, some)
        assert not wrong, f"{len(wrong)} of {len(some)} objects lost or changed:\n" + "\n".join(wrong[:10])
        for uid, stand in now.items():
            before, times = self.stood.get(uid, (None, 0))
            self.stood[uid] = (stand, times + 1 if stand == before else 0)
        ledger.settle(self.book, {uid: now[uid] for uid, (answered, asked) in some.items() if asked or not answered["digest"]})
        return len(stands)

    def due(self, at, number, uid, stand):
        _, times = self.stood.get(uid, (None, 0))
        return times < QUIET or stand[1] or self.stood[uid][0] != stand[0] or (at + number) % self.every == 0


def test_what_was_answered_survives_a_kill(tmp_path, long, kills):
    kills = kills or (1_000 if long else 50)
    seed = ledger.environment_seed()
    print(f"\nFIGURES_SEED={seed}")
    with Keystead(tmp_path) as server:
        rig = Rig(server, tmp_path, seed, every=max(10, kills // 10))
        for number in range(1, kills + 1):
            rig.round(number)
        objects = rig.look()
    worst = max(rig.starts)
    late = sum(seconds > READY_WITHIN for seconds in rig.starts)
    print(
        f"{kills} kills and {rig.in_recovery} more in the recovery: {rig.answers} changes answered, {rig.cut_off} cut off, "
        f"{objects} objects, 0 lost or changed; ready after {sorted(rig.starts)[len(rig.starts) // 2]:.2f} s (median), "
        f"{worst:.2f} s (worst), {late} above {READY_WITHIN} s"
    )
    assert rig.answers > kills and rig.cut_off, "a kill that meets no work shows nothing"


def test_the_control_an_answer_before_the_commit_is_flagged(tmp_path):
    """The commit log's writes are answered by strace and never done; the kill follows the answer before the tables have it."""
    with Keystead(tmp_path) as server:
        rig = Rig(server, tmp_path, "control")
        server.kill()
        logs = [option for number in (1, 2) for option in ("-P", str(server.data / f"keystead.db-log{number}"))]
        server.prefix = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", *logs, *NOTHING_IS_WRITTEN]
        for _ in range(20):
            server.start()
            with wire.Connection(server.port, rig.certificate) as connection:
                driver = ledger.Driver(server.port, rig.certificate, rig.book, "control")
                driver.make(connection)
                server.kill()
            server.prefix, prefix = [], server.prefix
            server.start()
            wrong, _ = ledger.verify(server.port, rig.certificate, rig.book.stands())
            server.kill()
            server.prefix = prefix
            if wrong:
                break
        assert wrong, "a server that answers before its commit must be found out"
        server.prefix = []
        server.start()


def test_the_control_an_older_data_folder_is_flagged(tmp_path):
    with Keystead(tmp_path) as server:
        rig = Rig(server, tmp_path, "control")
        rig.round(1)
        server.kill()
        shutil.copytree(server.data, tmp_path / "yesterday", ignore=shutil.ignore_patterns("*.sock"))
        server.start()
        with ledger.clients(server.port, rig.certificate, rig.book, "more") as drivers:
            while sum(driver.answers for driver in drivers) < 50 and not any(driver.ended for driver in drivers):
                time.sleep(0.05)
        server.kill()
        shutil.rmtree(server.data)
        shutil.copytree(tmp_path / "yesterday", server.data, ignore=shutil.ignore_patterns("*.sock"))
        server.start()
        with pytest.raises(AssertionError, match="lost or changed"):
            rig.look()
