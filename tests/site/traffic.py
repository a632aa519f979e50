"""The site's users: requests through the balancer, all the time."""

from __future__ import annotations

import http.client
import random
import threading
from dataclasses import dataclass, field

from hosts import Host, ask
from journal import Journal

WORKERS = 6
PAUSE_S = 0.2
PATIENCE_S = 60.0
NO_SERVER_FOUND = (502, 504)


@dataclass
class Tally:
    requests: int = 0
    failed: int = 0
    excused: int = 0  # failed in a proxy that was cut off meanwhile
    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Traffic:
    """Each request on a connection of its own. One that is not answered with 200 by a server of its app has failed."""

    def __init__(
        self, client: Host, balancer: Host, apps: list[str], journal: Journal, seed: int, posts: bool = False
    ) -> None:
        """With posts every other request is one that nobody may send twice."""
        self._client = client
        self._balancer = balancer
        self._apps = apps
        self._journal = journal
        self._posts = posts
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed + i),), daemon=True) for i in range(WORKERS)
        ]
        self.tally = Tally()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for what is under way."""
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S + 5)

    def _run(self, choice: random.Random) -> None:
        while not self._over.wait(choice.uniform(0, 2 * PAUSE_S)):
            body = f"order {choice.random()}" if self._posts and choice.random() < 0.5 else None
            self._request(choice.choice(self._apps), body)

    def _request(self, app: str, body: str | None) -> None:
        begun = self._journal.now()
        problem, proxy = self._ask(app, body)
        ended = self._journal.now()
        # A proxy that was cut off while it looked for a server could find none.
        excused = proxy != "" and self._journal.was_cut_off(proxy, begun, ended)
        with self._lock:
            self.tally.requests += 1
            self.tally.seconds.append(ended - begun)
            self.tally.failed += bool(problem) and not excused
            self.tally.excused += bool(problem) and excused
        if problem and not excused:
            self._journal.fail(f"request to {app}, begun at {begun:.2f}, after {ended - begun:.2f} s: {problem}")

    def _ask(self, app: str, body: str | None) -> tuple[str, str]:
        """What is wrong with the answer, or nothing; and the proxy that has found no server, if one has said so."""
        try:
            reply = ask(self._client, self._balancer.address, 80, f"{app}/page", PATIENCE_S, body)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}", ""
        proxy = reply.headers.get("x-proxy", "")
        if reply.status == 200 and reply.headers.get("x-app") == app and body in (None, reply.body):
            return "", ""
        problem = f"{reply.status} by {proxy or 'the balancer'}: {reply.body[:80]!r}"
        return problem, proxy if reply.status in NO_SERVER_FOUND else ""
