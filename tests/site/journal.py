"""What happened when: printed as it happens, and asked for when something has failed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Journal:
    """Any thread."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._going_on: dict[int, str] = {}
        self._last_change = 0.0
        self._next = 0
        self._cuts: list[tuple[str, float, float]] = []  # host, begin, end
        self.failures: list[str] = []
        self.counts: Counter[str] = Counter()

    def now(self) -> float:
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        with self._lock:
            print(f"[{self.now():8.2f}] {text}", flush=True)

    def fail(self, text: str) -> None:
        """What must not be. The run goes on, and ends with 1."""
        whole = f"{text} ({self._circumstances()})"
        self.failures.append(f"[{self.now():8.2f}] {whole}")
        self.say(f"FAILED: {whole}")

    def count(self, kind: str) -> None:
        with self._lock:
            self.counts[kind] += 1

    @contextmanager
    def going_on(self, text: str) -> Iterator[None]:
        """Named with whatever fails meanwhile."""
        with self._lock:
            self._next += 1
            number = self._next
            self._going_on[number] = text
        self.say(f"begin {text}")
        try:
            yield
        finally:
            with self._lock:
                del self._going_on[number]
                self._last_change = self.now()
            self.say(f"end   {text}")

    @contextmanager
    def cut_off(self, host: str) -> Iterator[None]:
        """Its cable is hurt meanwhile."""
        with self._lock:
            self._cuts.append((host, self.now(), float("inf")))
        try:
            yield
        finally:
            with self._lock:
                begin = max(begin for name, begin, end in self._cuts if name == host and end == float("inf"))
                self._cuts.remove((host, begin, float("inf")))
                self._cuts.append((host, begin, self.now()))

    def was_cut_off(self, host: str, begin: float, end: float) -> bool:
        """At some moment between the two."""
        with self._lock:
            return any(name == host and since <= end and begin <= until for name, since, until in self._cuts)

    def _circumstances(self) -> str:
        with self._lock:
            if self._going_on:
                return "during " + "; ".join(self._going_on.values())
            return f"quiet for {self.now() - self._last_change:.1f} s"
