"""Clients that change keys, and a book of their own about what was answered: the judge of every figure on lost keys.

A line goes into the book before each request (`asked`) and after each answer (`answered`). What was answered must hold afterwards;
of what was asked and never answered either may. The invariant: **the book is written by the driver alone, and nothing that the server
says later corrects it**.
"""

import contextlib
import hashlib
import json
import os
import random
import threading

import wire
from ttlv import enumeration, octets, structure, text
from wire import ACTIVE, COMPROMISED, DEACTIVATED, DESTROYED, PRE_ACTIVE, attribute, item, unique

CLIENTS = 8
TOGETHER = 50  # objects asked for in one message
UNSPECIFIED, KEY_COMPROMISE = 1, 2
GO_ON = enumeration("Batch Error Continuation Option", 1)
GONE = "gone"  # the digest of material that Get must not give any more

# What a client does next with an object in a state, and the state after it. Of several one is drawn.
STEPS = {
    PRE_ACTIVE: [("Get", PRE_ACTIVE), ("Activate", ACTIVE), ("Modify", PRE_ACTIVE), ("Destroy", DESTROYED)],
    ACTIVE: [("Get", ACTIVE), ("Get", ACTIVE), ("Modify", ACTIVE), ("Modify", ACTIVE), ("Revoke", DEACTIVATED), ("Compromise", COMPROMISED)],
    DEACTIVATED: [("Destroy", DESTROYED), ("Modify", DEACTIVATED)],
    COMPROMISED: [("Get", COMPROMISED), ("Modify", COMPROMISED)],
    DESTROYED: [],
}


def digest(material):
    return hashlib.sha256(material).hexdigest()


def registration(material):
    """What a Register of these bytes as an AES key carries."""
    block = structure(
        "Key Block",
        enumeration("Key Format Type", wire.RAW),
        structure("Key Value", octets("Key Material", material)),
        enumeration("Cryptographic Algorithm", wire.AES),
        wire.integer("Cryptographic Length", 8 * len(material)),
    )
    usage = wire.template(attribute("Cryptographic Usage Mask", wire.ENCRYPT_DECRYPT))
    return enumeration("Object Type", wire.SYMMETRIC_KEY), usage, structure("Symmetric Key", block)


