"""Keys that nothing needs any more: last use, orphans, quarantine; from outside, with real clients, over kills and restarts."""

import json
import subprocess
import time
import uuid

import pytest
import requests
from kmip.core import enums
from kmip.pie import client as pie

import clock
import rest
import wire
from keystead import Keystead, binary, environment, eventually
from test_pykmip import wrap_socket  # noqa: F401  (PyKMIP needs it)
from wire import ACTIVE, DEACTIVATED, PRE_ACTIVE, aes_256, attribute, unique

DAY = 2  # seconds
HASTY = {"quarantine_day": DAY, "round": 1}
NEVER_WAS = "00000000-0000-4000-8000-000000000000"


def started(folder, every=1, **timers):
    return Keystead(folder, timers=HASTY | timers, variables={"KEYSTEAD_USAGE_EVERY_SECONDS": str(every)})


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    with started(tmp_path_factory.mktemp("reclaim")) as running:
        yield running


@pytest.fixture(scope="module")
def vcenter(hasty):
    return hasty.issue("vcenter")


def connected(server, certificate):
    return wire.Connection(server.port, certificate, (1, 1))


def made(connection, *attributes, activate=True):
    """A key as vCenter makes, tags, and enables it."""
    key = connection.call("Create", *aes_256())["Unique Identifier"]
    for name, value in attributes:
        connection.call("Add Attribute", unique(key), attribute(name, value))
    if activate:
        connection.call("Activate", unique(key))
    return key


def run(server, *arguments, stdin=None):
    """A command, whatever it comes to."""
    command = [binary(), *arguments, "--data", server.data]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, env=environment())


def show(server, key):
    return server.json("key", "show", key)


def ask(server, method, path, body=None):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    return requests.request(method, f"{server.url}/api/v1{path}", json=body, headers=headers, verify=server.ca, timeout=60)


# Last use.


def test_a_key_shows_when_it_was_handed_out_to_whom_and_from_where(hasty, vcenter):
    host = hasty.issue("host-7")
    with connected(hasty, vcenter) as first, connected(hasty, host) as second:
        key = made(first)
        assert "last" not in show(hasty, key)["usage"]
        first.material(key)
        first.material(key)
        second.material(key)
        second.attributes(key, "State")
    usage = show(hasty, key)["usage"]
    assert usage["count"] == 3
    assert usage["other"] == "Get Attributes"
    last = usage["last"]
    assert (last["client"], last["address"]) == ("host-7", "127.0.0.1")
    assert last["by"].startswith("CertificateID-") and len(last["by"]) == 14 + 64
    listed = {each["id"]: each for each in hasty.json("key", "list")}
    assert listed[key]["usage"] == usage
    assert f"{last['at']}, to host-7 at 127.0.0.1; 3 times in all" in hasty.cli("key", "show", key)
    over_rest = ask(hasty, "GET", f"/adapters/default/keys/{key}").json()["resources"]
    assert over_rest == [show(hasty, key)]


