"""Runs OASIS's own test cases against a real server and holds what passes as a floor that only rises.

The cases and their runner are not part of this repository: the folder is an argument. Each protocol version gets a
fresh server, and each case an adapter of its own there, for the cases give the same names to their objects; only those
that go on where the case before them stopped share one. The floor is a list of case names, not a count, so that one
case gained can't hide another one lost.

    oasis.py FOLDER                  run all, compare with the floor
    oasis.py FOLDER --update-floor   write what passes now as the new floor
"""

import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from keystead import Keystead

VERSIONS = ["v1.0", "v1.1", "v1.2", "v1.3", "v1.4"]
FLOOR = Path(__file__).parent / "oasis-floor.json"
OPERATIONS = set(
    "Activate AddAttribute Check Create DeleteAttribute Destroy DiscoverVersions Get GetAttributeList GetAttributes "
    "GetUsageAllocation Locate ModifyAttribute ObtainLease Query ReKey Register Revoke".split()
)
OBJECTS = {"SymmetricKey", "SecretData", "OpaqueObject"}
SERIES = re.compile(r"(SASED|TL)[-_]")  # a storage array, a tape library: configure, then register, then retrieve
OUTCOMES = ["PASS", "STATUS", "FAIL", "ERR"]


def needs(case):
    """What a case's messages name and the server does not offer: operations, object types; or that its file is damaged."""
    text = case.read_text("utf-8-sig", "replace")
    operations = set(re.findall(r'<Operation [^>]*value="(\w+)"', text))
    kinds = set(re.findall(r'<ObjectType [^>]*value="(\w+)"', text))
    damaged = {"(attribute names with line breaks inside)"} if re.search(r'<AttributeName [^>]*value="[^"]*\s{2}', text) else set()
    return (operations - OPERATIONS) | {f"object {kind}" for kind in kinds - OBJECTS} | damaged


def series(case):
    """What a case shares an adapter with: its series, or nothing but itself."""
    found = SERIES.match(case.name)
    return f"{case.parent.name}-{found.group(1)}" if found else str(case)


def run(folder, version, names):
    """The results of one version's cases on a fresh server: the runner's own records, by case name."""
    groups = collections.defaultdict(list)
    for case in sorted((folder / version).rglob("*.xml")):
        if re.search(names, str(case)):
            groups[series(case)].append(case)
    results = {}
    with tempfile.TemporaryDirectory() as scratch, Keystead(scratch) as server:
        for number, cases in enumerate(groups.values()):
            server.cli("adapter", "create", f"case-{number}")
            certificate = server.issue("oasis", adapter=f"case-{number}")
            for each in play(folder, server, certificate, cases, Path(scratch) / "report.json"):
                results[str(Path(each["file"]).relative_to(folder))] = each
    return dict(sorted(results.items()))


def play(folder, server, certificate, cases, report):
    identity = [certificate.ca, certificate.crt, certificate.key]
    command = [sys.executable, folder / "oasis_run.py", "localhost", str(server.port), *identity, *cases]
    subprocess.run([*command, "--json", report], check=True, stdout=subprocess.DEVNULL, timeout=900)
    return json.loads(report.read_text())


def row(name, *cells):
    print(f"{name:8}" + "".join(f"{cell:>10}" for cell in cells))


def print_table(results, missing, floor):
    row("", "cases", "in scope", *OUTCOMES, "floor", "in scope and PASS")
    for version, cases in results.items():
        counts = collections.Counter(each["result"] for each in cases.values())
        inside = [name for name in cases if not missing[name]]
        passed = sum(cases[name]["result"] == "PASS" for name in inside)
        share = f"{passed}/{len(inside)}"
        row(version, len(cases), len(inside), *(counts[each] for each in OUTCOMES), len(floor.get(version, [])), share)


def print_missing(missing):
    counts = collections.Counter(need for needs_of_case in missing.values() for need in needs_of_case)
    print("\nout of scope, because they need (cases):")
    print("  " + ", ".join(f"{need} {count}" for need, count in counts.most_common()))


def print_shortfall(results, missing):
    print("\nin scope, and not PASS:")
    for cases in results.values():
        for name, each in cases.items():
            if each["result"] != "PASS" and not missing[name]:
                print(f"  {each['result']:6} {name}   {each['why']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder with oasis_run.py and v1.0 to v1.4")
    parser.add_argument("--update-floor", action="store_true", help="write what passes now as the new floor")
    parser.add_argument("--only", default="", help="run the cases whose path matches this regular expression")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()

    results = {version: run(folder, version, arguments.only) for version in VERSIONS}
    missing = {name: needs(folder / name) for cases in results.values() for name in cases}
    passing = {
        version: sorted(name for name, each in cases.items() if each["result"] == "PASS")
        for version, cases in results.items()
    }
    floor = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    print_shortfall(results, missing)
    print_missing(missing)
    print()
    print_table(results, missing, floor)
    if arguments.only:
        return 0
    return judge(passing, floor, arguments.update_floor)


def judge(passing, floor, update):
    """Holds what passes against the floor, or writes it as the new one; the exit code."""
    now = {name for names in passing.values() for name in names}
    before = {name for names in floor.values() for name in names}
    if update:
        FLOOR.write_text(json.dumps(passing, indent=1) + "\n")
        print(f"\nwrote {FLOOR.name}: {len(before)} cases before, {len(now)} now")
    else:
        for name in sorted(before - now):
            print(f"\nLOST: {name} is in the floor and does not pass any more")
        if now - before:
            print(f"\n{len(now - before)} cases pass that are not in the floor: raise it with --update-floor")
    lost = 0 if update else len(before - now)
    print(f"\n{len(now)} passed, {lost} failed")
    return 1 if lost or not now else 0


if __name__ == "__main__":
    sys.exit(main())
