"""What goes wrong each second of the soak: a pack of faults that is shuffled, dealt, and shuffled
again. Those of the origins come first, those of clients and operators after them, so that each pack
has some seconds in which the origins are well."""

import collections
import concurrent.futures
import json
import random
import signal
import time
import urllib.request

import abuse
from stand import BROKEN, CHANGED, PROPER, SoakNode, SoakOrigin

WORDS = ("stall", "slow", "errors", "cut", "reset", "short", "garbage", "heads")
BOTH = 3  # of them, in each pack, at both origins at once
UPGRADE_EVERY = 120  # seconds, at least


class Faults:
    def __init__(self, node: SoakNode, origins: list[SoakOrigin], options):
        self._node, self._origins = node, origins
        self._objects = options.objects
        self._random = random.Random(options.seed)
        self._pack: list[tuple[str, bool, object]] = []
        self._packs = 0
        self._undo = lambda: None
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=8)
        self._begun: list[tuple[str, concurrent.futures.Future]] = []
        self._crowd = abuse.SlowReaders()
        self._begin = self._last_upgrade = time.monotonic()
        self._upgrades_end = self._begin + options.minutes * 60 / 3
        # A short run has an upgrade, too.
        self._upgrade_every = min(UPGRADE_EVERY, options.minutes * 60 / 6)
        self.done: collections.Counter = collections.Counter()
        self.problems: list[str] = []
        self.last_at_origin = 0.0  # when such a fault was over

    def next(self) -> str:
        """Ends the fault before, begins another one, and says which."""
        self.end()
        now = time.monotonic()
        if self._last_upgrade + self._upgrade_every < now < self._upgrades_end:
            self._last_upgrade = now
            name, is_at_origin, begin = "upgrade", False, self._node.upgrade
        else:
            if not self._pack:
                self._pack = self._new_pack()
            name, is_at_origin, begin = self._pack.pop()
        self.done[name] += 1
        if is_at_origin:
            self._undo = begin()
            self.last_at_origin = now + 1
        else:
            self._begun.append((name, self._pool.submit(begin)))
        return name

    def end(self) -> None:
        undo, self._undo = self._undo, lambda: None
        undo()
        for name, future in list(self._begun):
            if future.done():
                self._begun.remove((name, future))
                if error := future.exception():
                    self.problems.append(f"{name}: {error}")

    def close(self) -> None:
        self.end()
        self._pool.shutdown(wait=True)
        self.end()
        self._crowd.close()

    def _new_pack(self) -> list:
        """The last is dealt first."""
        self._packs += 1
        both = self._random.sample(WORDS, BOTH)
        at_origins = [(word, True, lambda word=word: self._tell_one(word)) for word in WORDS]
        at_origins += [
            (f"{word}, both", True, lambda word=word: self._tell(word, self._origins))
            for word in both
        ]
        at_origins += [("paused", True, self._pause), ("killed", True, self._kill)]
        others = [(name, False, begin) for name, begin in self._others().items()]
        self._random.shuffle(at_origins)
        self._random.shuffle(others)
        return others + at_origins

    def _others(self) -> dict:
        node, reload = self._node.node, self._node.reload
        # All is forgotten in every fourth pack, so that memory is not that of an empty cache.
        everything = self._purge if self._packs % 4 == 0 else self._purge_softly
        return {
            "reload, unchanged": lambda: reload(PROPER),
            "reload, changed": lambda: (reload(CHANGED), time.sleep(1), reload(PROPER)),
            "reload, broken": lambda: (reload(BROKEN), reload(PROPER)),
            "purge of prefixes, softly": self._purge_prefixes,
            "purge of a URL": self._purge_url,
            "purge of a prefix": lambda: self._purge(prefixes=[self._prefix()]),
            "purge of everything": lambda: everything(everything=True),
            "log rotation": self._node.rotate_log,
            "malformed heads": lambda: abuse.malformed_heads(node.port()),
            "rapid resets": lambda: abuse.rapid_resets(node.port()),
            "slow readers": lambda: self._crowd.come(node.port(), self._largest()),
            "500 connections": lambda: abuse.come_and_go(node.port()),
        }

    # --- origins

    def _tell(self, word: str, origins: list[SoakOrigin]):
        for origin in origins:
            origin.tell(word)
        return lambda: [origin.tell("ok") for origin in origins]

    def _tell_one(self, word: str):
        return self._tell(word, [self._random.choice(self._origins)])

    def _pause(self):
        origin = self._random.choice(self._origins)
        origin.signal(signal.SIGSTOP)
        return lambda: origin.signal(signal.SIGCONT)

    def _kill(self):
        origin = self._random.choice(self._origins)
        origin.kill()
        return origin.start

    # --- purges

    def _purge(self, **request) -> None:
        answer = json.loads(self._node.node.admin("/v1/purge", request))
        if not answer["done"]:
            raise RuntimeError(f"the purge {request} is not done: {answer}")

    def _purge_softly(self, **request) -> None:
        self._purge(soft=True, **request)

    def _prefix(self) -> str:
        """Of one object: /o/N/SIZE is below /o/N."""
        return f"{self._node.node.address()}/o/{self._random.randrange(100)}"

    def _purge_prefixes(self) -> None:
        self._purge(prefixes=[self._prefix() for _ in range(10)], soft=True)

    def _purge_url(self) -> None:
        """Of an object that is there: it is asked for first."""
        url = self._node.node.url(f"/o/{self._objects}/1000")
        with urllib.request.urlopen(url, timeout=10) as answer:
            answer.read()
        self._purge(urls=[url])

    def _largest(self) -> str:
        """Any object of 1 MiB: the content follows from the path."""
        return f"/o/{self._objects + self._random.randrange(20)}/{1 << 20}"
