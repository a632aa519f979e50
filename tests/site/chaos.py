"""Hours of bad luck in minutes: faults of masters, slaves and proxies, and change all the while.

What may happen at once is what the site has to survive: two of five masters, one slave, one proxy, a quorum by itself.
A steady app loses no more servers at a time than an Nginx that does not know yet tries one after the other, less one.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

from faults import Fault, Faults
from journal import Journal
from proxies import Proxy
from site_parts import Master, Site, wait_until
from walk import address

LOST_AT_A_TIME = 2  # of the three servers that the template has Nginx try
RECOVERY_LIMIT_S = 90.0
LEADERS_SHARE = 0.3
Member = TypeVar("Member", Master, Proxy)
RESTLESS = [f"/restless/{name}" for name in ("a", "b", "c", "d", "e")]


class Chaos:
    """One thread decides; each fault lasts in a thread of its own until what it hurt has recovered."""

    def __init__(self, site: Site, journal: Journal, steady: list[str], seed: int) -> None:
        self._site = site
        self._journal = journal
        self._steady = steady
        self._random = random.Random(seed)
        self._faults = Faults(site)
        self._lock = threading.Lock()
        self._hurt: dict[str, set[str]] = {"master": set(), "slave": set(), "proxy": set()}
        self._threads: list[threading.Thread] = []
        self._doomed: set[str] = set()  # tasks that were killed: they may go on for a moment

    def run(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._random.choice(
                [self._hurt_master, self._hurt_proxy, self._hurt_slave, self._change, self._change, self._take_quorum]
            )()
            time.sleep(self._random.uniform(0.3, 2.5))
        self._journal.say("no more faults")
        for thread in self._threads:
            thread.join()

    # ---- Faults

    def _hurt_master(self) -> None:
        master = self._pick(self._site.masters, lambda each: each.mode() == "leader")
        if self._take("master", master.host.name, 2):
            self._inflict("master", self._random.choice(self._faults.of_master(master, self._random)), master.serves)

    def _hurt_proxy(self) -> None:
        proxy = self._pick(self._site.proxies, Proxy.leads)
        if self._take("proxy", proxy.host.name, 1):
            self._inflict(
                "proxy", self._random.choice(self._faults.of_proxy(proxy, self._random)), self._recovered(proxy)
            )

    def _hurt_slave(self) -> None:
        slave = self._random.choice(self._site.slaves)
        lost = {app: {t.id for t in self._site.marathon.tasks(app) if t.host == slave.name} for app in self._steady}
        if any(not self._may_lose(app, ids) for app, ids in lost.items()):
            return
        if self._take("slave", slave.name, 1):
            self._inflict("slave", self._random.choice(self._faults.of_slave(slave, self._random)), lambda: True)

    def _take_quorum(self) -> None:
        """Rarely, and with no other master hurt."""
        if self._random.random() < 0.7 or self._hurt["master"]:
            return
        names = [master.host.name for master in self._random.sample(self._site.masters, 3)]
        for name in names:
            self._hurt["master"].add(name)
        masters = [master for master in self._site.masters if master.host.name in names]
        self._inflict(
            "master", self._faults.of_quorum(masters), lambda: all(master.serves() for master in self._site.masters)
        )

    def _pick(self, members: list[Member], leads: Callable[[Member], bool]) -> Member:
        """One of them; the leader more often than others."""
        if self._random.random() < LEADERS_SHARE and (leaders := [each for each in members if leads(each)]):
            return leaders[0]
        return self._random.choice(members)

    def _take(self, kind: str, name: str, room: int) -> bool:
        with self._lock:
            if len(self._hurt[kind]) >= room or name in self._hurt[kind]:
                return False
            self._hurt[kind].add(name)
            return True

    def _inflict(self, kind: str, fault: Fault, recovered: Callable[[], bool]) -> None:
        """Does it, undoes it later, and gives the room back when what it hurt has recovered."""
        seconds = self._random.uniform(*fault.seconds)

        def last() -> None:
            self._journal.count(fault.kind)
            with self._journal.going_on(f"{fault.kind}: {fault.target}, for {seconds:.1f} s"):
                with self._journal.cut_off(fault.target) if fault.cable else nullcontext():
                    fault.begin()
                    time.sleep(seconds)
                    fault.end()
            if not wait_until(recovered, RECOVERY_LIMIT_S):
                self._journal.fail(
                    f"{fault.target} has not recovered from {fault.kind} within {RECOVERY_LIMIT_S:.0f} s"
                )
            with self._lock:
                self._hurt[kind].difference_update(fault.target.split(", "))

        thread = threading.Thread(target=last, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _recovered(self, proxy: Proxy) -> Callable[[], bool]:
        """Its agent has what the others have; while ZooKeeper has no quorum nobody can say."""
        return lambda: self._quorum_is_hurt() or proxy.ok()

    def _quorum_is_hurt(self) -> bool:
        return len(self._hurt["master"]) > 2

    # ---- Change

    def _change(self) -> None:
        changes = [self._kill_steady, self._kill_steady, self._replace_steady, self._storm]
        self._random.choice([*changes, self._deploy, self._scale, self._restart, self._destroy])()

    def _kill_steady(self) -> None:
        app = self._random.choice(self._steady)
        tasks = self._site.marathon.running(app)
        if not tasks:
            return
        task = self._random.choice(tasks)
        if self._may_lose(app, {task.id}):
            abrupt = self._random.random() < 0.5
            self._doomed.add(task.id)
            self._did("task killed abruptly" if abrupt else "task killed", f"{task.id} of {app}")
            self._site.marathon.command("kill", task=task.id, abrupt=abrupt)

    def _may_lose(self, app: str, ids: set[str]) -> bool:
        """Whether each proxy's Nginx, as it is now, still reaches the app if these tasks are gone too."""
        hurt = self._hurt["slave"]
        left = {
            f"{address(self._site, task.host)}:{task.port}"
            for task in self._site.marathon.running(app)
            if task.id not in ids | self._doomed and task.host not in hurt
        }
        return all(
            len(proxy.routed(app) - left) <= LOST_AT_A_TIME and proxy.routed(app) & left for proxy in self._site.proxies
        )

    def _replace_steady(self) -> None:
        """All servers of an app, one after the other: only while every proxy follows."""
        if any(self._hurt.values()) or not all(proxy.ok() for proxy in self._site.proxies):
            return
        app = self._random.choice(self._steady)
        self._did("steady app replaced", app)
        with self._journal.going_on(f"replacing {app}"):
            self._site.marathon.command("restart", id=app)
            if not wait_until(lambda: self._site.marathon.settled() and self._follows(app), RECOVERY_LIMIT_S):
                self._journal.fail(f"the proxies do not follow {app}")

    def _follows(self, app: str) -> bool:
        running = {f"{address(self._site, task.host)}:{task.port}" for task in self._site.marathon.running(app)}
        return all(proxy.routed(app) == running for proxy in self._site.proxies)

    def _restless(self) -> str | None:
        there = [app for app in self._site.marathon.apps() if app in RESTLESS]
        return self._random.choice(there) if there else None

    def _deploy(self) -> None:
        app = self._random.choice(RESTLESS)
        if app not in self._site.marathon.apps():
            self._did("app deployed", app)
            self._site.marathon.create(app, self._random.randint(1, 5), {})

    def _scale(self) -> None:
        if app := self._restless():
            instances = self._random.randint(1, 8)
            self._did("app scaled", f"{app} to {instances}")
            self._site.marathon.command("scale", id=app, instances=instances)

    def _restart(self) -> None:
        if app := self._restless():
            self._did("app replaced", app)
            self._site.marathon.command("restart", id=app)

    def _destroy(self) -> None:
        if app := self._restless():
            self._did("app destroyed", app)
            self._site.marathon.command("destroy", id=app)

    def _storm(self) -> None:
        """Many events at once, of apps that are there and of one that is not."""
        app = self._random.choice([*self._steady, "/restless/never"])
        self._did("storm of events", app)
        self._site.marathon.command(
            "event", type="health_status_changed_event", count=300, data={"appId": app, "alive": True}
        )

    def _did(self, kind: str, what: str) -> None:
        self._journal.count(kind)
        self._journal.say(f"{kind}: {what}")