def test_what_is_refused_is_no_use(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        key = made(connection)
        connection.call("Revoke", unique(key), wire.structure("Revocation Reason", wire.enumeration("Revocation Reason Code", 1)))
        connection.call("Destroy", unique(key))
        with pytest.raises(wire.Refused):
            connection.material(key)
    assert show(hasty, key)["usage"]["count"] == 0


def test_a_clean_stop_loses_no_use_and_a_kill_the_last_interval_at_most(tmp_path):
    with started(tmp_path, every=3600) as server:
        certificate = server.issue("vc")
        with connected(server, certificate) as connection:
            key = made(connection)
            connection.material(key)
        assert server.stop() == 0
        server.start()
        assert show(server, key)["usage"]["count"] == 1
        with connected(server, certificate) as connection:
            connection.material(key)
        assert show(server, key)["usage"]["count"] == 2
        server.kill()
        server.start()
        assert show(server, key)["usage"]["count"] == 1  # the interval is an hour here
        journal = b"".join(file.read_bytes() for file in (server.data / "journal").iterdir())
        assert journal.count(b'"action":"kms.kmip.get"') == 2  # the journal has the truth
        server.stop()
        server.variables["KEYSTEAD_USAGE_EVERY_SECONDS"] = "1"
        server.start()
        with connected(server, certificate) as connection:
            connection.material(key)
        time.sleep(3)
        server.kill()
        server.start()
        usage = show(server, key)["usage"]
        assert (usage["count"], usage["last"]["client"]) == (2, "vc")


def test_a_use_leaves_the_object_as_it_is(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        key = made(connection)
        connection.material(key)
        before = connection.attributes(key)
        for _ in range(5):
            connection.material(key)
        time.sleep(2.5)
        assert connection.attributes(key) == before


def test_keys_that_are_unused_since(tmp_path):
    with clock.keystead(tmp_path, -100 * 86400) as server:
        certificate = server.issue("vc")
        with connected(server, certificate) as connection:
            old, used = made(connection), made(connection)
            clock.set_clock(tmp_path, 0)
            connection.material(used)
            young = made(connection)
        unused = {since: {key["id"] for key in server.json("key", "list", "--unused-since", since)} for since in ("90d", "101d")}
        assert unused == {"90d": {old}, "101d": set()}
        assert {old, used, young} <= {key["id"] for key in server.json("key", "list")}
        wrong = run(server, "key", "list", "--unused-since", "lately")
        assert wrong.returncode == 2 and "90d" in wrong.stderr


# Whoever takes a key away that was handed out lately is told.


def test_a_deletion_warns_of_recent_use(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        used, unused, by_kmip = (made(connection, activate=False) for _ in range(3))
        connection.material(used)
        connection.material(by_kmip)
        said = run(hasty, "key", "destroy", used)
        assert said.returncode == 2 and "It was handed out on" in said.stderr and "vcenter at 127.0.0.1" in said.stderr
        assert "It was handed out" not in run(hasty, "key", "destroy", unused).stderr
        answer = ask(hasty, "DELETE", f"/adapters/default/keys/{used}")
        assert answer.status_code == 204 and "was handed out to vcenter at 127.0.0.1" in answer.headers["keystead-warning"]
        answer = ask(hasty, "DELETE", f"/adapters/default/keys/{unused}")
        assert answer.status_code == 204 and "keystead-warning" not in answer.headers
        connection.call("Destroy", unique(by_kmip))
    log = hasty.log.read_text()
    assert any(by_kmip in line and "handed out in the last 90 days" in line for line in log.splitlines())


# Orphans.


@pytest.fixture(scope="module")
def aged(tmp_path_factory):
    """A server whose keys were made 40 days ago."""
    folder = tmp_path_factory.mktemp("aged")
    with clock.keystead(folder, -40 * 86400) as server:
        server.certificate = server.issue("vc")
        with connected(server, server.certificate) as connection:
            server.needed = [made(connection) for _ in range(3)]
            server.vm = made(connection, ("x-Component", "Virtual Machine"), ("x-Name", "old-vm"), ("x-Identifier", "vm-42"))
            server.host = made(connection, ("x-Component", "ESXi Server"), ("x-Name", "esx-1"))
            server.gone = made(connection, activate=False)
            server.late = made(connection, activate=False)
            connection.call("Destroy", unique(server.late))
            server.deleted = made(connection)
        server.cli("adapter", "create", "other")
        with connected(server, server.issue("vc-other", "other")) as connection:
            server.others = made(connection)
        clock.set_clock(folder, 0)
        server.cli("standardkey", "delete", f"vmware_kmip_{server.deleted}", "--yes")
        with connected(server, server.certificate) as connection:
            connection.call("Destroy", unique(server.gone))
            server.young = made(connection)
        yield server


def orphans(server, text, *more, file="inventory"):
    path = server.data.parent / file
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run(server, "key", "orphans", "--inventory", path, *more)
    return done.returncode, done.stdout, done.stderr


def report(server, text, *more):
    code, out, err = orphans(server, text, "--json", *more)
    assert code in (0, 3), err
    return code, json.loads(out)


def shapes(keys):
    """The same keys in every shape that an export may have."""
    table = "Name,KeyId,ProviderId\r\n" + "".join(f'"vm ""{i}"", x",{key},keystead\r\n' for i, key in enumerate(keys))
    govc = {"virtualMachines": [{"config": {"keyId": {"keyId": key, "providerId": {"id": "keystead"}}}} for key in keys]}
    powercli = [{"Name": "vm", "KeyId": {"KeyId": key, "ProviderId": {"Id": "keystead"}}} for key in keys]
    return {
        "csv": table,
        "csv, other order, semicolons": "ProviderId;VM;Crypto Key ID\n" + "".join(f"keystead;vm;{key}\n" for key in keys),
        "csv, byte order mark": b"\xef\xbb\xbf" + table.encode(),
        "csv, Windows PowerShell": ("#TYPE Selected.System.String\r\n" + table).encode("utf-16"),
        "csv, UTF-16 the other way": b"\xfe\xff" + table.encode("utf-16-be"),
        "govc": json.dumps(govc),
        "ConvertTo-Json": json.dumps(powercli, indent=4).encode("utf-16"),
        "vSAN": json.dumps([{"KekId": key, "KmsProviderId": {"Id": "keystead"}} for key in keys]),
        "list": "\r\n".join(keys),
        "array": json.dumps([key.upper() for key in keys]),
    }


@pytest.mark.parametrize("shape", shapes([]))
def test_an_inventory_in_each_shape(aged, shape):
    code, found = report(aged, shapes(aged.needed)[shape])
    assert code == 0
    assert (found["matched"], found["missing"], found["young"], found["other_providers"]) == (3, [], 1, {})
    assert {each["id"] for each in found["candidates"]} == {aged.vm, aged.host}


def test_candidates_say_what_they_were_for(aged):
    _, found = report(aged, "\n".join(aged.needed))
    candidates = {each["id"]: each for each in found["candidates"]}
    vm, host = candidates[aged.vm], candidates[aged.host]
    assert (vm["name"], vm["component"], vm["identifier"], vm["age_days"]) == ("old-vm", "Virtual Machine", "vm-42", 40)
    assert "snapshots, backups" in vm["notes"][0] and "core dumps" in host["notes"][0]
    code, out, _ = orphans(aged, "\n".join(aged.needed))
    assert code == 0 and "old-vm" in out and "3 keys are here and in the inventory, 2 are here alone, 0 are" in out


def test_what_vcenter_needs_and_we_lack(aged):
    foreign = "17"
    wanted = [*aged.needed, aged.gone, aged.late, aged.deleted, aged.others, NEVER_WAS, foreign]
    code, found = report(aged, "KeyId\n" + "\n".join(wanted))
    assert code == 3
    missing = {each["id"]: each for each in found["missing"]}
    assert {key: each["why"] for key, each in missing.items()} == {
        aged.gone: "destroyed",
        aged.late: "destroyed",
        aged.deleted: "deleted",
        aged.others: "other-adapter",
        NEVER_WAS: "never-seen",
        foreign: "foreign",
    }
    for key in (aged.deleted, aged.gone):
        assert "can be restored until" in missing[key]["detail"] and missing[key]["restorable_until"]
    assert "can't be restored" in missing[aged.late]["detail"] and "restorable_until" not in missing[aged.late]
    assert "adapter other" in missing[aged.others]["detail"]
    code, out, _ = orphans(aged, "KeyId\n" + "\n".join(wanted))
    assert code == 3 and "vCenter needs these keys" in out


def test_other_providers_are_told_apart(aged):
    rows = [f"{key},keystead" for key in aged.needed] + [f"{uuid.uuid4()},elsewhere" for _ in range(4)]
    text = "KeyId,ProviderId\n" + "\n".join(rows)
    code, found = report(aged, text)
    assert (code, found["other_providers"], found["matched"]) == (0, {"elsewhere": 4}, 3)
    code, found = report(aged, text, "--provider", "elsewhere")
    assert (code, found["other_providers"], len(found["missing"])) == (3, {"keystead": 3}, 4)
    code, _, err = orphans(aged, text, "--provider", "nobody")
    assert code == 2 and "elsewhere, keystead" in err
    nobody = "KeyId,ProviderId\n" + f"{uuid.uuid4()},a\n{uuid.uuid4()},b\n"
    code, _, err = orphans(aged, nobody)
    assert code == 2 and "--provider" in err


def test_duplicates_are_counted(aged):
    _, found = report(aged, "KeyId\n" + "\n".join(aged.needed * 3))
    assert (found["matched"], found["duplicates"]) == (3, 6)


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "names no key"),
        ("KeyId,Name\n", "names no key"),
        ("[]", "names no key"),
        ("Name,Power\nvm,on\n", "none of its columns"),
        ("hello\nworld\n", "line 1 is no key id"),
        ('{"keyId": ', "begins like JSON"),
        (b"\x00\xff\x01", "no text"),
        ("KeyId\nVMware.Vim.CryptoKeyId\n", "ConvertTo-Json -Depth"),
        ('KeyId,Name\n"x,y\n', "line 2 opens a quote"),
    ],
)
def test_an_inventory_in_the_wrong_shape(aged, text, says):
    before = aged.json("key", "list")
    code, out, err = orphans(aged, text)
    assert (code, out) == (1, "")
    assert says in err
    assert "Name,KeyId,ProviderId\n  vm-1," in err
    assert aged.json("key", "list") == before


