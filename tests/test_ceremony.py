"""The master key's ceremonies: split among people, waited for, put together, changed while clients work, and cut off half-way."""

import itertools
import json
import random
import signal
import socket
import stat
import subprocess
import time

import pytest

import wire
from keystead import Keystead, binary, environment, listens
from load import Load, create

KILLS = 20
PASSPHRASE = "correct horse battery staple\n"


class House(Keystead):
    """A server whose start may end sealed."""

    def __init__(self, folder, variables=None):
        super().__init__(folder, variables=variables)
        self.shares = folder / "shares"

    def run(self, *arguments, data=None, stdin=""):
        command = [binary(), *map(str, arguments), "--data", data or self.data]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, env=environment() | self.variables)

    def init(self):
        done = self.run("init", "--shares", 3, "--threshold", 2, "--out", self.shares)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def share(self, number, folder=None):
        return (folder or self.shares) / f"master-share-{number}-of-3.txt"

    def sealed(self):
        """Starts, and waits until the socket is there."""
        self.start(wait=False)
        self.until(lambda: (self.data / "control.sock").exists() and self.answers())

    def answers(self):
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self.data / "control.sock")) == 0

    def until(self, holds):
        deadline = time.monotonic() + 60
        while not holds():
            assert self.child.poll() is None and time.monotonic() < deadline, self.tail()
            time.sleep(0.02)

    def unseal(self, *numbers, folder=None):
        files = [argument for number in numbers for argument in ("--share-file", self.share(number, folder))]
        return self.run("unseal", *files)

    def opened(self, *numbers, folder=None):
        done = self.unseal(*numbers, folder=folder)
        assert done.returncode == 0 and "The master key is whole" in done.stdout, done.stdout + done.stderr
        self._wait()

    def source(self):
        done = self.run("master-key", "show", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["origin"]

    def change(self, *arguments):
        return self.run("master-key", "change", *arguments)


def made(house):
    """A key through KMIP: its identifier and material."""
    certificate = house.issue("ceremony")
    identifier = create(house.port, certificate)
    return certificate, identifier, material(house, certificate, identifier)


def material(house, certificate, identifier):
    with wire.Connection(house.port, certificate) as connection:
        return connection.material(identifier)


@pytest.fixture
def house(tmp_path):
    with_shares = House(tmp_path)
    yield with_shares
    assert with_shares.stop() in (None, 0, -signal.SIGKILL)


def test_a_folder_is_begun_under_shares_and_waits_for_them(house):
    told = house.init()
    assert "Any 2 of them open the server" in told
    for number in (1, 2, 3):
        file = house.share(number)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and str(file) in told
    assert not (house.data / "master.key").exists()
    house.sealed()
    socket_file = house.data / "control.sock"
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert not listens(house.port) and not listens(house.admin) and not (house.data / "keystead.db").exists()
    first = house.unseal(1)
    assert (first.returncode, first.stdout) == (0, "Share 1 of 3 taken, 1 more is needed.\n"), first.stderr
    assert not listens(house.port)
    house.opened(3)
    assert "open already" in house.unseal(2).stdout
    kept = made(house)
    for pair in itertools.permutations((1, 2, 3), 2):
        assert house.kill() == -signal.SIGKILL and socket_file.exists()
        house.sealed()
        house.opened(*pair)
        assert material(house, *kept[:2]) == kept[2]


def test_a_share_is_taken_from_standard_input(house):
    house.init()
    house.sealed()
    assert "1 more is needed" in house.run("unseal", stdin=house.share(2).read_text()).stdout
    done = house.run("unseal", stdin=house.share(3).read_text().splitlines()[-1])
    assert "whole" in done.stdout, done.stderr
    house._wait()


def test_wrong_shares_are_refused_and_cost_nothing(house, tmp_path):
    house.init()
    other = House(tmp_path / "other")
    other.init()
    house.sealed()
    good = house.share(1).read_text()
    spoilt = good[:-20] + ("0" if good[-20] != "0" else "1") + good[-19:]
    cases = [
        (spoilt, "a letter is wrong or missing"),
        ("something else\n", "this is no key share"),
        (other.share(2).read_text(), "is of the set"),
        (good.replace(" master ", " recovery "), "a letter is wrong or missing"),
    ]

    def refused_all():
        for text, expected in cases:
            done = house.run("unseal", stdin=text)
            assert done.returncode == 1 and expected in done.stderr, done.stdout + done.stderr
            assert text.split("key=")[-1][:64] not in done.stderr + house.log.read_text() or "key=" not in text

    refused_all()
    assert house.unseal(1).returncode == 0
    refused_all()
    assert "share 1 was given twice" in house.unseal(1).stderr
    refused = house.change("--new-file", tmp_path / "new.key")
    assert refused.returncode == 1 and "sealed" in refused.stderr and not (tmp_path / "new.key").exists()
    house.opened(2)


def test_a_sealed_server_ends_at_sigterm_and_locks_its_folder(house):
    house.init()
    house.sealed()
    second = House(house.data.parent)
    second.start(wait=False)
    assert second.child.wait(timeout=30) == 1
    assert house.stop() == 0
    assert not (house.data / "control.sock").exists()
    nobody = house.unseal(1)
    assert nobody.returncode == 1 and "no server waits" in nobody.stderr


def test_init_refuses_what_holds_something(house, tmp_path):
    def refused(expected, *more, shares=3, threshold=2):
        done = house.run("init", "--shares", shares, "--threshold", threshold, "--out", tmp_path / "again", *more)
        assert done.returncode == 1 and expected in done.stderr, done.stdout + done.stderr
        assert not list(tmp_path.glob("again/*"))

    for numbers in ((1, 1), (3, 1), (2, 3), (17, 2)):
        refused("2 to 16 shares", shares=numbers[0], threshold=numbers[1])
    house.start()
    assert house.stop() == 0
    refused("holds data under a master key already")
    begun = House(tmp_path / "begun")
    begun.init()
    again = begun.run("init", "--shares", 3, "--threshold", 2, "--out", tmp_path / "again")
    assert again.returncode == 1 and "begun already" in again.stderr


def test_an_init_that_was_cut_off_is_taken_up_by_the_start(house):
    house.init()
    (house.data / "keystead.keys").unlink()  # as if the power had failed before it was written
    house.sealed()
    house.opened(1, 2)
    assert made(house)[2]


def test_share_files_start_the_server_by_themselves(tmp_path):
    house = House(tmp_path)
    house.init()
    house.variables = {"KEYSTEAD_MASTER_KEY_SHARE_FILES": f"{house.share(3)},{house.share(1)}"}
    with house:
        kept = made(house)
        assert house.stop() == 0
        house.share(1).unlink()
        house.sealed()
        house.variables = {}
        house.opened(3, 2)
        assert material(house, *kept[:2]) == kept[2]


def test_the_master_key_is_changed_under_load(house, tmp_path):
    house.start()
    kept = made(house)
    old = (house.data / "master.key").read_bytes()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    steps = [
        (["--new-file", tmp_path / "one.key"], f'master_key.file = "{tmp_path / "one.key"}"'),
        (["--new-passphrase-file", passphrase], f'master_key.passphrase_file = "{passphrase}"'),
        (["--shares", 3, "--threshold", 2, "--out", tmp_path / "shares"], "keystead unseal"),
        (["--new-file", tmp_path / "two.key"], f'master_key.file = "{tmp_path / "two.key"}"'),
    ]
    fingerprints = set()
    with Load(house.port, kept[0], kept[1], live=2) as load:
        for arguments, told in steps:
            before = load.answered
            done = house.change(*arguments)
            assert done.returncode == 0 and told in done.stdout, done.stdout + done.stderr
            fingerprints.add((house.data / "keystead.keys").read_bytes()[:64])
            house.until(lambda: load.answered > before + 20)
    assert not load.failures and load.answered > 100
    assert len(fingerprints) == len(steps)
    assert not (house.data / "master.key").exists() and not (house.data / "passphrase.parameters").exists()
    assert house.source() == {"file": {"path": str(tmp_path / "two.key")}}
    assert b"keystead.master-key.change" in b"".join(path.read_bytes() for path in house.data.glob("journal/**/*") if path.is_file())
    assert house.stop() == 0
    house.start()  # the configuration says nothing: the mark does
    assert material(house, *kept[:2]) == kept[2]
    assert house.stop() == 0
    former = tmp_path / "former.key"
    for source in (old, (tmp_path / "one.key").read_bytes()):
        former.write_bytes(source)
        former.chmod(0o600)
        mark = house.data / "master.source"
        held = mark.read_bytes()
        mark.write_text(json.dumps({"current": {"origin": {"file": {"path": str(former)}}, "since": None}}))
        house.start(wait=False)
        assert house.child.wait(timeout=30) == 1 and "is sealed under the master key" in house.tail()
        mark.write_bytes(held)
    house.start()
    assert material(house, *kept[:2]) == kept[2]


def test_a_stopped_server_s_master_key_is_changed_too(house, tmp_path):
    house.start()
    kept = made(house)
    assert house.stop() == 0
    done = house.change("--shares", 3, "--threshold", 2, "--out", house.shares)
    assert done.returncode == 0, done.stderr
    assert house.source()["shares"]["threshold"] == 2
    refused = house.change("--new-file", tmp_path / "new.key")
    assert refused.returncode == 1 and "start the server and unseal it" in refused.stderr
    house.sealed()
    house.opened(2, 1)
    assert material(house, *kept[:2]) == kept[2]


def test_a_change_that_can_t_be_made_changes_nothing(house, tmp_path):
    house.start()
    before = (house.data / "keystead.keys").read_bytes()
    short, loose = tmp_path / "short", tmp_path / "loose.key"
    short.write_text("short\n")
    loose.write_text("keystead-master-key-1:" + "00" * 32 + "\n")
    loose.chmod(0o644)
    cases = [
        (["--new-passphrase-file", short], "12"),
        (["--new-passphrase-file", tmp_path / "none"], "can't be read"),
        (["--new-file", loose], "chmod 600"),
        (["--new-file", tmp_path / "no" / "folder.key"], "No such file"),
        (["--new-file", house.data / "master.key"], "already"),
    ]
    for arguments, expected in cases:
        done = house.change(*arguments)
        assert done.returncode == 1 and expected in done.stderr, done.stdout + done.stderr
    assert house.change().returncode == 2
    assert (house.data / "keystead.keys").read_bytes() == before
    assert not (house.data / "master.source").exists()


def test_a_change_that_is_killed_leaves_the_old_or_the_new(house, tmp_path):
    house.start()
    kept = made(house)
    chance = random.Random(8)
    changed = 0
    for round in range(KILLS):
        target = tmp_path / f"{round}.key"
        before = house.source()
        asking = subprocess.Popen(
            [binary(), "master-key", "change", "--new-file", target, "--data", house.data],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        )
        time.sleep(chance.uniform(0, 0.08))
        house.kill()
        acknowledged = asking.wait(timeout=60) == 0
        asking.communicate()
        house.start()
        after = house.source()
        assert after in (before, {"file": {"path": str(target)}})
        assert not acknowledged or after != before
        changed += after != before
        assert material(house, *kept[:2]) == kept[2]
    assert 0 < changed < KILLS or KILLS < 5, f"the kills hit no change: {changed} of {KILLS}"
