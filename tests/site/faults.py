"""What can happen to a master, a slave or a proxy, as pairs of doing and undoing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from hosts import Host
from proxies import Proxy
from services import Service
from site_parts import Master, Site

SHORT = (1.0, 5.0)
LONG = (4.0, 25.0)
PAUSE = (2.0, 15.0)
QUORUM = (20.0, 20.0)


@dataclass(frozen=True)
class Fault:
    kind: str
    target: str  # the hosts' names, with commas between them
    seconds: tuple[float, float]  # the shortest and the longest that it lasts
    begin: Callable[[], None]
    end: Callable[[], None]
    cable: bool = False


class Faults:
    def __init__(self, site: Site) -> None:
        self._network = site.network

    def of_master(self, master: Master, choice: random.Random) -> list[Fault]:
        service = choice.choice([master.zookeeper, master.marathon])
        return [*self._of_service(service), *self._of_cable(master.host, 1000, "master")]

    def of_slave(self, slave: Host, _choice: random.Random) -> list[Fault]:
        return self._of_cable(slave, 256, "slave")

    def of_proxy(self, proxy: Proxy, _choice: random.Random) -> list[Fault]:
        return [
            *self._of_service(proxy.agent),
            _killed(proxy.nginx, SHORT),
            *self._of_cable(proxy.host, 1000, "proxy"),
            Fault("disk of a proxy filled", proxy.host.name, LONG, lambda: fill(proxy), lambda: empty(proxy)),
        ]

    def of_quorum(self, masters: list[Master]) -> Fault:
        """Their servers are gone, and come back."""

        def begin() -> None:
            for master in masters:
                master.zookeeper.hold()

        def end() -> None:
            for master in masters:
                master.zookeeper.release()

        return Fault("quorum of ZooKeeper gone", ", ".join(master.host.name for master in masters), QUORUM, begin, end)

    @staticmethod
    def _of_service(service: Service) -> list[Fault]:
        what = service.name.removesuffix(f" of {service.host.name}")
        return [
            _killed(service, LONG),
            Fault(f"{what} killed and started again", service.host.name, SHORT, service.kill, lambda: None),
            Fault(f"{what} stopped by SIGTERM and started again", service.host.name, SHORT, service.stop, lambda: None),
            Fault(f"{what} paused", service.host.name, PAUSE, service.pause, service.resume),
        ]

    def _of_cable(self, host: Host, kilobits: int, what: str) -> list[Fault]:
        network = self._network

        def fault(how: str, begin: Callable[[], None]) -> Fault:
            return Fault(f"{what} {how}", host.name, LONG, begin, lambda: network.heal(host), cable=True)

        return [
            fault("cut off both ways", lambda: network.cut(host)),
            fault("unplugged", lambda: network.unplug(host)),
            fault("deaf", lambda: network.deafen(host)),
            fault("mute", lambda: network.mute(host)),
            fault("slow", lambda: network.slow(host, kilobits)),
        ]


def _killed(service: Service, seconds: tuple[float, float]) -> Fault:
    what = service.name.removesuffix(f" of {service.host.name}")
    return Fault(f"{what} killed and kept down", service.host.name, seconds, service.hold, service.release)


def fill(proxy: Proxy) -> None:
    try:
        with (proxy.disk / "full").open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
    except OSError:
        pass


def empty(proxy: Proxy) -> None:
    (proxy.disk / "full").unlink(missing_ok=True)
