"""Somebody else's hand in the database, and rot: flipped bits, cut files, exchanged rows, rows of yesterday; then every key is asked for.

What comes back is the right key or an error: never a wrong key, and never a key at another's place. Of rows, many are spoiled at once, each
alone; of the file's bytes and its length, one a trial. CI takes a tenth; `--long` 10,000 flips, 1,000 truncations, 1,000 exchanges, 100
rows of yesterday. Those go unnoticed where the whole row is put back (SECURITY, "Known limits"): they are counted, and may give no wrong key.
Control: a key manager that is told the wrong keys must be found out, and every spoiled row must really be another one.
"""

import concurrent.futures
import random
import shutil
import sqlite3
import time
from collections import Counter

import pytest

import ledger
import wire
from keystead import Keystead
from rest import House
from wire import unique

pytestmark = pytest.mark.figure

OBJECT, TENANTS, KEYS = 0x30, 2, 100
AT_ONCE = 2
RIGHT, REFUSED, WRONG, DOWN = "right", "refused", "WRONG", "not served at all"


class Original:
    """A closed server's folder with keys of two tenants, and what is right: by certificate, the keys."""

    def __init__(self, folder):
        self.folder, self.right = folder, []
        with Keystead(folder) as server:
            for _ in range(TENANTS):
                certificate = tenant(server, folder)
                with wire.Connection(server.port, certificate) as connection:
                    uids = [connection.call("Create", *wire.aes_256())["Unique Identifier"] for _ in range(KEYS)]
                    self.right.append((certificate, {uid: connection.material(uid) for uid in uids}))
            server.stop()
            shutil.copytree(server.data, folder / "yesterday", ignore=shutil.ignore_patterns("*.sock"))
            server.start()
            for certificate, keys in self.right:
                with wire.Connection(server.port, certificate) as connection:
                    for uid in list(keys)[::2]:
                        connection.call("Activate", unique(uid))
        for reserve in (self.folder / "data").rglob("*reserve"):
            reserve.unlink()

    def copy(self, to):
        to.mkdir()
        shutil.copytree(self.folder / "data", to / "data", ignore=shutil.ignore_patterns("*.sock"))
        return to / "data" / "keystead.db"


def tenant(server, folder):
    """A client of an adapter in an instance of its own."""
    api = House(server).manager()
    adapter = api.adapter(api.create()["id"])["id"]
    return api.client(adapter, folder)


def read_all(original, folder):
    """Starts a server on the folder and asks for every key: by outcome, how many. A server that doesn't start serves none."""
    server = Keystead(folder)
    try:
        server.start()
    except RuntimeError as error:
        assert "panicked" not in str(error), error
        return Counter({DOWN: TENANTS * KEYS})
    outcomes = Counter()
    try:
        for certificate, keys in original.right:
            outcomes += asked(server, certificate, keys)
    finally:
        assert "panicked" not in server.log.read_text(errors="replace"), server.tail()
        server.kill()
    return outcomes


def asked(server, certificate, keys):
    outcomes, uids = Counter(), list(keys)
    try:
        with wire.Connection(server.port, certificate) as connection:
            for at in range(0, len(uids), ledger.TOGETHER):
                some = uids[at : at + ledger.TOGETHER]
                items = [wire.item("Get", unique(uid), batch_id=uid.encode()) for uid in some]
                answers = connection.exchange(*items, header=[ledger.GO_ON])
                outcomes += Counter(judge(answer, keys[uid]) for uid, answer in zip(some, answers, strict=True))
    except (OSError, EOFError):
        outcomes[REFUSED] += len(uids) - outcomes.total()
    return outcomes


def judge(answer, right):
    if answer["Result Status"] != wire.SUCCESS:
        return REFUSED
    return RIGHT if answer["Response Payload"]["Symmetric Key"]["Key Block"]["Key Value"]["Key Material"] == right else WRONG


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return Original(tmp_path_factory.mktemp("original"))


def in_all(original, tmp_path, spoil, seeds):
    """Spoils a copy for each seed and reads all of it: the sum of outcomes."""

    def trial(seed):
        folder = tmp_path / f"{spoil.__name__}-{seed}"
        database = original.copy(folder)
        spoil(database, random.Random(f"{spoil.__name__} {seed}"))
        outcomes = read_all(original, folder)
        assert not outcomes[WRONG], f"{spoil.__name__} {seed}: {outcomes}"
        shutil.rmtree(folder)
        return outcomes

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(trial, seeds), Counter())


