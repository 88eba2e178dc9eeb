"""A small disk of a test's own, and what fills it."""

import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system in memory, of so many bytes."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"NOT RUN: no file system can be mounted here (root and CAP_SYS_ADMIN are needed): {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(ballast):
    """Takes all the room there is, to the last byte; the blocks that are free all the same."""
    with open(ballast, "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\1" * size) == size:
                    pass
    return os.statvfs(ballast.parent).f_bavail
