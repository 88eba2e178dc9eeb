"""A real `keystead serve` as a child process, in a folder of its own, on ports of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN = 60  # seconds: a busy machine may take long over the first start's RSA key


def binary():
    """The binary under test: KEYSTEAD_BIN, or the release build of this work tree."""
    found = os.environ.get("KEYSTEAD_BIN") or Path(__file__).parent.parent / "target" / "release" / "keystead"
    if not Path(found).is_file():
        raise SystemExit(f"no server at {found}: build it (cargo build --release -p server) or set KEYSTEAD_BIN")
    return str(found)


@dataclass(frozen=True)
class Certificate:
    """A client's identity as `keystead client issue` writes it: three files."""

    crt: str
    key: str
    ca: str


class Keystead:
    """Starts on entry, ends on exit; `kill` and `start` may be called in between.

    `timers` goes into the configuration file's table of that name: waiting times in seconds, IBM's own where none is given.
    `prefix` is a command that runs the server as its last arguments; `variables` are environment variables of the server alone.
    """

    def __init__(self, folder, timers=None, prefix=(), variables=None):
        self.data = Path(folder) / "data"
        self.timers = timers or {}
        self.prefix = list(prefix)
        self.variables = variables or {}
        self.log = Path(folder) / "keystead.log"
        self.issued = Path(folder) / "issued"
        self.port, self.admin = free_ports(2)
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        code = self.stop()
        assert code in (None, 0), f"keystead ended with {code} at SIGTERM:\n{self.tail()}"

    def start(self, wait=True):
        """`wait`: until it listens; without, whoever starts it must end it."""
        listen = ["--kmip-listen", f"127.0.0.1:{self.port}", "--admin-listen", f"127.0.0.1:{self.admin}"]
        names = ["--name", "localhost", "--name", "127.0.0.1"]
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                [*self.prefix, binary(), "serve", *self.configuration(), "--data", self.data, *names, *listen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment() | self.variables,
            )
        if not wait:
            return
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def configuration(self):
        """The flag that names the configuration file, where there is anything to say in one."""
        if not self.timers:
            return []
        file = self.data.parent / "keystead.toml"
        file.write_text("[timers]\nfor_tests = true\n" + "".join(f"{name} = {seconds}\n" for name, seconds in self.timers.items()))
        return ["--config", str(file)]

    def _wait(self):
        deadline = time.monotonic() + READY_WITHIN
        while not (listens(self.port) and listens(self.admin) and (self.data / "admin.json").exists()):
            if self.child.poll() is not None:
                raise RuntimeError(f"keystead ended with {self.child.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"keystead is not ready after {READY_WITHIN} s:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self):
        """SIGTERM, as a service manager would; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self):
        """SIGKILL: nothing of the process runs any more, no buffer is flushed."""
        return self._end(signal.SIGKILL)

    def reload(self):
        """SIGHUP: names, certificates and log level are read again."""
        self.child.send_signal(signal.SIGHUP)

    def _end(self, how):
        child, self.child = self.child, None
        if child is None or child.poll() is not None:
            return None if child is None else child.returncode
        child.send_signal(how)
        try:
            return child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise

    @property
    def url(self):
        """Where the REST API is; the address, for `localhost` may be another one first."""
        return f"https://127.0.0.1:{self.admin}"

    @property
    def api_key(self):
        """The administrator's, of the first start."""
        return json.loads((self.data / "admin.json").read_text())["api_key"]

    @property
    def ca(self):
        """The certificate authority of the REST API as a file, for clients that want one."""
        file = self.data.parent / "ca.crt"
        file.write_text(json.loads((self.data / "admin.json").read_text())["ca"])
        return str(file)

    def cli(self, *arguments):
        """Runs one command of the command line against this server; what it prints."""
        done = subprocess.run(
            [binary(), *arguments, "--data", self.data],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"keystead {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json"))

    def issue(self, name, adapter="default"):
        """A new client certificate on the adapter's allow-list."""
        out = self.issued / adapter
        out.mkdir(parents=True, exist_ok=True)
        self.cli("client", "issue", "--adapter", adapter, "--name", name, "--out", str(out))
        return Certificate(*(str(out / file) for file in (f"{name}.crt", f"{name}.key", "ca.crt")))


def environment():
    """This process's environment without settings of a server that may run here already."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")}


def eventually(holds, seconds=30):
    """Waits until something holds, and gives what it was that did."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return found


def free_ports(count):
    """Ports that are free now, and that Linux gives to no outgoing connection: a server that is stopped finds its own again.

    Each is given once, and workers that run beside each other draw from a share each.
    """
    return [next(PORTS) for _ in range(count)]


def unused_ports():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    share = list(range(10_000 + int(worker), 32_768, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))))
    random.SystemRandom().shuffle(share)
    return filter(is_free, share)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


PORTS = unused_ports()


def listens(port):
    """Whether a listener has this port: /proc says so without a connection that the server would log as a probe."""
    wanted = f":{port:04X} "
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(wanted in line.split("00000000:0000", 1)[0] and " 0A " in line for line in table)
