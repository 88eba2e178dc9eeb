"""The audit: no answer without its record, whatever happens to whom it is handed on to; and nobody changes it unseen.

2,000 answers and 5,000 records; `--long`: 10,000 and 100,000. The controls: a server that writes its record after its answer, an account
that lacks one record, and a check that reads the journal without its chain must each be found out.
"""

import collections
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import certificates
import journal
import keystead
import wire
from disk import fill, small_disk
from keystead import Keystead, binary, environment, free_ports
from rest import Api, House, fresh, refused

pytestmark = pytest.mark.figure

CLIENTS = 4
KEYS = 8
BOUND = 5.0  # seconds that a hung collector may cost an answer, once
CATCH_UP = 60


class Audited(Keystead):
    """A server with settings of its own in the table `audit`."""

    def __init__(self, folder, settings="", **named):
        self.settings = settings
        super().__init__(folder, **named)

    def configuration(self):
        file = self.data.parent / "keystead.toml"
        file.write_text(f"[audit]\n{self.settings}\n")
        return ["--config", str(file)]

    def sinks(self):
        return {sink["name"]: sink for sink in self.json("audit", "sinks")}

    def verify(self, *arguments):
        return verify(self.data, *arguments)


def verify(data, *arguments):
    """The exit code and what was found."""
    command = [binary(), "audit", "verify", *arguments, "--data", str(data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment())
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


class Collector:
    """A collector that can be stopped and killed."""

    def __init__(self, kind, folder, client_ca=None):
        self.kind, self.file = kind, Path(folder) / f"{kind}.jsonl"
        (self.port,) = free_ports(1)
        self.arguments = [str(self.port), str(self.file)]
        if kind == "syslog":
            self.ca, chain, key = authority(folder)
            self.arguments += [chain, key, *([client_ca] if client_ca else [])]
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)

    def start(self):
        command = [sys.executable, str(Path(__file__).parent / "collectors.py"), self.kind, *self.arguments]
        self.log = open(self.file.with_suffix(".log"), "a")
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.child.stdout.readline() == "ready\n"

    def end(self, how):
        if self.child:
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(how)
            self.child.wait()
            self.log.close()
            self.child = None

    def signal(self, which):
        self.child.send_signal(which)

    def events(self):
        return lines(self.file)


def lines(file):
    """What a collector has, each record once: the identifiers tell."""
    if not Path(file).exists():
        return []
    text = Path(file).read_text()
    whole = text[: text.rfind("\n") + 1].splitlines()
    return list({event["id"]: event for event in map(json.loads, whole)}.values())


def authority(folder):
    """A CA and a certificate of it for localhost, as PEM files: the CA, the certificate, the key."""
    folder = Path(folder) / "collector"
    folder.mkdir(exist_ok=True)
    ca, key = folder / "ca.pem", folder / "ca.key"
    run = lambda *command: subprocess.run(["openssl", *command], check=True, capture_output=True)  # noqa: E731
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    run(*new, "-subj", "/CN=Logs CA", "-keyout", str(key), "-out", str(ca))
    san = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    by = ["-CA", str(ca), "-CAkey", str(key)]
    run(*new, *by, "-subj", "/CN=logs", *san, "-keyout", str(folder / "logs.key"), "-out", str(folder / "logs.pem"))
    return str(ca), str(folder / "logs.pem"), str(folder / "logs.key")