class Book:
    """The file, and what follows from it: for each object its last answered stand, and the ones that may have followed."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.reader = open(path, encoding="utf-8")
        self.lock = threading.Lock()
        self.found = {}

    def write(self, what, uid, **stand):
        with self.lock:
            self.file.write(json.dumps({"what": what, "uid": uid, **stand}) + "\n")
            self.file.flush()

    def stands(self):
        """By identifier: (the answered stand, stands that were asked for since). Called when no client is at work."""
        for line in map(json.loads, self.reader):
            what, uid = line.pop("what"), line.pop("uid")
            answered, asked = self.found.get(uid, ({}, []))
            self.found[uid] = (answered | line, []) if what == "answered" else (answered, [*asked, answered | line])
        return self.found


class Driver:
    """One client: one connection, objects of its own, one request at a time."""

    def __init__(self, port, certificate, book, seed, objects=()):
        self.port, self.certificate, self.book = port, certificate, book
        self.random = random.Random(seed)
        self.objects = dict(objects)
        self.digests = {}
        self.answers, self.refusals, self.ended, self.wrong = 0, [], None, None
        self.over = threading.Event()

    def run(self, at_most=None):
        """Until told to stop, or the connection ends; `ended` says why."""
        try:
            with wire.Connection(self.port, self.certificate) as connection:
                while not self.over.is_set() and (at_most is None or self.answers + len(self.refusals) < at_most):
                    self.step(connection)
        except (OSError, EOFError) as error:
            self.ended = repr(error)
        except AssertionError as error:
            self.wrong = str(error)

    def step(self, connection):
        try:
            self.act(connection)
            self.answers += 1
        except wire.Refused as refused:
            self.refusals.append(str(refused))

    def act(self, connection):
        going_on = [uid for uid, (state, _) in self.objects.items() if STEPS[state]]
        if len(going_on) < 4 or self.random.random() < 0.1:
            return self.make(connection)
        uid = self.random.choice(going_on)
        state, mark = self.objects[uid]
        action, after = self.random.choice(STEPS[state])
        if action == "Get":
            return self.get(connection, uid)
        return self.change(connection, uid, action, after, mark)

    def get(self, connection, uid):
        """A read, which changes nothing, and gives the right key."""
        found = digest(connection.material(uid))
        assert self.digests.setdefault(uid, found) == found, f"{uid}: a wrong key was served"

    def make(self, connection):
        """Create or Register. What Create made is known to the book from the Get that follows."""
        if self.random.random() < 0.5:
            material = self.random.randbytes(32)
            uid = connection.call("Register", *registration(material))["Unique Identifier"]
        else:
            material = None
            uid = connection.call("Create", *wire.aes_256())["Unique Identifier"]
        self.objects[uid] = (PRE_ACTIVE, None)
        self.book.write("answered", uid, state=PRE_ACTIVE, mark=None, digest=digest(material) if material else None)
        self.digests[uid] = digest(material or connection.material(uid))
        self.book.write("answered", uid, digest=self.digests[uid])

    def change(self, connection, uid, action, after, mark):
        number = (mark or 0) + (action == "Modify")
        stand = {"state": after, "mark": number or None} | ({"digest": GONE} if after == DESTROYED else {})
        self.book.write("asked", uid, **stand)
        # Until it is answered it is not known, so nothing more is asked of this object by this client.
        del self.objects[uid]
        connection.call(*request(uid, action, number))
        self.objects[uid] = (after, stand["mark"])
        self.book.write("answered", uid, **stand)


def request(uid, action, number):
    if action == "Modify":
        return "Add Attribute" if number == 1 else "Modify Attribute", unique(uid), attribute("x-mark", number)
    if action in ("Revoke", "Compromise"):
        code = UNSPECIFIED if action == "Revoke" else KEY_COMPROMISE
        return "Revoke", unique(uid), structure("Revocation Reason", enumeration("Revocation Reason Code", code))
    return action, unique(uid)


@contextlib.contextmanager
def clients(port, certificate, book, seed, count=CLIENTS, objects=()):
    """Drivers at work, stopped and joined at the end. Each goes on with its share of `objects`: (identifier, (state, mark))."""
    objects = list(objects)
    drivers = [Driver(port, certificate, book, f"{seed}-{number}", objects[number::count]) for number in range(count)]
    threads = [threading.Thread(target=driver.run, daemon=True) for driver in drivers]
    for thread in threads:
        thread.start()
    try:
        yield drivers
    finally:
        for driver in drivers:
            driver.over.set()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client hangs: a request was neither answered nor refused"
        assert not any(driver.wrong for driver in drivers), [driver.wrong for driver in drivers]


def verify(port, certificate, stands):
    """What the server says of the book's objects that is not in the book: sentences, none where all is well.

    Also gives back what is there now, to be held to from here on.
    """
    wrong, now = [], {}
    uids = list(stands)
    with wire.Connection(port, certificate) as connection:
        for at in range(0, len(uids), TOGETHER):
            some = uids[at : at + TOGETHER]
            for uid, found in zip(some, look(connection, some), strict=True):
                now[uid] = found
                wrong += judge(uid, found, *stands[uid])
    return wrong, now


def look(connection, uids):
    """What there is of each object now; a sentence where it is not there."""
    asked = [item("Get", unique(uid), batch_id=b"%d" % at) for at, uid in enumerate(uids)]
    names = [text("Attribute Name", name) for name in ("State", "x-mark")]
    asked += [item("Get Attributes", unique(uid), *names, batch_id=b"a%d" % at) for at, uid in enumerate(uids)]
    answers = connection.exchange(*asked, header=[GO_ON])
    return [found(*pair) for pair in zip(answers[: len(uids)], answers[len(uids) :], strict=True)]


def found(got, attributes):
    if attributes["Result Status"] != wire.SUCCESS:
        return f"no attributes: {attributes['Result Message']}"
    have = {each["Attribute Name"]: each["Attribute Value"] for each in attributes["Response Payload"].all("Attribute")}
    stand = {"state": have.get("State"), "mark": have.get("x-mark")}
    if got["Result Status"] == wire.SUCCESS:
        block = got["Response Payload"]["Symmetric Key"]["Key Block"]
        return stand | {"digest": digest(block["Key Value"]["Key Material"])}
    return stand | {"digest": GONE if stand["state"] == DESTROYED else f"no Get: {got['Result Message']}"}


def judge(uid, found, answered, asked):
    """One sentence where what was found is neither what was answered nor what may have followed."""
    if any(holds(stand, found) for stand in [answered, *asked]):
        return []
    return [f"{uid}: answered {answered}, then asked {asked}; found {found}"]


def holds(stand, found):
    """A digest that is not known yet (the Get after a Create was not answered) is any that is one."""
    if not isinstance(found, dict):
        return False
    unknown = stand["digest"] is None and len(found["digest"]) == 64
    return found == stand | ({"digest": found["digest"]} if unknown else {})


def settle(book, now):
    """From here on what was found is to be held to: what was open is decided."""
    for uid, stand in now.items():
        if isinstance(stand, dict):
            book.write("answered", uid, **stand)


def environment_seed():
    """A run can be had again with the seed that it printed."""
    return os.environ.get("FIGURES_SEED") or str(random.randrange(10**9))
