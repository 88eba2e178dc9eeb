"""Loaded by Schemathesis: where its connections come from, and which keys and adapters it asks for.

The server counts failed logins by address and slows them down (429). Schemathesis tries a wrong token on each operation and wants 401;
so every connection comes from another of loopback's addresses, and a request that shows anything but the good token is the last on its
connection.

An identifier that is made up is never that of a key. So two requests in three ask for one that is there, and of deletions fewer.
"""

import itertools
import os
import re
import sys

import schemathesis
from urllib3.util import connection

addresses, calls = itertools.count(1), itertools.count(1)
connect = connection.create_connection
GOOD = next((each.split(": ", 1)[1] for each in sys.argv if each.startswith("--header=Authorization: ")), None)
THERE = {
    "/api/v2/keys/": itertools.cycle(os.environ["JUDGE_KEYS"].split(",")),
    "/api/v2/kmip_adapters/": itertools.cycle(os.environ["JUDGE_ADAPTERS"].split(",")),
}


def create_connection(address, *arguments, **named):
    number = next(addresses)
    named["source_address"] = (f"127.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255 or 1}", 0)
    return connect(address, *arguments, **named)


connection.create_connection = create_connection


@schemathesis.hook
def before_call(context, case, kwargs):
    ask_for_what_is_there(case)
    if case.path.endswith("/events"):
        case.query = {"seconds": 1}  # a stream: it ends after as long as was asked for
    shown = (kwargs.get("headers") or case.headers or {}).get("Authorization")
    if shown != GOOD:
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "Connection": "close"}


def ask_for_what_is_there(case):
    every = 10 if case.method == "DELETE" else 3
    if (next(calls) % every == 0) != (every == 10):
        return
    for prefix, identifiers in THERE.items():
        found = re.match(re.escape(prefix) + r"{(\w+)}", case.path)
        if found:
            case.path_parameters[found[1]] = next(identifiers)
