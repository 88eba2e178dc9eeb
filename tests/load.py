"""A steady load of Gets, on connections that stay and on new ones, that keeps account of what was answered and what was not.

The invariant: nothing is tried again in secret. A request that got no answer, and a connection that ended, are failures.
"""

import contextlib
import threading
import time

import wire


class Load:
    """Threads that ask for one key: `live` connections, each `rate` times a second, and one that opens a new one for each Get."""

    def __init__(self, port, certificate, key, live=1, rate=100, fresh=True, pause=0.0):
        self.port, self.certificate, self.key = port, certificate, key
        self.pause, self.period = pause, 1 / rate
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.answered, self.failures, self.last = 0, [], 0.0
        self.threads = [threading.Thread(target=self._stay, daemon=True) for _ in range(live)]
        self.threads += [threading.Thread(target=self._come_and_go, daemon=True)] if fresh else []

    def __enter__(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=30)
        self.seconds = time.monotonic() - self.begun

    @property
    def rate(self):
        """Answers a second."""
        return self.answered / self.seconds

    def _answered(self):
        now = time.monotonic()
        with self.lock:
            self.answered += 1
            self.last = max(self.last, now)

    def _failed(self, where, error):
        if not self.over.is_set():
            with self.lock:
                self.failures.append(f"{where}: {error!r}")

    def _stay(self):
        try:
            with wire.Connection(self.port, self.certificate) as connection:
                due = time.monotonic()
                while not self.over.is_set():
                    assert connection.material(self.key)
                    self._answered()
                    due += self.period
                    time.sleep(max(0.0, due - time.monotonic()))
        except Exception as error:  # whatever it is, it is a Get that was not answered
            self._failed("an open connection", error)

    def _come_and_go(self):
        while not self.over.is_set():
            try:
                with wire.Connection(self.port, self.certificate) as connection:
                    assert connection.material(self.key)
                    self._answered()
            except Exception as error:
                self._failed("a new connection", error)
                time.sleep(0.01)
            time.sleep(self.pause)


def create(port, certificate):
    """A key to ask for."""
    with contextlib.closing(wire.Connection(port, certificate)) as connection:
        return connection.call("Create", *wire.aes_256())["Unique Identifier"]
