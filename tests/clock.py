"""A server whose clock is ours: libfaketime around it, with the time in a file that may change while it runs.

Only the wall clock is moved. The monotonic one, by which deadlines are kept, goes on (FAKETIME_DONT_FAKE_MONOTONIC).
"""

from pathlib import Path

from keystead import Keystead

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def keystead(folder, offset, **named):
    """A Keystead whose clock is off by so many seconds; `set_clock` moves it."""
    assert LIBRARIES, "libfaketime is missing: install the Debian package `faketime` (cargo xtask does)"
    folder.mkdir(parents=True, exist_ok=True)
    set_clock(folder, offset)
    variables = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }
    return Keystead(folder, variables=variables, **named)


def set_clock(folder, offset):
    """From now on the clock is off by so many seconds."""
    new = folder / "clock.new"
    new.write_text(f"{offset:+d}\n")
    new.rename(folder / "clock")
