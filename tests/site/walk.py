"""A quiet day: what the guide has an operator do, one after the other, with what is to be seen after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from journal import Journal
from judge import Judge
from proxies import ChoraleProxy, Proxy
from site_parts import Site, wait_until

STEADY = {"/front": 6, "/shop/cart": 6, "/shop/catalogue": 6}  # always there: every request to them counts
LIMIT_S = 60.0
ATTEMPTS = 3


def walk(site: Site, journal: Journal) -> None:
    """Deploys, scales, kills, destroys."""

    def step(what: str, holds: Callable[[], bool]) -> None:
        journal.count("steps of the quiet day")
        if wait_until(holds, LIMIT_S):
            journal.say(what)
        else:
            journal.fail(f"not within {LIMIT_S:.0f} s: {what}")

    def routed(app: str, tasks: int) -> bool:
        running = {f"{address(site, task.host)}:{task.port}" for task in site.marathon.running(app)}
        return len(running) == tasks and all(proxy.routed(app) == running for proxy in site.proxies)

    site.marathon.create("/hello-world", 2, {})
    step(
        "an app that is deployed is served by every proxy", lambda: all(p.serves("/hello-world") for p in site.proxies)
    )
    site.marathon.command("scale", id="/hello-world", instances=5)
    step("an app is scaled up", lambda: routed("/hello-world", 5))
    site.marathon.command("kill", app="/hello-world", index=0, abrupt=True)
    step("a killed task is replaced", lambda: site.marathon.settled() and routed("/hello-world", 5))
    site.marathon.command("restart", id="/front")
    step(
        "a steady app is replaced task by task", lambda: site.marathon.settled() and routed("/front", STEADY["/front"])
    )
    site.marathon.command("destroy", id="/hello-world")
    step("a destroyed app is gone", lambda: not any(p.routed("/hello-world") for p in site.proxies))


def drain(site: Site, journal: Journal) -> None:
    """A proxy is taken out by hand, loses its Nginx for a while, and comes back: nobody notices."""
    proxy = site.proxies[1]
    assert isinstance(proxy, ChoraleProxy)

    def balancer_says(word: str, seen: int) -> bool:
        return site.haproxy.log.read_text().count(f"Server proxies/{proxy.host.name} is {word}") > seen

    journal.count("steps of the quiet day")
    before = site.haproxy.log.read_text()
    seen = {word: before.count(f"Server proxies/{proxy.host.name} is {word}") for word in ("UP", "DOWN")}
    proxy.operate("drain", "--reason", "a new kernel")
    if not wait_until(lambda: balancer_says("DOWN", seen["DOWN"]), LIMIT_S):
        journal.fail(f"not within {LIMIT_S:.0f} s: the balancer leaves out a drained proxy")
        return
    if not proxy.serves("/front"):
        journal.fail("the Nginx of a drained proxy does not serve")
        return
    proxy.nginx.kill()
    site.marathon.create("/while-drained", 1, {})
    if not wait_until(lambda: proxy.serves("/while-drained"), LIMIT_S):
        journal.fail(f"not within {LIMIT_S:.0f} s: a drained proxy follows, also after its Nginx is back")
        return
    if balancer_says("UP", seen["UP"]):
        journal.fail("the balancer takes a drained proxy")
        return
    site.marathon.command("destroy", id="/while-drained")
    proxy.operate("undrain")
    if not wait_until(lambda: balancer_says("UP", seen["UP"]) and proxy.ok(), LIMIT_S):
        journal.fail(f"not within {LIMIT_S:.0f} s: the balancer takes the proxy again")
        return
    journal.say("a proxy is drained, its Nginx restarted, and put back")


def change_leaders(site: Site, journal: Journal, judge: Judge) -> None:
    """Agents that lead and Marathon's nodes go, without a word or in good order: then the new leader alone hears."""

    def one_hears() -> bool:
        leaders = [proxy.host.name for proxy in site.proxies if proxy.leads()]
        return len(leaders) == 1 and all(proxy.ok() for proxy in site.proxies) and not judge.wrong_followers(leaders)

    def others_lead(before: Proxy) -> bool:
        return any(proxy.leads() for proxy in site.proxies if proxy is not before)

    for what in ("killed", "stopped"):
        journal.count("changes of leaders")
        leader = next(proxy for proxy in site.proxies if proxy.leads())
        if what == "killed":
            leader.agent.hold()
        else:
            leader.agent.end()
        others = wait_until(partial(others_lead, leader), LIMIT_S)
        leader.agent.release()
        if others and wait_until(one_hears, LIMIT_S):
            journal.say(f"the leading agent {what}: the new leader alone hears of Marathon")
        else:
            journal.fail(f"the leading agent {what}: not within {LIMIT_S:.0f} s does one other alone hear of Marathon")
    # One of them leads; those that do not are replaced without anybody's notice.
    for master in site.masters:
        journal.count("changes of leaders")
        master.marathon.kill()
        answers = wait_until(site.marathon_answers, LIMIT_S)
        if not answers or not wait_until(one_hears, LIMIT_S):
            journal.fail(f"Marathon of {master.host.name} killed: no agent alone hears of Marathon")
    journal.say("every node of Marathon's killed, one after the other: the leader alone hears of Marathon")


def hears(site: Site, journal: Journal) -> None:
    """A new app is found by an event: it is served although nobody has asked for the whole list meanwhile."""
    for number in range(ATTEMPTS):  # a list is asked for once a minute in any case
        app = f"/heard-{number}"
        lists = site.marathon.lists()
        site.marathon.create(app, 1, {})
        served = wait_until(partial(everywhere, site, app), LIMIT_S)
        heard = site.marathon.lists() == lists
        site.marathon.command("destroy", id=app)
        if served and heard:
            journal.say("an app is found by an event")
            return
    journal.fail("no app is found by an event: Marathon's list is asked for instead")


def everywhere(site: Site, app: str) -> bool:
    return all(proxy.serves(app) for proxy in site.proxies)


def address(site: Site, host: str) -> str:
    """Of a slave."""
    return next(slave.address for slave in site.slaves if slave.name == host)