class Asked:
    """Clients that ask for keys and write down each answer: whom it went to, and for which key, in order."""

    def __init__(self, server):
        self.server = server
        self.people = [server.issue(fresh("asks")) for _ in range(CLIENTS)]
        with wire.Connection(server.port, self.people[0]) as owner:
            self.keys = [owner.call("Create", *wire.aes_256())["Unique Identifier"] for _ in range(KEYS)]
            for key in self.keys:
                owner.material(key)  # the first Get of a key changes it: its event comes by another way
        self.answers = {fingerprint(person): [] for person in self.people}
        self.slowest, self.failures = 0.0, []

    def ask(self, count):
        """So many Gets, shared by all clients, each on one connection."""
        threads = [threading.Thread(target=self._one, args=(person, count // CLIENTS)) for person in self.people]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    def _one(self, person, count):
        mine = self.answers[fingerprint(person)]
        try:
            with wire.Connection(self.server.port, person, patience=30) as connection:
                for number in range(count):
                    key, begun = self.keys[number % KEYS], time.monotonic()
                    connection.material(key)
                    mine.append(key)
                    self.slowest = max(self.slowest, time.monotonic() - begun)
        except Exception as error:
            self.failures.append(error)

    @property
    def total(self):
        return sum(map(len, self.answers.values()))


def fingerprint(certificate):
    der = subprocess.run(["openssl", "x509", "-in", certificate.crt, "-outform", "DER"], check=True, capture_output=True).stdout
    return __import__("hashlib").sha256(der).hexdigest()


def told(events, keys):
    """Gets that were answered, as the audit tells of them: by client, in order."""
    found = collections.defaultdict(list)
    for event in events:
        key = event.get("target", {}).get("id", "").rsplit(":", 1)[-1]
        if (event["action"], event["outcome"]) == ("kms.kmip.get", "success") and key in keys:
            if event["requestData"].get("operation") == "Get":
                found[event["initiator"]["id"].removeprefix("CertificateID-")].append(key)
    return found


def unaccounted(asked, events, slack=0):
    """What does not match, one to one: answers without a record, records without an answer. The Gets that made keys stale are the
    owner's first ones, and whoever was cut off may have had one answer more written than they got."""
    found, wrong = told(events, set(asked.keys)), []
    owner = fingerprint(asked.people[0])
    for person, answers in asked.answers.items():
        records = list(found.get(person, []))
        if person == owner:
            for key in asked.keys:
                if key in records:
                    records.remove(key)
        if records[: len(answers)] != answers:
            wrong.append(f"{person[:8]}: {len(answers)} answers, records {len(records)}")
        elif len(records) - len(answers) > slack:
            wrong.append(f"{person[:8]}: {len(records) - len(answers)} records without an answer")
    return wrong


def eventually(holds):
    """Waits until something holds; collectors may take their time."""
    return keystead.eventually(holds, CATCH_UP)


def settings(folder, syslog=None, otlp=None, more=""):
    text = f'head_seconds = 1\nfile.path = "{folder}/file.jsonl"\n{more}\n'
    if syslog:
        text += f'syslog.address = "tls://localhost:{syslog.port}"\nsyslog.ca_file = "{syslog.ca}"\n'
    if otlp:
        text += f'otlp.endpoint = "http://127.0.0.1:{otlp.port}/v1/logs"\n'
    return text


def test_every_answer_has_its_record_everywhere(tmp_path, long):
    count = 10_000 if long else 2_000
    with Collector("syslog", tmp_path) as syslog, Collector("otlp", tmp_path) as otlp:
        with Audited(tmp_path, settings(tmp_path, syslog, otlp)) as server:
            asked = Asked(server)
            asked.ask(count)
            assert (asked.failures, asked.total) == ([], count)
            assert not unaccounted(asked, journal.events(server.data)), "the record is there before the answer"
            for name, events in (("file", lambda: lines(tmp_path / "file.jsonl")), ("syslog", syslog.events), ("otlp", otlp.events)):
                eventually(lambda events=events: not unaccounted(asked, events()))
                assert any(event["action"] == "keystead.audit.head" for event in events()), f"{name} gets heads"
            sinks = server.sinks()
            assert {name: (sink["state"], sink["alarm"]) for name, sink in sinks.items()} == dict.fromkeys(sinks, ("ok", False))
            event = next(event for event in syslog.events() if event["action"] == "kms.kmip.get")
            assert event["initiator"]["host"]["address"] == "127.0.0.1" and event["observer"] == {"name": "Keystead"}
            print(f"\n{count} answers, {count} records in the journal and in each of three sinks; slowest answer {asked.slowest * 1000:.0f} ms")
        assert server.verify()[0] == 0
        assert server.verify()[1]["recordsAfterLastHead"] == 0, "a clean stop signs the end"
        eventually(lambda: lines(tmp_path / "file.jsonl")[-1]["action"] == "keystead.audit.head")


def test_the_control_a_missing_record_is_flagged(tmp_path):
    with Audited(tmp_path) as server:
        asked = Asked(server)
        asked.ask(40)
        events = journal.events(server.data)
        assert not unaccounted(asked, events)
        last = max(index for index, event in enumerate(events) if event["action"] == "kms.kmip.get")
        assert unaccounted(asked, events[:last] + events[last + 1 :])


@pytest.mark.parametrize("require", [False, True])
def test_a_hung_collector_stops_nobody(tmp_path, long, require):
    count = 2_000 if long else 400
    more = 'require = ["syslog"]' if require else ""
    with Collector("syslog", tmp_path) as syslog, Collector("otlp", tmp_path) as otlp:
        with Audited(tmp_path, settings(tmp_path, syslog, otlp, more)) as server:
            asked = Asked(server)
            asked.ask(count)
            eventually(lambda: not unaccounted(asked, syslog.events()))
            syslog.signal(signal.SIGSTOP)
            # Socket buffers take some megabytes before a stopped collector is felt: so it is felt by what is waited for.
            asked.ask(count)
            assert (asked.failures, asked.slowest < BOUND) == ([], True), asked.slowest
            eventually(lambda: not unaccounted(asked, otlp.events()))
            syslog.signal(signal.SIGCONT)
            eventually(lambda: not unaccounted(asked, syslog.events()))
            assert not unaccounted(asked, journal.events(server.data))


def test_a_collector_that_is_killed_gets_everything(tmp_path, long):
    count = 2_000 if long else 400
    with Collector("syslog", tmp_path) as syslog, Collector("otlp", tmp_path) as otlp:
        with Audited(tmp_path, settings(tmp_path, syslog, otlp, 'require = ["otlp"]')) as server:
            asked = Asked(server)
            for _ in range(3):
                asked.ask(count)
                for collector in (syslog, otlp):
                    collector.end(signal.SIGKILL)
                asked.ask(count)
                assert (asked.failures, asked.slowest < BOUND) == ([], True), asked.slowest
                for collector in (syslog, otlp):
                    collector.start()
                for collector in (syslog, otlp):
                    eventually(lambda collector=collector: not unaccounted(asked, collector.events()))
            eventually(lambda: server.sinks()["otlp"]["state"] == "ok")
            assert server.sinks()["otlp"]["lastError"]
            assert server.sinks()["otlp"]["passedOver"] > 0


def test_what_is_required_is_waited_for(tmp_path):
    """With `refuse`, no key leaves without the collector's having its record; and it goes on by itself when that is back."""
    with Collector("otlp", tmp_path) as otlp:
        more = 'require = ["otlp"]\nwhen_failing = "refuse"'
        with Audited(tmp_path, settings(tmp_path, otlp=otlp, more=more)) as server:
            asked = Asked(server)
            asked.ask(40)
            assert not asked.failures and not unaccounted(asked, otlp.events()), "at once, without a wait for the collector"
            refuse = Path(f"{otlp.file}.refuse")
            refuse.touch()
            with wire.Connection(server.port, asked.people[0]) as connection:
                for bound in (BOUND, 1.0):
                    begun = time.monotonic()
                    with pytest.raises(wire.Refused, match="General Failure|failed"):
                        connection.material(asked.keys[0])
                    assert time.monotonic() - begun < bound
                api = Api(server)
                assert api.ask("GET", "/api/v1/audit/sinks").status_code == 500
                refuse.unlink()

                def back():
                    with contextlib.suppress(wire.Refused):
                        return connection.material(asked.keys[0])

                eventually(back)


def test_a_change_of_the_master_key_reaches_the_sinks(tmp_path):
    """Made while the server serves, and while it does not."""
    with Audited(tmp_path, settings(tmp_path)) as server:
        changed = lambda: [event for event in lines(tmp_path / "file.jsonl") if event["action"] == "keystead.master-key.change"]
        server.cli("master-key", "change", "--new-file", str(tmp_path / "first.key"))
        (event,) = eventually(changed)
        assert event["requestData"]["to"].endswith("first.key")
        server.stop()
        server.cli("master-key", "change", "--new-file", str(tmp_path / "second.key"))
        server.start()
        eventually(lambda: len(changed()) == 2)
    assert server.verify()[0] == 0


def test_syslog_to_whom_it_trusts_with_a_certificate_of_its_own(tmp_path):
    ca, chain, key = authority(tmp_path)
    with Collector("syslog", tmp_path, client_ca=ca) as syslog:
        own = f'syslog.certificate_file = "{chain}"\nsyslog.key_file = "{key}"'
        with Audited(tmp_path, settings(tmp_path, syslog, more="")) as server:
            eventually(lambda: server.sinks()["syslog"]["state"] == "failing")
            server.stop()
            # `authority` was called again by the collector, so that there are a CA and a certificate of it now.
            server.settings = settings(tmp_path, syslog, more=own)
            server.start()
            eventually(syslog.events)
            server.stop()
            other = tmp_path / "other"
            other.mkdir()
            syslog.ca = authority(other)[0]
            server.settings = settings(tmp_path, syslog, more=own)
            server.start()
            failing = eventually(lambda: server.sinks()["syslog"] if server.sinks()["syslog"]["state"] == "failing" else None)
            assert "certificate" in failing["lastError"].lower()


def test_kills_lose_and_double_nothing(tmp_path, long):
    """Keys are made, got and destroyed while the server is killed again and again: of all that was answered there is one record each."""
    rounds = 50 if long else 8
    done = []
    with Audited(tmp_path, "head_seconds = 1") as server:
        person = server.issue("maker")
        for number in range(rounds):
            ended = threading.Timer(0.3 + number % 5 / 10, server.kill)
            ended.start()
            with contextlib.suppress(Exception), wire.Connection(server.port, person) as connection:
                while True:
                    key = connection.call("Create", *wire.aes_256())["Unique Identifier"]
                    done.append(("kms.kmip.create", key))
                    for _ in range(2):
                        connection.material(key)
                        done.append(("kms.kmip.get", key))
            ended.join()
            server.start()
        time.sleep(1)
        found = journal.entries(server.data)
        sequences = [sequence for sort, sequence, _ in found if sort == "change"]
        assert sequences == sorted(set(sequences)), "each change once, in order"
        told = collections.Counter(
            (event["action"], event["target"]["id"].rsplit(":", 1)[-1])
            for sort, _, event in found
            if sort in ("change", "event") and event["outcome"] == "success" and event["action"].startswith("kms.kmip.")
        )
        for deed, count in collections.Counter(done).items():
            assert 0 <= told[deed] - count <= 1, f"{deed}: {count} answers, {told[deed]} records"
        code, report = server.verify()
        assert (code, report["findings"]) == (0, []), report
        print(f"\n{rounds} kills, {len(done)} answers, each with one record; {report['records']} records, {report['heads']} heads")


def late(port, file):
    """The control: a server that answers first and writes its record afterwards."""
    with socket.create_server(("127.0.0.1", port)) as listener, open(file, "ab", buffering=0) as out:
        connection, _ = listener.accept()
        while connection.recv(1):
            connection.sendall(b"k")
            time.sleep(0.01)
            out.write(b".")


def test_the_control_a_record_after_the_answer_is_flagged(tmp_path):
    (port,), lost = free_ports(1), 0
    for number in range(10):
        file = tmp_path / f"late-{number}"
        server = multiprocessing.get_context("spawn").Process(target=late, args=(port, file))
        server.start()
        connection = eventually(lambda: connected(port))
        for _ in range(5):
            connection.sendall(b"?")
            assert connection.recv(1)
        server.kill()
        server.join()
        connection.close()
        lost += file.stat().st_size < 5
    assert lost, "whoever answers first must be found out by being killed"


def connected(port):
    with contextlib.suppress(OSError):
        return socket.create_connection(("127.0.0.1", port))


@pytest.fixture
def small(tmp_path):
    """A small disk under the journal's folder."""
    with small_disk(tmp_path / "small", 32 << 20) as disk:
        yield disk


@pytest.mark.parametrize("when_full", ["refuse", "serve"])
def test_a_full_disk(tmp_path, small, when_full):
    with Audited(tmp_path, f'when_full = "{when_full}"\nhead_seconds = 1') as server:
        asked = Asked(server)
        server.stop()
        shutil.move(server.data / "journal", small / "journal")
        os.symlink(small / "journal", server.data / "journal")
        server.start()
        asked.ask(40)
        ballast = small / "ballast"
        fill(ballast)
        # The room that is set aside for this lasts for some ten thousand reads, whoever takes what else there is.
        assert set_aside(small) > 15 << 20
        asked.ask(40)
        assert not asked.failures and not unaccounted(asked, journal.events(server.data))
        while not asked.failures and set_aside(small) > 1 << 16:
            fill(ballast)
            asked.ask(1_000)
        before = asked.total
        if when_full == "refuse":
            eventually(lambda: asked.ask(400) or asked.failures)
            assert all("failed" in str(error) for error in asked.failures), asked.failures
            assert not unaccounted(asked, journal.events(server.data)), "no key without its record"
        else:
            asked.ask(4_000)
            assert (asked.failures, asked.total - before) == ([], 4_000)
            assert unaccounted(asked, journal.events(server.data)), "some are missing"
        ballast.unlink()
        asked.failures.clear()
        eventually(lambda: asked.ask(40) or not asked.failures)
        recorded = sum(map(len, told(journal.events(server.data), set(asked.keys)).values())) - KEYS
        gaps = [missed for sort, missed, _ in journal.entries(server.data) if sort == "gap"]
        print(f"\n{when_full}: {asked.total} answers, {recorded} records, gaps {gaps}")
        assert recorded + sum(gaps) >= asked.total and (when_full == "serve" or not gaps)
        assert (sum(gaps) > 0) == (when_full == "serve")
        code, report = server.verify()
        assert (code, report["missed"]) == (0, sum(gaps))
        if gaps:
            listed = server.json("audit", "list", "--action", "keystead.audit.gap")
            assert sum(each["event"]["missed"] for each in listed) == sum(gaps)


def set_aside(folder):
    """Behind the journal's last record, in bytes."""
    (segment,) = (folder / "journal").glob("*.journal")
    stat = segment.stat()
    return stat.st_blocks * 512 - stat.st_size


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, request):
    """The data folder of a server that has stopped, with many records; and the head and key that somebody kept elsewhere."""
    many = 100_000 if request.config.getoption("--long") else 5_000
    folder = tmp_path_factory.mktemp("recorded")
    with Audited(folder, "head_records = 250") as server:
        asked = Asked(server)
        asked.ask(many)
        assert not asked.failures
        kept = folder / "kept.pub"
        kept.write_text(server.cli("audit", "public-key"))
    head = folder / "kept.head"
    shutil.copy(server.data / "audit.head", head)
    code, report = verify(server.data, "--public-key", str(kept), "--head", str(head))
    assert code == 0 and report["records"] > many, report
    return server.data, kept, head


def test_tampering_is_found_wherever_it_is(recorded, tmp_path, long):
    data, kept, head = recorded
    seed = random.randrange(1 << 32)
    print(f"\nseed {seed}")
    chance = random.Random(seed)
    (segment,) = journal.segments(data)
    original = segment.read_bytes()
    header, records = journal.split(original)
    heads = [index for index, (body, _) in enumerate(records) if journal.decode(body)[0] == "head"]
    copy = tmp_path / segment.name
    for tampering in journal.TAMPERING:
        for at in [0, len(records) - 2, *(chance.randrange(1, len(records) - 2) for _ in range(6 if long else 3))]:
            copy.write_bytes(tampering(header, records, at, chance))
            code, report = verify(data, str(copy), "--public-key", str(kept), "--head", str(head))
            assert code == 1, f"seed {seed}: {tampering.__name__} at {at} was not found"
            first = report["findings"][0]
            # Where the chain was made anew, the next head tells; else it is the very record, or the one after it.
            last = next(head for head in heads if head >= at) if "chained" in tampering.__name__ else at + 1
            assert first["segment"] == 1 and at <= first["record"] - 1 <= last + 1, f"seed {seed}: {tampering.__name__} at {at}: {first}"
    for index in (0, 20, 50, 80):
        copy.write_bytes(original[:index] + bytes([original[index] ^ 1]) + original[index + 1 :])
        assert verify(data, str(copy), "--public-key", str(kept), "--head", str(head))[0] == 1, index
    copy.write_bytes(original)
    assert verify(data, str(copy), "--public-key", str(kept), "--head", str(head))[0] == 0
    print(f"{len(records)} records, {len(journal.TAMPERING)} sorts of tampering, all found")


def test_the_control_without_the_chain_nothing_is_found(recorded):
    """A check that reads what is there and leaves the digests alone is content with nearly anything."""
    data, _, _ = recorded
    (segment,) = journal.segments(data)
    header, records = journal.split(segment.read_bytes())
    content = [journal.cut, journal.swapped, journal.doubled, journal.end_cut, journal.edited_and_chained, journal.put_in_and_chained]
    for tampering in content:
        _, left = journal.split(tampering(header, records, len(records) // 2, random.Random(1)))
        assert all(journal.decode(body) for body, _ in left), tampering.__name__
        assert left != records


def test_somebody_elses_key_and_head_are_told_apart(recorded, tmp_path):
    data, kept, head = recorded
    with Audited(tmp_path, "head_seconds = 1") as other:
        theirs = tmp_path / "theirs.pub"
        theirs.write_text(other.cli("audit", "public-key"))
    code, report = verify(data, str(journal.segments(data)[0]), "--public-key", str(theirs))
    assert code == 1 and "not signed with the public key" in report["findings"][0]["what"]
    code, report = verify(data, "--public-key", str(kept), "--head", str(other.data / "audit.head"))
    assert code == 1 and "does not lead to the head" in report["findings"][0]["what"]
    for name, content in (("odd.pub", "no key"), ("odd.head", "{}")):
        odd = tmp_path / name
        odd.write_text(content)
        flag = "--public-key" if name.endswith("pub") else "--head"
        command = [binary(), "audit", "verify", flag, str(odd), "--data", str(data)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        assert done.returncode == 1 and str(odd) in done.stderr, done.stderr


def test_a_journal_that_was_cut_while_the_server_was_down_says_so(tmp_path):
    with Audited(tmp_path, "head_seconds = 1") as server:
        asked = Asked(server)
        asked.ask(40)
        assert server.verify()[0] == 0, "also while the server runs"
        server.stop()
        (segment,) = journal.segments(server.data)
        header, records = journal.split(segment.read_bytes())
        segment.write_bytes(journal.join(header, records[:-20]))
        server.start()
        (event,) = server.json("audit", "list", "--action", "keystead.audit.cut")
        assert event["event"]["severity"] == "critical"
        asked.ask(4)
        assert not asked.failures, "hosts get their keys all the same"
        assert "lacks records that were signed" in server.log.read_text()
        code, report = server.verify()
        assert code == 1 and any("signed records before it are missing" in found["what"] for found in report["findings"])


def test_events_are_had_over_rest_by_those_who_may(server):
    house = House(server)
    mine, theirs = house.manager(), house.manager()
    key = mine.create()["id"]
    mine.act(key, "wrap", {})
    seer = house.person("Operator", instance=mine.instance)
    listed = lambda **params: seer.ask("GET", "/api/v1/audit/events", params=params).json()  # noqa: E731
    found = eventually(lambda: listed(key=key)["resources"][1:])
    found = listed(key=key)["resources"]  # a change's event may come a tenth of a second after a later call's
    assert {each["event"]["action"] for each in found} == {"kms.secrets.create", "kms.secrets.wrap"}
    assert {each["event"]["requestData"]["instanceID"] for each in listed(limit=1000)["resources"]} == {mine.instance}
    assert not listed(initiator=theirs.ask("GET", "/keys").headers["correlation-id"])["resources"]
    for filters, count in (({"outcome": "failure", "key": key}, 0), ({"action": "kms.secrets.", "key": key}, 2), ({"since": "2999-01-01T00:00:00Z"}, 0)):
        assert len(listed(**filters)["resources"]) == count, filters
    pages, after = [], None
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))  # each look is an event of its own: without an end there would be none
    while True:
        page = listed(limit=5, until=until, **({"after": after} if after else {}))
        pages += page["resources"]
        if not page["metadata"].get("incompleteSearch"):
            break
        after = page["metadata"]["next"]
    ids = [each["id"] for each in pages]
    assert len(ids) == len(set(ids)) and ids
    for odd in ({"after": "7"}, {"after": "x"}, {"since": "yesterday"}, {"outcome": "maybe"}, {"limit": "0"}):
        refused(seer.ask("GET", "/api/v1/audit/events", params=odd), 400, "INVALID_QUERY_PARAM_ERR")
    sinks = seer.ask("GET", "/api/v1/audit/sinks")
    assert sinks.status_code == 200
