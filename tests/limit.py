"""A limit on the memory of a process: by a control group where one can be made, else by its address space.

The strictest that the machine lets us have is taken: cgroup v1, cgroup v2, then `prlimit --data`, which counts what a process has
asked for and not what it uses.
"""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
JOIN = 'echo $$ > "$0" && exec "$@"'


@contextlib.contextmanager
def memory(limit):
    """How it is limited, and the command to put before the one that is."""
    for how, root, setting in (("cgroup v1", V1, "memory.limit_in_bytes"), ("cgroup v2", V2, "memory.max")):
        group = root / f"keystead-test-{os.getpid()}"
        if not made(group, setting, limit):
            continue
        try:
            yield how, ["sh", "-c", JOIN, str(group / "cgroup.procs")]
        finally:
            group.rmdir()
        return
    if shutil.which("prlimit") is None:
        pytest.skip("NOT RUN: this machine lets us limit no memory: no control group, no prlimit")
    yield "prlimit --data", ["prlimit", f"--data={limit}", "--"]


def made(group, setting, limit):
    """Whether there is such a group now, with the limit in force."""
    try:
        group.mkdir()
        (group / setting).write_text(str(limit))
        return True
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return False
