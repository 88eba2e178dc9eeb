"""Runs OASIS's own test cases against a real server and holds what passes as a floor that only rises.

The cases and their runner are not part of this repository: the folder is an argument. Each protocol version gets a
fresh server. Its cases run in order, for some go on where others stopped; one that does not pass in that company is
tried once more with an adapter of its own, for the cases give the same names to their objects. The floor is a list of
case names, not a count, so that one case gained can't hide another one lost.

    oasis.py FOLDER                  run all, compare with the floor
    oasis.py FOLDER --update-floor   add what passes now to the floor
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
OUTCOMES = ["PASS", "STATUS", "FAIL", "ERR"]


def needs(case):
    """What a case's messages name and the server does not offer: operations, object types; or that its file is damaged."""
    text = case.read_text("utf-8-sig", "replace")
    operations = set(re.findall(r'<Operation [^>]*value="(\w+)"', text))
    kinds = set(re.findall(r'<ObjectType [^>]*value="(\w+)"', text))
    undo = {"the batch option Undo"} if 'value="Undo"' in text else set()
    damaged = {"(attribute names with line breaks inside)"} if re.search(r'<AttributeName [^>]*value="[^"]*\s{2}', text) else set()
    return (operations - OPERATIONS) | {f"object {kind}" for kind in kinds - OBJECTS} | undo | damaged


def run(folder, version, names, missing):
    """The results of one version's cases on a fresh server: the runner's own records, by case name."""
    with tempfile.TemporaryDirectory() as scratch, Keystead(scratch) as server:
        report = Path(scratch) / "report.json"
        chosen = ["--only", names] if names else []
        results = play(folder, server, server.issue("oasis"), report, folder / version, *chosen)
        again = [name for name, each in results.items() if each["result"] != "PASS" and not missing[name]]
        for number, name in enumerate(again):
            server.cli("adapter", "create", f"alone-{number}")
            certificate = server.issue("oasis", adapter=f"alone-{number}")
            alone = play(folder, server, certificate, report, folder / name)
            results |= {name: each for name, each in alone.items() if each["result"] == "PASS"}
        return results


def play(folder, server, certificate, report, *cases):
    identity = [certificate.ca, certificate.crt, certificate.key]
    command = [sys.executable, folder / "oasis_run.py", "localhost", str(server.port), *identity, *cases]
    subprocess.run([*command, "--json", report], check=True, stdout=subprocess.DEVNULL, timeout=900)
    return {str(Path(each["file"]).relative_to(folder)): each for each in json.loads(report.read_text())}


def row(name, *cells):
    print(f"{name:8}" + "".join(f"{cell:>10}" for cell in cells[:-1]) + f"{cells[-1]:>18}")


def print_table(results, missing, floor):
    row("", "cases", "in scope", *OUTCOMES, "floor", "passing in scope")
    for version, cases in results.items():
        counts = collections.Counter(each["result"] for each in cases.values())
        inside = [name for name in cases if not missing[name]]
        passed = sum(cases[name]["result"] == "PASS" for name in inside)
        share = f"{passed}/{len(inside)}"
        row(version, len(cases), len(inside), *(counts[each] for each in OUTCOMES), len(floor.get(version, [])), share)


def print_missing(missing):
    counts = collections.Counter(need for each in missing.values() for need in each)
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
    parser.add_argument("--update-floor", action="store_true", help="add what passes now to the floor")
    parser.add_argument("--only", default="", help="run the cases whose path matches this regular expression")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()

    cases = [case for version in VERSIONS for case in (folder / version).rglob("*.xml")]
    missing = {str(case.relative_to(folder)): needs(case) for case in cases}
    results = {version: run(folder, version, arguments.only, missing) for version in VERSIONS}
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
    return judge(passing, floor, arguments)


def judge(passing, floor, arguments):
    """Holds what passes against the floor, or raises that; the exit code."""
    raised = {version: sorted({*floor.get(version, []), *names}) for version, names in passing.items()}
    lost = sorted(name for version, names in raised.items() for name in names if name not in passing[version])
    for name in lost:
        print(f"\nLOST: {name} is in the floor and does not pass any more")
    if arguments.update_floor:
        FLOOR.write_text(json.dumps(raised, indent=1) + "\n")
        print(f"\nwrote {FLOOR.name}")
    elif any(set(names) - set(floor.get(version, [])) for version, names in passing.items()):
        again = f"target/venv/bin/python tests/oasis.py {arguments.folder} --update-floor"
        print(f"\nmore passes than the floor says; to raise it: {again}")
    now = sum(map(len, passing.values()))
    print(f"\n{now} passed, {len(lost)} failed")
    return 1 if lost or not now else 0


if __name__ == "__main__":
    sys.exit(main())
