"""Loaded by Schemathesis: every connection comes from another of loopback's addresses.

The server counts failed logins by address and slows them down (429). Schemathesis tries a wrong token on each operation and wants 401;
so it comes from many places, and a request that shows anything but the good token is the last on its connection.
"""

import itertools
import sys

import schemathesis
from urllib3.util import connection

numbers = itertools.count(1)
connect = connection.create_connection
GOOD = next((each.split(": ", 1)[1] for each in sys.argv if each.startswith("--header=Authorization: ")), None)


def create_connection(address, *arguments, **named):
    number = next(numbers)
    named["source_address"] = (f"127.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255 or 1}", 0)
    return connect(address, *arguments, **named)


connection.create_connection = create_connection


@schemathesis.hook
def before_call(context, case, kwargs):
    shown = (kwargs.get("headers") or case.headers or {}).get("Authorization")
    if shown != GOOD:
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "Connection": "close"}