def flip(database, chance):
    """One bit of the file."""
    data = bytearray(database.read_bytes())
    bit = chance.randrange(8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    database.write_bytes(data)


def truncate(database, chance):
    data = database.read_bytes()
    database.write_bytes(data[: chance.randrange(len(data))])


def rows(db, columns="seq, space, id, version, body"):
    return db.execute(f"SELECT {columns} FROM record WHERE kind=? ORDER BY seq", [OBJECT]).fetchall()


def flip_rows(database, chance):
    """One bit of the body of every object."""
    with sqlite3.connect(database) as db:
        for seq, *_, body in rows(db):
            spoiled = bytearray(body)
            spoiled[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            db.execute("UPDATE record SET body=? WHERE seq=?", [bytes(spoiled), seq])


def exchange(database, chance):
    """Pairs of bodies of one version, within a tenant and across."""
    with sqlite3.connect(database) as db:
        found = rows(db)
        chance.shuffle(found)
        for one_row, other in zip(found[::2], found[1::2]):
            db.execute("UPDATE record SET body=?, version=? WHERE seq=?", [other[4], other[3], one_row[0]])
            db.execute("UPDATE record SET body=?, version=? WHERE seq=?", [one_row[4], one_row[3], other[0]])


def yesterday(database, keep_number):
    """The bodies of yesterday, with the number of today's version or with their own; how many differ."""
    with sqlite3.connect(database) as db, sqlite3.connect(database.parent.parent.parent / "yesterday.db") as old:
        before = {(space, uid): (version, body) for _, space, uid, version, body in rows(old)}
        changed = [(row, before[row[1], row[2]]) for row in rows(db) if before[row[1], row[2]] != (row[3], row[4])]
        for (seq, *_, version, _), (number, body) in changed:
            db.execute("UPDATE record SET body=?, version=? WHERE seq=?", [body, version if keep_number else number, seq])
        return len(changed)


def test_rotten_files_give_no_wrong_key(original, tmp_path, long):
    begun = time.monotonic()
    whole = in_all(original, tmp_path, flip, range(1_000 if long else 60))
    cut = in_all(original, tmp_path, truncate, range(1_000 if long else 30))
    print(f"\nbits of the file: {dict(whole)}; cut files: {dict(cut)}; {time.monotonic() - begun:.0f} s")
    assert cut[DOWN] + cut[REFUSED], "a file that is cut must be noticed"


def test_spoiled_and_exchanged_rows_give_no_key(original, tmp_path, long):
    """Every one of 200 rows a trial: none may give a key at all."""
    for spoil, trials in ((flip_rows, 50 if long else 5), (exchange, 10 if long else 1)):
        outcomes = in_all(original, tmp_path, spoil, range(trials))
        print(f"\n{spoil.__name__}: {outcomes.total()} rows: {dict(outcomes)}")
        assert outcomes[RIGHT] == 0 and outcomes[DOWN] == 0, f"{spoil.__name__}: {outcomes}"


@pytest.mark.parametrize("keep_number", [True, False], ids=["today's number", "the whole row"])
def test_rows_of_yesterday_give_no_wrong_key(original, tmp_path, keep_number):
    shutil.copy(original.folder / "yesterday" / "keystead.db", tmp_path / "yesterday.db")
    database = original.copy(tmp_path / "trial")
    replayed = yesterday(database, keep_number)
    outcomes = read_all(original, tmp_path / "trial")
    print(f"\n{replayed} rows of yesterday, {'under the number of today' if keep_number else 'whole'}: {dict(outcomes)}")
    assert replayed >= 100 and not outcomes[WRONG] and not outcomes[DOWN]
    if keep_number:
        assert outcomes[REFUSED] == replayed, "a row's number is bound into its tag"


def test_the_control_a_wrong_key_is_found_out(original, tmp_path):
    """The judge is told that each key is another one's."""
    original.copy(tmp_path / "trial")
    certificate, keys = original.right[0]
    turned = dict(zip(keys, [*list(keys.values())[1:], next(iter(keys.values()))]))
    misled = type("Misled", (), {"right": [(certificate, turned)]})
    assert read_all(misled, tmp_path / "trial") == Counter({WRONG: KEYS})


def test_the_control_an_untouched_copy_gives_every_key(original, tmp_path):
    original.copy(tmp_path / "trial")
    assert read_all(original, tmp_path / "trial") == Counter({RIGHT: TENANTS * KEYS})
