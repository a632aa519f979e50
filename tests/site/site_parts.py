"""The whole site: masters, slaves, proxies, a balancer, a client."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hosts import BEHIND_ADDRESS, Host, Network, ask, run
from journal import Journal
from marathon import Marathon
from proxies import CALLBACKS_VERSION, ChoraleProxy, NixyProxy, Programs, Proxy, Surroundings, own_etc
from services import Service

MASTERS = 5
SLAVES = 9
PROXIES = 3
START_LIMIT_S = 60.0
CLASSES = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"

ZOO_CFG = """tickTime=500
initLimit=40
syncLimit=10
dataDir={data}
clientPort=2181
maxClientCnxns=0
autopurge.purgeInterval=1
4lw.commands.whitelist=*
admin.enableServer=false
{members}
"""


class Master:
    """A ZooKeeper server and a node of Marathon's."""

    def __init__(self, host: Host, zookeeper: Service, marathon: Service) -> None:
        self.host = host
        self.zookeeper = zookeeper
        self.marathon = marathon

    def serves(self) -> bool:
        """Its ZooKeeper server is part of a quorum, as seen on the host itself."""
        return self.mode() != ""

    def mode(self) -> str:
        """leader or follower; empty where it does not serve."""
        with self.host.sockets():
            asked = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            asked.settimeout(1.0)
            asked.connect(("127.0.0.1", 2181))
            asked.sendall(b"srvr")
            text = b""
            while part := asked.recv(4096):
                text += part
        except OSError:
            return ""
        finally:
            asked.close()
        found = re.search(rb"Mode: (\w+)", text)
        return found[1].decode() if found else ""


