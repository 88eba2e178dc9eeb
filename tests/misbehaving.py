"""A server that does wrong on purpose: what a suite that judges answers must not let pass.

    python misbehaving.py HOW CERTIFICATE KEY

prints its port. Invariant: every way to do wrong is one row of WAYS.
"""

import socket
import ssl
import struct
import sys
import threading
import time

import ttlv
from ttlv import enumeration, integer, structure, text

hoard = []


def answer(status, reason=None):
    """A response of one item, as a KMIP server makes it."""
    version = structure("Protocol Version", integer("Protocol Version Major", 1), integer("Protocol Version Minor", 4))
    head = structure("Response Header", version, ttlv.date("Time Stamp", int(time.time())), integer("Batch Count", 1))
    failure = () if reason is None else (enumeration("Result Reason", reason), text("Result Message", "so be it"))
    return ttlv.encode(structure("Response Message", head, structure("Batch Item", enumeration("Result Status", status), *failure)))


def late():
    time.sleep(0.2)
    return answer(1, 4)


def greedy():
    hoard.append(b"x" * (16 << 20))
    return answer(1, 4)


WAYS = {
    "good": lambda: answer(1, 4),
    "agrees": lambda: answer(0),
    "fails": lambda: answer(1, 0x100),
    "unknown reason": lambda: answer(1, 0x7777),
    "babbles": lambda: b"\x42\x00\x7b\x01\x00\x00\x00\x10" + b"\xff" * 16,
    "says nothing": lambda: time.sleep(3600),
    "late": late,
    "greedy": greedy,
    "dies": lambda: sys.exit(3),
}


def serve(how, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            accepted, _ = listener.accept()
            if how == "dies":
                sys.exit(3)
            threading.Thread(target=converse, args=(context, accepted, how), daemon=True).start()


def converse(context, accepted, how):
    try:
        with context.wrap_socket(accepted, server_side=True) as connection:
            while connection.recv(1 << 20):
                connection.sendall(WAYS[how]())
    except (OSError, struct.error):
        pass


if __name__ == "__main__":
    serve(*sys.argv[1:])