def test_a_hundred_thousand_ids_in_seconds(aged):
    text = "KeyId,ProviderId\n" + "".join(f"{uuid.uuid4()},keystead\n" for _ in range(100_000)) + f"{aged.needed[0]},keystead\n"
    began = time.monotonic()
    code, found = report(aged, text)
    assert (code, len(found["missing"]), found["matched"]) == (3, 100_000, 1)
    assert time.monotonic() - began < 30


# Quarantine.


def quarantined(server, key):
    return {each["id"]: each for each in server.json("key", "quarantine", "list")}.get(key)


def alarms(server, key):
    return [alarm for alarm in server.json("alarm", "list") if alarm.get("about") == key]


def states(server, key):
    return show(server, key)["state"]


def enter(server, *keys, days="1", then="destroy"):
    return server.json("key", "quarantine", *keys, "--days", days, "--then", then, "--yes")


def test_a_key_that_nobody_asks_for_is_destroyed_at_the_end(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        key, kept = made(connection), made(connection)
        connection.material(key)
        entered = {each["id"]: each for each in enter(hasty, key) + enter(hasty, kept, then="keep")}
        assert entered[key]["state_before"] == "Active"
        assert connection.attributes(kept, "State")["State"] == DEACTIVATED
        eventually(lambda: states(hasty, key) == "Destroyed")
        with pytest.raises(wire.Refused):
            connection.material(key)
        assert quarantined(hasty, key) is None
        assert quarantined(hasty, kept)["then"] == "keep"
        assert states(hasty, kept) == "Deactivated"
        hasty.cli("key", "release", kept)
        assert states(hasty, kept) == "Active"


def test_a_key_that_is_asked_for_is_handed_out_and_stays(hasty, vcenter):
    """As vCenter does it: Get, then the state."""
    with connected(hasty, vcenter) as connection:
        key = made(connection)
        material = connection.material(key)
        before = connection.attributes(key)
        enter(hasty, key)
        assert connection.material(key) == material
        assert connection.attributes(key, "State")["State"] == DEACTIVATED
        asked = quarantined(hasty, key)["asked"]
        assert (asked["client"], asked["address"]) == ("vcenter", "127.0.0.1")
        (alarm,) = alarms(hasty, key)
        assert alarm["kind"] == "quarantine" and f"keystead key release {key}" in alarm["advice"]
        time.sleep(DAY + 3)
        assert connection.material(key) == material
        assert states(hasty, key) == "Deactivated"
        hasty.cli("key", "release", key)
        assert alarms(hasty, key) == [] and quarantined(hasty, key) is None
        after = connection.attributes(key)
        assert after["State"] == ACTIVE
        assert {name: after[name] for name in before if name != "Last Change Date"} == {
            name: value for name, value in before.items() if name != "Last Change Date"
        }
        assert set(after) == set(before)
    said = [line for line in hasty.log.read_text().splitlines() if key in line and "in quarantine is asked for" in line]
    assert len(said) == 1  # once an hour


def test_pykmip_gets_a_key_out_of_quarantine(hasty, vcenter):
    opened = pie.ProxyKmipClient("127.0.0.1", hasty.port, vcenter.crt, vcenter.key, vcenter.ca)
    with opened as client:
        key = client.create(enums.CryptographicAlgorithm.AES, 256, cryptographic_usage_mask=[enums.CryptographicUsageMask.ENCRYPT])
        value = client.get(key).value
        enter(hasty, key, days="3650")
        assert client.get(key).value == value
    assert len(alarms(hasty, key)) == 1


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_quarantine_goes_on_after_a_restart(tmp_path, how):
    with started(tmp_path, every=3600, quarantine_day=8) as server:
        certificate = server.issue("vc")
        with connected(server, certificate) as connection:
            unasked, asked, before = (made(connection) for _ in range(3))
            connection.material(before)
            enter(server, unasked, asked, before)
            connection.material(asked)
        getattr(server, how)()
        server.start()
        assert {each["id"] for each in server.json("key", "quarantine", "list")} == {unasked, asked, before}
        assert quarantined(server, asked)["asked"]["client"] == "vc"  # it was on disk before the key left
        assert len(alarms(server, asked)) == 1
        eventually(lambda: states(server, unasked) == "Destroyed" and states(server, before) == "Destroyed", 30)
        assert states(server, asked) == "Deactivated"


def test_states_before_are_put_back(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        pre_active, active, deactivated = made(connection, activate=False), made(connection), made(connection)
        connection.call("Revoke", unique(deactivated), wire.structure("Revocation Reason", wire.enumeration("Revocation Reason Code", 1)))
        since = connection.attributes(deactivated, "Deactivation Date")
        for key, state in ((pre_active, PRE_ACTIVE), (active, ACTIVE), (deactivated, DEACTIVATED)):
            enter(hasty, key, days="3650")
            assert connection.attributes(key, "State")["State"] == DEACTIVATED
            hasty.cli("key", "release", key)
            assert connection.attributes(key, "State")["State"] == state
        assert connection.attributes(deactivated, "Deactivation Date") == since
        connection.call("Activate", unique(pre_active))


def test_who_takes_a_key_away_ends_its_quarantine(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        destroyed, deleted = made(connection), made(connection)
        enter(hasty, destroyed, deleted, days="3650")
        connection.call("Destroy", unique(destroyed))
        hasty.cli("standardkey", "delete", f"vmware_kmip_{deleted}", "--yes")
        eventually(lambda: quarantined(hasty, destroyed) is None)
        assert alarms(hasty, destroyed) == []


def test_orphans_go_into_quarantine_by_their_report(aged):
    _, _ = report(aged, "\n".join(aged.needed))
    file = aged.data.parent / "orphans.json"
    file.write_text(orphans(aged, "\n".join(aged.needed), "--json")[1])
    refused = run(aged, "key", "quarantine", "--from", file)
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert {each["id"] for each in aged.json("key", "quarantine", "--from", file, "--days", "60", "--yes")} == {aged.vm, aged.host}
    again = run(aged, "key", "quarantine", "--from", file, "--yes")
    assert again.returncode == 1 and "in quarantine already" in again.stderr
    for key in (aged.vm, aged.host):
        aged.cli("key", "release", key)
    file.write_text("{}")
    assert "no report of orphans" in run(aged, "key", "quarantine", "--from", file, "--yes").stderr
    assert "of adapter default, not of other" in run(
        aged, "key", "quarantine", "--from", made_report(aged), "--adapter", "other", "--yes"
    ).stderr


def made_report(server):
    file = server.data.parent / "report.json"
    file.write_text(orphans(server, "\n".join(server.needed), "--json")[1])
    return file


def test_what_can_not_go_into_quarantine(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        key, compromised, destroyed = made(connection), made(connection), made(connection, activate=False)
        connection.call("Revoke", unique(compromised), wire.structure("Revocation Reason", wire.enumeration("Revocation Reason Code", 2)))
        connection.call("Destroy", unique(destroyed))
    path = "/adapters/default/keys/{}/quarantine"
    for where, method, body, status, says in [
        (compromised, "POST", {}, 409, "is compromised"),
        (destroyed, "POST", {}, 409, "is destroyed"),
        (NEVER_WAS, "POST", {}, 404, "no such key"),
        ("word", "POST", {}, 404, "no key"),
        (key, "POST", {"days": 0}, 400, "1 to 3650"),
        (key, "POST", {"days": 3651}, 400, "1 to 3650"),
        (key, "POST", {"days": -1}, 400, "expected u32"),
        (key, "POST", {"then": "explode"}, 400, "explode"),
        (key, "POST", {"day": 1}, 400, "day"),
        (key, "DELETE", None, 409, "is not in quarantine"),
        (NEVER_WAS, "DELETE", None, 404, "no such key"),
    ]:
        answer = ask(hasty, method, path.format(where), body)
        assert answer.status_code == status, (where, body, answer.text)
        assert says in answer.text, (where, body, answer.text)
    assert states(hasty, key) == "Active"
    assert ask(hasty, "POST", path.format(key), {}).status_code == 201
    assert ask(hasty, "POST", path.format(key), {}).status_code == 409


def test_each_step_has_its_event(hasty, vcenter):
    with connected(hasty, vcenter) as connection:
        key = made(connection)
        enter(hasty, key, days="3650")
        connection.material(key)
        hasty.cli("key", "release", key)
    database = b"".join(file.read_bytes() for file in hasty.data.iterdir() if file.name.startswith("keystead.db"))
    for action in (b"keystead.kmip-object.quarantine", b"keystead.kmip-object.release"):
        assert action in database


def test_adapters_beyond_the_first_page_are_looked_at_too(tmp_path):
    """Key Protect gives 200 adapters a page at the most."""
    more = {"KEYSTEAD_LIMITS_ADAPTERS_PER_INSTANCE": "300"}
    with Keystead(tmp_path, variables=more) as server:
        api = rest.Api(server, server.api_key, server.json("instance", "list")[0]["id"])
        root = server.json("rootkey", "list")[0]["id"]
        names = {"default", *(api.adapter(root, f"a{number:03}")["name"] for number in range(205))}
        listed = server.json("adapter", "list")
        assert len(listed) == 206 and {adapter["name"] for adapter in listed} == names
        first, last = listed[0]["name"], listed[-1]["name"]
        with connected(server, server.issue("vcenter", last)) as connection:
            theirs = made(connection)
        code, found = report(server, theirs, "--adapter", first)
        assert code == 3 and [(each["id"], each["why"]) for each in found["missing"]] == [(theirs, "other-adapter")], found
