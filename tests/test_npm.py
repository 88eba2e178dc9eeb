"""IBM's SDK for Node, version 0.1.2 from npm: the cases are in `npm/judge.cjs`, and Node's own runner runs them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from rest import House

pytestmark = pytest.mark.judge

JUDGE = Path(__file__).parent / "npm" / "judge.cjs"
MODULES = Path(__file__).parent.parent / "target" / "npm" / "node_modules"
COUNTED = ["pass", "fail", "cancelled", "skipped", "todo"]


def test_every_case(hasty, capfd):
    """Node's closing lines go to the terminal, where whoever counts tests finds them."""
    assert MODULES.is_dir(), "the SDK is not installed: cargo xtask test --only judges"
    api = House(hasty).manager()
    settings = {
        "NODE_EXTRA_CA_CERTS": hasty.ca,
        "NODE_PATH": str(MODULES),
        "JUDGE_URL": hasty.url,
        "JUDGE_API_KEY": hasty.api_key,
        "JUDGE_INSTANCE": api.instance,
    }
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", JUDGE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        env={**{name: value for name, value in os.environ.items() if not name.startswith("IBM_")}, **settings},
    )
    counts = {name: int(number) for name, number in re.findall(r"^# (\w+) (\d+)$", done.stdout, re.MULTILINE)}
    with capfd.disabled():
        print()
        print("\n".join(f"# {name} {counts[name]}" for name in COUNTED if name in counts))
    cases = len(re.findall(r"^test\(", JUDGE.read_text(), re.MULTILINE))
    assert {name: counts.get(name) for name in COUNTED} == {**dict.fromkeys(COUNTED, 0), "pass": cases}, done.stdout
    assert cases >= 20
    assert done.returncode == 0, done.stdout
