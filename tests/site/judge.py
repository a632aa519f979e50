"""What must hold on every proxy at any time, and of the whole site once it is left alone."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError

from journal import Journal
from proxies import Identity, Proxy
from site_parts import Site, wait_until

LOOK_S = 0.05
CHAIN_S = 1.0
QUIET_LIMIT_S = 90.0


class Chain:
    """Everything that was ever committed, by the parents of what is."""

    def __init__(self, zookeeper: str) -> None:
        self._client = KazooClient(hosts=zookeeper, timeout=10.0)
        self._client.start(timeout=60)
        self.committed: set[Identity] = set()

    def extend(self) -> None:
        """Raises KazooException while ZooKeeper cannot be asked."""
        state = json.loads(self._client.get("/chorale/state")[0])
        found = []
        next_one = state["committed"]
        while next_one and self._identity(next_one) not in self.committed:
            identity = self._identity(next_one)
            found.append(identity)
            next_one = self._parent(identity)
        self.committed.update(found)

    def _parent(self, identity: Identity) -> dict[str, Any] | None:
        try:
            text = self._client.get(f"/chorale/revisions/{identity.epoch:06}.{identity.revision:010}")[0]
        except NoNodeError:
            return None
        manifest = json.loads(text)
        return manifest["parent"] if self._identity(manifest) == identity else None

    @staticmethod
    def _identity(header: dict[str, Any]) -> Identity:
        return Identity(header["epoch"], header["revision"], header["digest"])


class Judge:
    """Reads each proxy's file all the time."""

    def __init__(self, site: Site, journal: Journal) -> None:
        self._site = site
        self._journal = journal
        self._chain = Chain(site.ensemble_behind)
        self._last: dict[str, Identity] = {}
        self._seen: dict[Identity, str] = {}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._watch_files, self._follow_chain)]

    @property
    def revisions(self) -> int:
        return len(self._chain.committed)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self, apps: list[str]) -> None:
        """REQUIRES: nothing is done to the site any more."""
        self._quiet(apps)
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._chain.extend()
        for identity, proxy in self._seen.items():
            if identity not in self._chain.committed:
                self._journal.fail(f"{proxy} served {identity}, which was never committed")
        for ended in [each for proxy in self._site.proxies for each in proxy.agent.exits]:
            self._journal.fail(str(ended))

    def _watch_files(self) -> None:
        while not self._over.wait(LOOK_S):
            for proxy in self._site.proxies:
                self._look_at(proxy)

    def _look_at(self, proxy: Proxy) -> None:
        name = proxy.host.name
        identity = proxy.identity()
        last = self._last.get(name)
        if identity == last:
            return
        if identity is None:
            self._journal.fail(f"the file of {name} is no longer Chorale's")
        elif last and identity.order < last.order:
            self._journal.fail(f"{name} goes back from {last} to {identity}")
        elif last and identity.order == last.order:
            self._journal.fail(f"{name} has two contents of one revision: {last}, {identity}")
        if identity:
            self._last[name] = identity
            self._seen.setdefault(identity, name)

    def _follow_chain(self) -> None:
        while not self._over.wait(CHAIN_S):
            try:
                self._chain.extend()
            except (KazooException, OSError):
                continue  # ZooKeeper is away; finish() asks again

    def _quiet(self, apps: list[str]) -> None:
        begun = time.monotonic()
        if wait_until(lambda: not self._unlike(apps), QUIET_LIMIT_S):
            self._journal.say(f"all equal after {time.monotonic() - begun:.1f} s of quiet")
            return
        for what in self._unlike(apps):
            self._journal.fail(f"after {QUIET_LIMIT_S:.0f} s of quiet: {what}")

    def _unlike(self, apps: list[str]) -> list[str]:
        """What keeps the site from being at peace; empty if nothing does."""
        healths = {proxy.host.name: proxy.health() for proxy in self._site.proxies}
        ill = [
            f"{name} is {health and health['Status']}: {health}"
            for name, health in healths.items()
            if not health or health["Status"] != "ok"
        ]
        if ill:
            return ill
        clusters = [health["Cluster"] for health in healths.values() if health]
        shown = {
            tuple(cluster[key] for key in ("Leader", "Epoch", "Committed", "Applied", "Digest")) for cluster in clusters
        }
        wrong = [] if len(shown) == 1 else [f"the agents differ: {shown}"]
        leaders = [cluster["Id"] for cluster in clusters if cluster["Role"] == "leader"]
        if len(leaders) != 1:
            wrong.append(f"leaders: {leaders}")
        if len({self._text(proxy) for proxy in self._site.proxies}) != 1:
            wrong.append("the files differ: " + self._first_difference())
        wrong += self.wrong_followers(leaders)
        return wrong + [
            f"{proxy.host.name} does not serve {app}"
            for app in apps
            for proxy in self._site.proxies
            if not proxy.serves(app)
        ]

    def wrong_followers(self, leaders: list[str]) -> list[str]:
        """Who hears Marathon's events: the leader alone, once."""
        streams = self._site.marathon.streams()
        wrong = [f"{streams} event streams at Marathon"] if streams != (0 if self._site.callbacks else 1) else []
        if self._site.callbacks:
            urls = self._site.marathon.subscriptions()
            if [url.partition("?")[0] for url in urls] != [f"http://{name}:7000/v1/events" for name in leaders]:
                wrong.append(f"subscriptions at Marathon: {urls}")
        return wrong

    def _first_difference(self) -> str:
        for lines in itertools.zip_longest(*(self._text(proxy).splitlines() for proxy in self._site.proxies)):
            if len(set(lines)) != 1:
                return " | ".join(str(line) for line in lines)
        return "nowhere"

    @staticmethod
    def _text(proxy: Proxy) -> str:
        """Its file without what is its own: its name, and what its workers prove themselves by."""
        text = re.sub(rf"\b{proxy.host.name}\b", "proxy", proxy.config.read_text())
        return re.sub(r'"\$pid [0-9a-f]+"', "", text)
