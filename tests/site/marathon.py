"""What all of Marathon's nodes share, and the site's operators at it: the simulator, spoken to from behind."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Task:
    id: str
    host: str
    port: int
    state: str


class Marathon:
    """A client of the simulator's API. Any thread."""

    def __init__(self, url: str) -> None:
        self.url = url

    def command(self, name: str, **arguments: object) -> bool:
        """False where it is refused: what it is about may just have gone."""
        try:
            self._ask(f"/control/{name}", json.dumps(arguments).encode())
        except urllib.error.HTTPError:
            return False
        return True

    def create(self, app: str, tasks: int, labels: dict[str, str]) -> None:
        self.command("create", id=app, tasks=tasks, healthChecks=1, labels=labels)

    def streams(self) -> int:
        """How many event streams are open."""
        return int(self._ask("/control/stats?since=999999999")["streams_open"])

    def subscriptions(self) -> list[str]:
        """The URLs that events are posted to. Marathon up to 1.4."""
        return [str(url) for url in self._ask("/v2/eventSubscriptions")["callbackUrls"]]

    def lists(self) -> int:
        """How often all apps were asked for."""
        return int(self._ask("/control/stats?since=999999999")["requests"].get("apps", 0))

    def settled(self) -> bool:
        return int(self._ask("/control/stats?since=999999999")["deployments"]) == 0

    def apps(self) -> list[str]:
        return [app["id"] for app in self._ask("/v2/apps")["apps"]]

    def tasks(self, app: str) -> list[Task]:
        try:
            found = self._ask(f"/control/tasks?app={app}")["tasks"]
        except urllib.error.HTTPError:
            return []
        return [Task(task["id"], task["host"], task["ports"][0], task["state"]) for task in found if task.get("ports")]

    def running(self, app: str) -> list[Task]:
        return [task for task in self.tasks(app) if task.state == "TASK_RUNNING"]

    def _ask(self, target: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + target, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