class Site:
    """Brings everything up; what happens to it then is others' business."""

    def __init__(self, directory: Path, programs: Programs, journal: Journal, callbacks: bool, nixy: bool) -> None:
        """With callbacks Marathon posts its events (`--event_subscriber http_callback`); with Nixy no agent runs."""
        self.directory = directory
        self._programs = programs
        self._journal = journal
        self.callbacks = callbacks
        self.network = Network(directory / "hosts")
        self.client = self._host("client", 40)
        self.balancer = self._host("balancer", 41)
        self.slaves = [self._host(f"slave-{i}", 20 + i) for i in range(1, SLAVES + 1)]
        masters = [self._host(f"master-{i}", 10 + i, behind=True) for i in range(1, MASTERS + 1)]
        proxies = [self._host(f"proxy-{i}", 30 + i) for i in range(1, PROXIES + 1)]
        self.marathon = Marathon(f"http://{BEHIND_ADDRESS}:8080")
        self.masters = [self._master(host, number) for number, host in enumerate(masters, 1)]
        around = Surroundings(programs, self.ensemble, self.balancer.address, callbacks)
        make: Callable[[Host, Path, Surroundings], Proxy] = NixyProxy if nixy else ChoraleProxy
        self.proxies = [make(host, self._home(host), around) for host in proxies]
        self.haproxy = self._haproxy(nixy)

    @property
    def ensemble(self) -> str:
        return ",".join(f"master-{i}:2181" for i in range(1, MASTERS + 1))

    @property
    def ensemble_behind(self) -> str:
        """The same servers, reached whatever happens to the masters' cables."""
        return ",".join(f"{master.host.behind}:2181" for master in self.masters)

    def start(self, apps: dict[str, int], labels: dict[str, str]) -> None:
        """Masters, then apps, then proxies; waits for each."""
        self._core().start()
        for master in self.masters:
            master.zookeeper.start()
        self._wait("ZooKeeper serves", lambda: all(master.serves() for master in self.masters))
        for master in self.masters:
            master.marathon.start()
        self._wait("Marathon answers", self.marathon_answers)
        for app, tasks in apps.items():
            self.marathon.create(app, tasks, labels)
        self._wait("the first apps run", self.marathon.settled)
        for proxy in self.proxies:
            proxy.nginx.start()
            (proxy.nixy or proxy.agent).start()
        if not any(proxy.nixy for proxy in self.proxies):
            self._wait("the proxies are ok", lambda: all(proxy.ok() for proxy in self.proxies))
        for app in apps:
            self._wait(f"{app} is served", partial(self._served_everywhere, app))
        self.haproxy.start()
        self._wait("the balancer serves", lambda: self._balanced(next(iter(apps))))

    def answering_proxy(self, app: str) -> str:
        """By which proxy the balancer has the app answered; empty if there is no good answer."""
        try:
            reply = ask(self.client, self.balancer.address, 80, app + "/")
        except (OSError, http.client.HTTPException):
            return ""
        return reply.headers.get("x-proxy", "") if reply.status == 200 else ""

    def shell(self, host: str, line: str) -> list[str]:
        """The command that runs this line on that host as root."""
        for proxy in self.proxies:
            if isinstance(proxy, NixyProxy) and proxy.host.name == host:
                return proxy.shell(line)
        etc = self.directory / host / "etc"
        if not etc.exists():
            (own_etc(etc.parent) / "mesos").mkdir(exist_ok=True)
            (etc / "mesos/zk").write_text(f"zk://{self.ensemble}/mesos\n")
        found = next(each for each in [self.balancer, *(m.host for m in self.masters)] if each.name == host)
        return found.command(["sh", "-c", line], [(etc, "/etc")])

    def services(self) -> list[Service]:
        return [service for m in self.masters for service in (m.zookeeper, m.marathon)] + [
            service for p in self.proxies for service in (p.agent, p.nginx)
        ]

    def _wait(self, what: str, holds: Callable[[], bool]) -> None:
        if not wait_until(holds, START_LIMIT_S):
            raise RuntimeError(f"not within {START_LIMIT_S:.0f} s: {what}")
        self._journal.say(what)

    def _served_everywhere(self, app: str) -> bool:
        return all(proxy.serves(app) for proxy in self.proxies)

    def marathon_answers(self) -> bool:
        """Every node does, standbys by asking the leader."""
        try:
            return all(ask(m.host, m.host.address, 8080, "/v2/info").status == 200 for m in self.masters)
        except (OSError, http.client.HTTPException):
            return False

    def _balanced(self, app: str) -> bool:
        try:
            return ask(self.client, self.balancer.address, 80, app + "/").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _host(self, name: str, number: int, behind: bool = False) -> Host:
        return self.network.add(Host(name, f"10.77.0.{number}", f"10.78.0.{number}" if behind else None))

    def _home(self, host: Host) -> Path:
        home = self.directory / host.name
        home.mkdir()
        return home

    def _core(self) -> Service:
        slaves = ",".join(f"{slave.name}={slave.address}@{slave.network}" for slave in self.slaves)
        core = Host("core", BEHIND_ADDRESS)
        # Not on a host of the site: in the network that all this runs in.
        command = [self._programs.simulator, "--listen", f"{BEHIND_ADDRESS}:8080", "--backends", "--hosts", slaves]
        if self.callbacks:
            command += ["--version", CALLBACKS_VERSION]
        Path(core.network).touch()
        run("mount", "--bind", "/proc/self/ns/net", core.network)
        return Service(
            core,
            "Marathon's store",
            [*command, "--health-delay", "300ms", "--drain", "1s", "--task-killing"],
            self.directory / "core.log",
        )

    def _master(self, host: Host, number: int) -> Master:
        home = self._home(host)
        (home / "data").mkdir()
        (home / "data/myid").write_text(f"{number}\n")
        members = "\n".join(f"server.{i}=master-{i}:2888:3888" for i in range(1, MASTERS + 1))
        (home / "zoo.cfg").write_text(ZOO_CFG.format(data=home / "data", members=members))
        options = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dzookeeper.admin.enableServer=false"]
        options += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{home}:{CLASSES}"]
        server = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        zookeeper = ["java", *options, server, str(home / "zoo.cfg")]
        program = str(Path(__file__).with_name("marathon_node.py"))
        node = ["/usr/bin/python3", program, host.name, host.address]
        node += [self.ensemble, self.marathon.url, self._programs.simulator]
        node += ["callbacks"] if self.callbacks else []
        return Master(
            host,
            Service(host, "ZooKeeper", zookeeper, home / "zookeeper.log"),
            Service(host, "Marathon", node, home / "marathon.log"),
        )

    def _haproxy(self, nixy: bool) -> Service:
        """As it is shipped; before Chorale it asks at Nixy's port."""
        home = self._home(self.balancer)
        text = (self._programs.source / "packaging/balancer/haproxy.cfg").read_text()
        etc = own_etc(home)
        (etc / "haproxy").mkdir(exist_ok=True)
        (etc / "haproxy/haproxy.cfg").write_text(text.replace("port 8000", "port 6000") if nixy else text)
        command = ["haproxy", "-W", "-db", "-f", "/etc/haproxy/haproxy.cfg"]
        return Service(self.balancer, "haproxy", command, home / "haproxy.log", [(etc, "/etc")])


def wait_until(holds: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
