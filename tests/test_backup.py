"""Backups: taken under load, verified without a server, restored on an empty folder from the file and the kit alone (figure R23).

2,000 keys; `--long`: 100,000. What was answered before the backup is there afterwards: identifier, material, attributes, state, clients.
Each refusal has its control beside it: the same command with what is right.
"""

import json
import random
import shutil
import subprocess
import time

import pytest

import ledger
import rest
import wire
from keystead import Keystead, binary, environment, eventually
from wire import item

FEW, MANY, TOGETHER = 2_000, 100_000, 100


def run(*arguments, **named):
    """A command that speaks to no server unless it is told to."""
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, env=environment(), **named)


def fine(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fails(words, *arguments):
    """It fails with these words, and not by a panic."""
    done = run(*arguments)
    assert done.returncode in (1, 2) and words in done.stderr, f"{done.returncode} {done.stdout} {done.stderr}"
    assert "panicked" not in done.stderr


class Kit:
    """A recovery kit of three shares, two of which open."""

    def __init__(self, server, folder, *more):
        self.folder = folder
        server.cli("recovery", "create", "--shares", "3", "--threshold", "2", "--out", str(folder), *more)

    def shares(self, *numbers):
        return [part for number in numbers for part in ("--share", self.folder / f"recovery-share-{number}-of-3.txt")]


def create(server, out):
    server.cli("backup", "create", "--out", str(out))
    return out


def restored(folder, backup, kit, *more):
    """A server in a folder that was made from the backup, not started yet."""
    folder.mkdir(exist_ok=True)
    server = Keystead(folder)
    server.said = fine("backup", "restore", backup, "--data", server.data, *kit.shares(1, 3), *more)
    return server


def fill(port, certificate, count):
    """So many keys, some active and some with an attribute of their own."""
    uids = []
    with wire.Connection(port, certificate, patience=120) as connection:
        for at in range(0, count, TOGETHER):
            wanted = range(at, min(at + TOGETHER, count))
            answers = connection.exchange(
                *(item("Create", *wire.aes_256(wire.attribute("x-Name", f"vm-{number}")), batch_id=b"%d" % number) for number in wanted)
            )
            uids += [wire.succeeded(answer)["Unique Identifier"] for answer in answers]
        for uid in uids[:: max(1, count // 200)]:
            connection.call("Activate", wire.unique(uid))
    return uids


def looked(port, certificate, uids):
    """Material, state and mark of each."""
    with wire.Connection(port, certificate, patience=120) as connection:
        return {
            uid: seen
            for at in range(0, len(uids), ledger.TOGETHER)
            for uid, seen in zip(uids[at : at + ledger.TOGETHER], ledger.look(connection, uids[at : at + ledger.TOGETHER]), strict=True)
        }


def all_attributes(port, certificate, uids):
    with wire.Connection(port, certificate) as connection:
        return {uid: connection.attributes(uid) for uid in uids}


def inventory(server):
    """What the REST API and the command line list, but for what tells the time of day."""
    verbs = [("rootkey", "list"), ("adapter", "list"), ("cert", "list"), ("serviceid", "list"), ("instance", "list")]
    return {verb: json.dumps(server.json(*verb), sort_keys=True) for verb in verbs} | {
        "certificate": (server.data / "server.crt").read_bytes(),
        "administrator": server.api_key,
    }


@pytest.mark.figure
def test_what_was_answered_is_there_again(tmp_path, long):
    count = MANY if long else FEW
    with Keystead(tmp_path) as server:
        kit, certificate = Kit(server, tmp_path / "kit"), server.issue("driver")
        begun = time.monotonic()
        uids = fill(server.port, certificate, count)
        filled = time.monotonic() - begun
        before = looked(server.port, certificate, uids)
        some = random.sample(uids, 50)
        attributes, listed = all_attributes(server.port, certificate, some), inventory(server)
        book = ledger.Book(tmp_path / "book.jsonl")
        with ledger.clients(server.port, certificate, book, "backup") as drivers:
            time.sleep(0.5)
            known = {uid for driver in drivers for uid in list(driver.digests)}
            begun = time.monotonic()
            backup = create(server, tmp_path / "today.backup")
            took = time.monotonic() - begun
            time.sleep(0.2)
        refusals = [refusal for driver in drivers for refusal in driver.refusals]
        assert not refusals, f"clients go on while a backup is made: {refusals[:3]}"
        digests = {uid: digest for driver in drivers for uid, digest in driver.digests.items()}
        begun = time.monotonic()
        report = server.json("backup", "verify", str(backup), *map(str, kit.shares(2, 3)))
        verified = time.monotonic() - begun
        assert report["kmip_objects"] >= count + len(known) and report["told_server"], report
    shutil.move(server.data, tmp_path / "lost")
    begun = time.monotonic()
    again = restored(tmp_path / "new", backup, kit)
    restoring = time.monotonic() - begun
    print(
        f"{count} keys, made in {filled:.1f} s: backup of {backup.stat().st_size} bytes in {took:.1f} s under load, "
        f"verified in {verified:.1f} s, restored in {restoring:.1f} s"
    )
    with again:
        assert looked(again.port, certificate, uids) == before
        assert all_attributes(again.port, certificate, some) == attributes
        assert inventory(again) == {**listed, "administrator": again.api_key}
        for uid, seen in looked(again.port, certificate, sorted(known)).items():
            assert seen["digest"] in (digests[uid], ledger.GONE), f"{uid} was answered before the backup was asked for"
        assert "was restored from a backup of" in again.log.read_text()
        # Its journal is a new one, and says so: under the old one's name it would be one that was cut.
        assert (again.data / "node").read_text() != (tmp_path / "lost" / "node").read_text()
        assert "audit-cut" not in {alarm["kind"] for alarm in again.json("alarm", "list")}
        # The control: what was made after the backup is not there, so that the comparison can fail at all.
        new = fill(again.port, certificate, 1)
    third = restored(tmp_path / "third", backup, kit)
    with third:
        (seen,) = looked(third.port, certificate, new).values()
        assert isinstance(seen, str) and "no attributes" in seen


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A stopped server's backup, its kit, and the folder of both."""
    folder = tmp_path_factory.mktemp("ready")
    with Keystead(folder) as server:
        kit, certificate = Kit(server, folder / "kit"), server.issue("driver")
        uids = fill(server.port, certificate, 300)
        backup = create(server, folder / "only" / "today.backup") if (folder / "only").mkdir() is None else None
        yield server, kit, backup, uids


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """Another installation's kit and backup."""
    folder = tmp_path_factory.mktemp("stranger")
    with Keystead(folder) as server:
        kit = Kit(server, folder / "kit")
        return kit, create(server, folder / "theirs.backup")


def test_the_server_warns_until_one_was_verified(tmp_path):
    with Keystead(tmp_path) as server:

        def warned():
            return [alarm["message"] for alarm in server.json("alarm", "list") if alarm["kind"] == "backup"]

        assert "no backup could be" not in str(warned()) and "nobody could open a backup" in str(warned())
        assert "nobody could open a backup" in server.log.read_text()
        with pytest.raises(RuntimeError, match="recovery create"):
            server.cli("backup", "create")
        kit = Kit(server, tmp_path / "kit")
        # The first one is made by the server itself.
        eventually(lambda: server.json("backup", "list"))
        eventually(lambda: "ever seen to open" in str(warned()))
        (made, *_) = server.json("backup", "list")
        server.cli("backup", "fetch", made["name"], "--out", str(tmp_path / "b"))
        server.cli("backup", "verify", str(tmp_path / "b"), *map(str, kit.shares(1, 2)))
        eventually(lambda: warned() == [])
        assert "never" not in server.cli("backup", "status")


def test_wrong_kits(ready, stranger, tmp_path):
    server, kit, backup, _ = ready
    theirs, their_backup = stranger
    phrase = tmp_path / "phrase"
    phrase.write_text("a passphrase of some words\n")
    server.cli("recovery", "create", "--passphrase-file", str(phrase), "--out", str(tmp_path / "other"), "--yes")
    other = tmp_path / "other" / "recovery-kit.txt"
    typo = tmp_path / "typo.txt"
    text = kit.shares(1)[1].read_text()
    typo.write_text(text.replace("key=", "key=0", 1)[: len(text)])
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase here\n")
    first, second = kit.shares(1), kit.shares(2)
    cases = [
        ("1 of the 2 shares", [*first]),
        ("given twice", [*first, *first]),
        ("another installation", [*first, *theirs.shares(2)]),
        ("typo.txt", [*second, "--share", typo]),
        ("No such file", [*first, "--share", tmp_path / "none"]),
        ("of another installation", theirs.shares(1, 2)),
        ("take the kit of that time", ["--kit", other, "--kit-passphrase-file", phrase]),
        ("the passphrase is not the one", ["--kit", other, "--kit-passphrase-file", wrong]),
        ("required", ["--kit", other]),
        ("required", []),
    ]
    for words, arguments in cases:
        for verb in (["verify", backup], ["restore", backup, "--data", tmp_path / "data"]):
            fails(words, "backup", *verb, *arguments)
            assert not list(tmp_path.glob("data*")), f"{words}: something was left"
    fails("another installation", "backup", "verify", their_backup, *kit.shares(1, 2))
    # The controls: each kit opens what it was made for.
    fine("backup", "verify", backup, *kit.shares(1, 2))
    new = create(server, tmp_path / "new.backup")
    fine("backup", "verify", new, "--kit", other, "--kit-passphrase-file", phrase)
    assert "is whole" in fine("recovery", "check", *kit.shares(3, 2))


def test_a_kit_is_not_replaced_or_written_over_unasked(ready, tmp_path):
    server, _, _, _ = ready
    with pytest.raises(RuntimeError, match="say --yes"):
        Kit(server, tmp_path / "kit")
    assert not (tmp_path / "kit").exists()
    Kit(server, tmp_path / "kit", "--yes")
    before = {file.name: file.read_bytes() for file in (tmp_path / "kit").iterdir()}
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (tmp_path / "kit").iterdir())
    with pytest.raises(RuntimeError, match="there is a recovery kit"):
        Kit(server, tmp_path / "kit", "--yes")
    assert {file.name: file.read_bytes() for file in (tmp_path / "kit").iterdir()} == before


def test_damaged_backups_are_refused(ready, tmp_path):
    """Through the whole program; a thousand and more are tried in the crate's own tests."""
    _, kit, backup, _ = ready
    content = backup.read_bytes()
    picks = random.Random("damage")
    cases = [(f"flip {at}", content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]) for at in picks.sample(range(len(content)), 12)]
    cases += [(f"cut {at}", content[:at]) for at in [0, 5, 11, 100, *picks.sample(range(len(content)), 4), len(content) - 1]]
    cases += [("longer", content + b"\0"), ("twice", content * 2), ("zeros", bytes(len(content)))]
    for what, damaged in cases:
        file = tmp_path / "damaged.backup"
        file.write_bytes(damaged)
        for verb in (["verify", file], ["restore", file, "--data", tmp_path / "data"]):
            done = run("backup", *verb, *kit.shares(1, 2))
            assert done.returncode == 1 and "panicked" not in done.stderr, f"{what}: {done.returncode} {done.stdout} {done.stderr}"
            assert "backup" in done.stderr, done.stderr
        assert not list(tmp_path.glob("data*")), what
    file.write_bytes(content)
    fine("backup", "verify", file, *kit.shares(1, 2))


def test_places_that_are_taken_and_backups_that_are_older(ready, tmp_path):
    server, kit, backup, _ = ready
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("mine")
    restore = ["backup", "restore", backup, *kit.shares(1, 2), "--data"]
    fails("is not empty", *restore, full)
    fails("is not empty", *restore, server.data)
    assert [file.name for file in full.iterdir()] == ["file"]
    fails("where to restore to", "backup", "restore", backup, *kit.shares(1, 2))
    fails("is no data folder", *restore, tmp_path / "data", "--tombstones", full)
    two = tmp_path / "two"
    two.mkdir()
    older = two / "a.backup"
    shutil.copy(backup, older)
    time.sleep(1.1)
    create(server, two / "b.backup")
    fails("is a newer backup", "backup", "restore", older, *kit.shares(1, 2), "--data", tmp_path / "data")
    assert not list(tmp_path.glob("data*"))
    empty = tmp_path / "empty"
    empty.mkdir()
    fine("backup", "restore", older, *kit.shares(1, 2), "--data", empty, "--older")


def test_a_restore_that_is_cut_off_leaves_nothing_that_looks_like_one(ready, tmp_path):
    _, kit, backup, uids = ready
    data = tmp_path / "data"
    command = [binary(), "backup", "restore", str(backup), "--data", str(data), *map(str, kit.shares(1, 2))]
    cut = 0
    for number in range(12):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        time.sleep(0.02 * (number + 1))
        child.kill()
        child.wait()
        if data.exists():
            assert (data / "format").exists() and (data / "keystead.keys").exists(), "it appears when it is whole"
            shutil.rmtree(data)
        else:
            cut += 1
    assert cut, "the control: some of them were cut off"
    done = fine(*command[1:])
    assert f"{len(uids)}, " in done
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_what_was_destroyed_since_is_not_brought_back(tmp_path):
    with Keystead(tmp_path, {"purge_after": 0, "restore_after": 0}) as server:
        kit, house = Kit(server, tmp_path / "kit"), rest.House(server)
        api = house.manager()
        purger = house.person("KeyPurge", "Reader", instance=api.instance)
        root, kept = api.create("doomed-root")["id"], api.create("kept")["id"]
        standard = api.create("doomed-standard", extractable=True, payload=rest.b64(b"p" * 32))["id"]
        backup = create(server, tmp_path / "before.backup")
        for key in (root, standard):
            rest.empty(api.ask("DELETE", f"/keys/{key}"))
            rest.empty(purger.ask("DELETE", f"/keys/{key}/purge"))
        newer = create(server, tmp_path / "after" / "after.backup") if (tmp_path / "after").mkdir() is None else None
    for name, tombstones in [("folder", server.data), ("backup", newer)]:
        again = restored(tmp_path / name, backup, kit, "--older", "--tombstones", tombstones)
        assert "doomed-root" in again.said and "doomed-standard" in again.said and "kept" not in again.said, again.said
        with again:
            there = rest.Api(again, again.api_key, api.instance)
            assert there.listed() == [kept]
            told = {each["key"] for each in there.ask("GET", "/api/v1/destructions").json()["resources"]}
            assert {root, standard} <= told, "the records of what was destroyed came along"
    # The control: without them the old keys are back.
    with restored(tmp_path / "naive", backup, kit, "--older") as again:
        assert set(rest.Api(again, again.api_key, api.instance).listed()) == {root, standard, kept}


def test_a_kmip_object_is_buried_while_its_root_key_is_disabled(tmp_path):
    with Keystead(tmp_path, {"purge_after": 0, "enable_after": 0}) as server:
        kit, house = Kit(server, tmp_path / "kit"), rest.House(server)
        api = house.manager(house.default_instance())
        purger = house.person("KeyPurge", "Reader", instance=api.instance)
        (root,) = server.json("rootkey", "list")
        certificate = server.issue("vc")
        with wire.Connection(server.port, certificate) as connection:
            doomed, kept = (connection.call("Create", *wire.aes_256())["Unique Identifier"] for _ in range(2))
        rest.empty(api.act(root["id"], "disable"))
        backup = create(server, tmp_path / "before.backup")
        rest.empty(api.act(root["id"], "enable"))
        rest.empty(api.ask("DELETE", f"/keys/{doomed}"))
        rest.empty(purger.ask("DELETE", f"/keys/{doomed}/purge"))
    again = restored(tmp_path / "again", backup, kit, "--tombstones", server.data)
    assert doomed in again.said and kept not in again.said, again.said
    again.timers = {"enable_after": 0}
    with again:
        there = rest.Api(again, again.api_key, api.instance)
        for enabled in (False, True):
            assert there.ask("GET", f"/keys/{doomed}/metadata").status_code == 404
            assert there.ask("GET", f"/keys/{kept}/metadata").status_code == 200
            if not enabled:
                rest.empty(there.act(root["id"], "enable"))
        with wire.Connection(again.port, certificate) as connection:
            assert connection.material(kept)
            with pytest.raises(wire.Refused):
                connection.material(doomed)


@pytest.mark.parametrize("form", ["file", "passphrase"])
def test_the_new_master_key_is_another_one(ready, tmp_path, form):
    server, kit, backup, uids = ready
    if form == "file":
        place = tmp_path / "elsewhere.key"
        flags = ["--master-key-file", place]
    else:
        place = tmp_path / "phrase"
        place.write_text("a passphrase of some words \t\n")  # the blanks are its own
        flags = ["--master-passphrase-file", place]
    again = restored(tmp_path / "new", backup, kit, *flags)
    assert not (again.data / "master.key").exists() and str(place) in again.said
    again.variables = {"KEYSTEAD_MASTER_KEY_FILE" if form == "file" else "KEYSTEAD_MASTER_KEY_PASSPHRASE_FILE": str(place)}
    certificate = server.issued / "default"
    with again:
        names = (str(certificate / name) for name in ("driver.crt", "driver.key", "ca.crt"))
        from keystead import Certificate

        assert len(looked(again.port, Certificate(*names), uids[:50])) == 50
    again.variables = {}
    shutil.copy(server.data / "master.key", again.data / "master.key")
    with pytest.raises(RuntimeError):
        again.start()
    again.stop()


def test_no_key_and_no_private_half_in_a_backup_or_on_the_server(ready):
    """The control: what is looked for is found in the kit."""
    server, kit, backup, _ = ready
    private = [line.split("key=")[1][:64] for line in kit.shares(1)[1].read_text().splitlines() if "key=" in line]
    pieces = [bytes.fromhex(part) for part in private] + [part.encode() for part in private]
    assert pieces and any(piece in kit.shares(1)[1].read_bytes() for piece in pieces)
    secrets = pieces + [server.api_key.encode(), (server.data / "server.key").read_bytes()[100:160]]
    for secret in secrets:
        assert secret not in backup.read_bytes()
    for file in server.data.rglob("*"):
        if file.is_file():
            assert not any(piece in file.read_bytes() for piece in pieces), file


def test_who_may(ready):
    server, _, _, _ = ready
    house = rest.House(server)
    instance = house.instance()
    for role in ("Manager", "Operator", "Editor", "Viewer", "KeyPurge", "ReaderPlus", "KmipAdapterManager", "VMware KMIP Manager"):
        somebody = house.person(role, instance=instance)
        for method, path in [("GET", "backups"), ("POST", "backups"), ("GET", "recovery-key"), ("GET", "backups/x.backup"), ("PUT", "recovery-key")]:
            assert somebody.ask(method, f"/api/v1/{path}").status_code in (401, 403), f"{role} {method} {path}"
    tenant = house.person("Administrator", instance=instance)
    assert tenant.ask("POST", "/api/v1/backups").status_code == 403, "a tenant's administrator has no right to all tenants' keys"
    administrator = house.administrator
    for body, words in [({"public": "00", "kept": "x"}, "32 bytes"), ({"public": "0" * 64, "kept": "x"}, "32 bytes"), ({"public": "09" + "0" * 62, "kept": ""}, "characters"), ({}, "public")]:
        answer = administrator.ask("PUT", "/api/v1/recovery-key", body)
        assert answer.status_code == 400 and words in answer.text, answer.text
    assert administrator.ask("POST", "/api/v1/backups/verified", {"created": 1 << 60}).status_code == 400
    for name in ("none.backup", "..%2fmaster.key", "master.key"):
        assert administrator.ask("GET", f"/api/v1/backups/{name}").status_code == 404, name
