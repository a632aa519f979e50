"""A site of Nixy's moves over to Chorale, by the commands of the guide, while its users go on; and back again."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from guide import EACH_PROXY, Block, Section, sections_of, set_keys
from journal import Journal
from judge import Judge
from proxies import NixyProxy
from services import Service
from site_parts import Site, wait_until
from walk import address

LIMIT_S = 60.0
COMMAND_LIMIT_S = 90.0
GUIDE = "packaging/guide/moving-from-nixy.md"
OBSERVED, TRUSTED, MOVED, DONE, BACK = (
    "Observe",
    "Let the balancer ask Chorale",
    "Move",
    "Afterwards",
    "The way back",
)


class GuideError(RuntimeError):
    """A command of the guide has failed: what comes after it makes no sense."""


class Move:
    """Carries the guide out, and looks on where the guide says what is to be seen."""

    def __init__(self, site: Site, journal: Journal, judge: Judge, source: Path) -> None:
        self._site = site
        self._journal = journal
        self._judge = judge
        self._sections = sections_of(source / GUIDE)
        self._proxies = [proxy for proxy in site.proxies if isinstance(proxy, NixyProxy)]
        self._at_start = {proxy.host.name: {"nixy"} for proxy in self._proxies}  # what `systemctl enable` has named
        self._nixys_last: dict[str, str] = {}

    def run(self) -> None:
        titles = [section.title for section in self._sections]
        if missing := {OBSERVED, TRUSTED, MOVED, DONE, BACK} - set(titles):
            raise GuideError(f"the guide has no section {missing}")
        self._expect_arrival("/hello-world", 2)
        for section in self._sections:
            self._journal.say(f"guide: {section.title}")
            self._carry_out(section)
            self._look_at(section)

    # ---- What is to be seen

    def _look_at(self, section: Section) -> None:
        if section.title == OBSERVED:
            self._expect_untouched()
            self._expect_difference_noticed(self._proxies[0])
            # What changes meanwhile is seen by both.
            self._expect_arrival("/hello-world", 4)
            for proxy in self._proxies:
                self._do_block(section.blocks[-1], proxy)
        elif section.title == TRUSTED:
            self._expect("the balancer sends requests to all proxies", self._balanced_to_all)
        elif section.title == DONE:
            self._expect_moved()
        elif section.title == BACK:
            self._expect_back()

    def _look_at_moved(self, proxy: NixyProxy) -> None:
        """One proxy has just moved; the others have not, or have."""
        self._expect(f"{proxy.host.name} is ok", proxy.ok)
        before = proxy.config.with_name("nginx.conf.before-chorale").read_text()
        if before != self._nixys_last.get(proxy.host.name):
            self._journal.fail(f"nginx.conf.before-chorale of {proxy.host.name} is not Nixy's last file")
        number = 1 + self._proxies.index(proxy)
        self._expect_arrival(f"/moved/{number}-of-3", number)
        self._expect_arrival("/hello-world", 2 + number)
        self._expect_replaced("/front", 6)

    def _expect_untouched(self) -> None:
        for proxy in self._proxies:
            if proxy.identity() is not None or proxy.config.with_name("nginx.conf.before-chorale").exists():
                self._journal.fail(f"the observer on {proxy.host.name} has touched Nginx's file")

    def _expect_difference_noticed(self, proxy: NixyProxy) -> None:
        """A server less is a difference."""
        text = proxy.config.read_text()
        (proxy.etc / "other.conf").write_text(re.sub(r"\n +server [\w-]+:\d+;", "", text, count=1))
        compared = subprocess.run(
            self._site.shell(proxy.host.name, "chorale compare /etc/other.conf"),
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
        if compared.returncode != 1 or "/front" not in compared.stdout:
            self._journal.fail(f"`chorale compare` does not name a server that is missing: {compared.stdout}")

    def _expect_moved(self) -> None:
        for proxy in self._proxies:
            if self._at_start[proxy.host.name] != {"chorale"}:
                self._journal.fail(f"at its next start {proxy.host.name} starts {self._at_start[proxy.host.name]}")
            if proxy.nixy and proxy.nixy.runs():
                self._journal.fail(f"Nixy still runs on {proxy.host.name}")
        self._expect("the balancer sends requests to all proxies", self._balanced_to_all)
        self._judge.finish(self._site.marathon.apps())

    def _expect_back(self) -> None:
        self._expect_arrival("/hello-world", 1)
        for proxy in self._proxies:
            if proxy.identity() is not None or self._at_start[proxy.host.name] != {"nixy"}:
                self._journal.fail(f"{proxy.host.name} is not Nixy's again")
        self._expect("nobody subscribes to Marathon's events any more", lambda: not self._site.marathon.subscriptions())
        self._expect("the balancer sends requests to all proxies", self._balanced_to_all)

    def _expect(self, what: str, holds: Callable[[], bool]) -> None:
        if wait_until(holds, LIMIT_S):
            self._journal.say(what)
        else:
            self._journal.fail(f"not within {LIMIT_S:.0f} s: {what}")

    def _expect_arrival(self, app: str, tasks: int) -> None:
        """The app gets that many tasks; every proxy, of either sort, routes to these and serves the app."""
        if app in self._site.marathon.apps():
            self._site.marathon.command("scale", id=app, instances=tasks)
        else:
            self._site.marathon.create(app, tasks, {})
        self._expect(
            f"{app} arrives with {tasks} tasks on every proxy",
            lambda: self._routed_everywhere(app, tasks) and all(proxy.serves(app) for proxy in self._proxies),
        )

    def _expect_replaced(self, app: str, tasks: int) -> None:
        self._site.marathon.command("restart", id=app)
        self._expect(
            f"{app} is replaced task by task",
            lambda: self._site.marathon.settled() and self._routed_everywhere(app, tasks),
        )

    def _routed_everywhere(self, app: str, tasks: int) -> bool:
        running = {f"{address(self._site, task.host)}:{task.port}" for task in self._site.marathon.running(app)}
        return len(running) == tasks and all(proxy.routed(app) == running for proxy in self._proxies)

    def _balanced_to_all(self) -> bool:
        return {self._site.answering_proxy("/front") for _ in range(6)} == {proxy.host.name for proxy in self._proxies}

    # ---- The guide's commands

    def _carry_out(self, section: Section) -> None:
        """What is for each proxy is done on one proxy after the other, from the first such block to the last."""
        blocks = list(section.blocks)
        while blocks:
            if blocks[0].host != EACH_PROXY:
                self._do_block(blocks.pop(0), None)
                continue
            count = next((i for i, block in enumerate(blocks) if block.host != EACH_PROXY), len(blocks))
            for proxy in self._proxies:
                for block in blocks[:count]:
                    self._do_block(block, proxy)
                if section.title == MOVED:
                    self._look_at_moved(proxy)
            del blocks[:count]

    def _do_block(self, block: Block, proxy: NixyProxy | None) -> None:
        if block.language == "toml" and proxy:
            file = proxy.etc / Path(block.rest[0]).relative_to("/etc")
            file.write_text(set_keys(file.read_text(), self._own_lines(block, proxy)))
            return
        for line in self._own_lines(block, proxy):
            self._do_line(line, proxy.host.name if proxy else block.host, "until-it-succeeds" in block.rest)

    @staticmethod
    def _own_lines(block: Block, proxy: NixyProxy | None) -> list[str]:
        """The guide is written for proxy-1."""
        return [re.sub(r"\bproxy-1\b", proxy.host.name, line) if proxy else line for line in block.lines]

    def _do_line(self, line: str, host: str, patient: bool) -> None:
        self._journal.say(f"{host}# {line}")
        self._journal.count("commands of the guide")
        if line.startswith("systemctl "):
            self._systemctl(host, *line.split()[1:])
            return
        command = self._site.shell(host, line)
        said = ""

        def succeeds() -> bool:
            nonlocal said
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False
            )
            with (self._site.directory / "guide.log").open("a") as log:
                log.write(f"{host}# {line}\n{ended.stdout}{ended.stderr}")
            said = f"status {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
            return ended.returncode == 0

        if not (wait_until(succeeds, LIMIT_S) if patient else succeeds()):
            raise GuideError(f"{host}# {line}: {said}")

    def _systemctl(self, host: str, verb: str, unit: str) -> None:
        if verb == "enable":
            self._at_start[host].add(unit)
        elif verb == "disable":
            self._at_start[host].discard(unit)
        elif not self._act(host, verb, unit):
            raise GuideError(f"{host}# systemctl {verb} {unit}: not within its time")

    def _act(self, host: str, verb: str, unit: str) -> bool:
        service = self._service(host, unit)
        if verb == "reload":
            service.send(signal.SIGUSR2)  # as HAProxy's own unit does
            return True
        done = {"start": service.begin, "stop": service.end, "restart": service.restart}[verb]()
        if (verb, unit) == ("stop", "nixy"):
            proxy = self._proxy(host)
            self._nixys_last[host] = proxy.config.read_text()
            # Between the two nobody follows: Nginx asks another server.
            self._site.marathon.command("kill", app="/shop/cart", index=0)
        return done

    def _service(self, host: str, unit: str) -> Service:
        if (host, unit) == ("balancer", "haproxy"):
            return self._site.haproxy
        proxy = self._proxy(host)
        found = {"chorale": proxy.agent, "nixy": proxy.nixy}.get(unit)
        if not found:
            raise GuideError(f"{host} has no unit {unit}")
        return found

    def _proxy(self, host: str) -> NixyProxy:
        return next(proxy for proxy in self._proxies if proxy.host.name == host)

