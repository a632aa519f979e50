"""The whole site: masters, slaves, proxies, a balancer, a client."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hosts import BEHIND_ADDRESS, Host, Network, get, run
from journal import Journal
from marathon import Marathon
from services import Service

MASTERS = 5
SLAVES = 9
PROXIES = 3
SESSION_TIMEOUT_S = 6
DISK = "24m"
START_LIMIT_S = 60.0
ADMIN_PORT = 8000
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
CHORALE_TOML = """zookeeper = "zk://{ensemble}/chorale"
marathon = "zk://{ensemble}/marathon"
nginx_template = "{template}"
state_dir = "{state}"
session_timeout = "{session}s"
keep_revisions = 1000
{events}
[local]
real_ip = "set_real_ip_from {balancer}; real_ip_header X-Forwarded-For;"
"""
CALLBACKS_TOML = """event_source = "callback"
callback_url = "http://{host}:7000"
"""
CALLBACKS_VERSION = "1.4.13"  # the last that posts its events
# What an operator has before Chorale comes: an Nginx that runs.
NGINX_CONF = """user www-data;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events {}
http { server { listen 80; return 503; } }
"""


@dataclass(frozen=True)
class Programs:
    """What is built, and where the sources are."""

    source: Path
    build: Path

    @property
    def chorale(self) -> str:
        return str(self.build / "agent/chorale")

    @property
    def simulator(self) -> str:
        return str(self.build / "tests/marathon_simulator/marathon_simulator")


@dataclass(frozen=True)
class Identity:
    epoch: int
    revision: int
    digest: str

    @property
    def order(self) -> tuple[int, int]:
        return self.epoch, self.revision

    def __str__(self) -> str:
        return f"{self.epoch}.{self.revision} {self.digest[:12]}"


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


class Proxy:
    """An agent and an Nginx."""

    def __init__(self, host: Host, home: Path, agent: Service, nginx: Service) -> None:
        self.host = host
        self.agent = agent
        self.nginx = nginx
        self.disk = home / "disk"
        self.config = self.disk / "nginx/nginx.conf"

    def health(self) -> dict[str, Any] | None:
        """What its agent says, asked on the host itself."""
        try:
            found: dict[str, Any] = json.loads(get(self.host, "127.0.0.1", ADMIN_PORT, "/v1/health").body)
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return found

    def ok(self) -> bool:
        health = self.health()
        return (
            health is not None
            and health["Status"] == "ok"
            and health["Cluster"]["Applied"] == health["Cluster"]["Committed"]
        )

    def leads(self) -> bool:
        health = self.health()
        return health is not None and bool(health["Cluster"]["Role"] == "leader")

    def serves(self, app: str, path: str = "/") -> bool:
        """Its Nginx passes a request for the app on to a server of it."""
        try:
            reply = get(self.host, self.host.address, 80, app + path)
        except (OSError, http.client.HTTPException):
            return False
        return reply.status == 200 and reply.headers.get("x-app") == app

    def identity(self) -> Identity | None:
        """The first line of its file; None while the file is not Chorale's."""
        with self.config.open() as file:
            found = re.fullmatch(r"# chorale (\d+)\.(\d+) ([0-9a-f]{64})\n", file.readline())
        return Identity(int(found[1]), int(found[2]), found[3]) if found else None

    def routed(self, app: str) -> set[str]:
        """The addresses of the app's servers in its file."""
        name = ".".join(reversed(app.strip("/").split("/")))
        found = re.search(rf"upstream {re.escape(name)} {{(.*?)\n    }}", self.config.read_text(), re.DOTALL)
        return set(re.findall(r"server ([\d.]+:\d+) ", found[1])) if found else set()


class Site:
    """Brings everything up; what happens to it then is others' business."""

    def __init__(self, directory: Path, programs: Programs, journal: Journal, callbacks: bool = False) -> None:
        """With callbacks Marathon posts its events (`--event_subscriber http_callback`)."""
        self._directory = directory
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
        self.proxies = [self._proxy(host) for host in proxies]

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
        self._wait("Marathon answers", self._marathon_answers)
        for app, tasks in apps.items():
            self.marathon.create(app, tasks, labels)
        self._wait("the first apps run", self.marathon.settled)
        for proxy in self.proxies:
            proxy.nginx.start()
            proxy.agent.start()
        self._wait("the proxies are ok", lambda: all(proxy.ok() for proxy in self.proxies))
        for app in apps:
            self._wait(f"{app} is served", partial(self._served_everywhere, app))
        self._balancer().start()
        self._wait("the balancer serves", lambda: self._balanced(next(iter(apps))))

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

    def _marathon_answers(self) -> bool:
        """Every node does, standbys by asking the leader."""
        try:
            return all(get(m.host, m.host.address, 8080, "/v2/info").status == 200 for m in self.masters)
        except (OSError, http.client.HTTPException):
            return False

    def _balanced(self, app: str) -> bool:
        try:
            return get(self.client, self.balancer.address, 80, app + "/").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _host(self, name: str, number: int, behind: bool = False) -> Host:
        return self.network.add(Host(name, f"10.77.0.{number}", f"10.78.0.{number}" if behind else None))

    def _home(self, host: Host) -> Path:
        home = self._directory / host.name
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
            self._directory / "core.log",
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

    def _proxy(self, host: Host) -> Proxy:
        home = self._home(host)
        for name in ("disk", "run", "log"):
            (home / name).mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(home / "disk"))
        (home / "disk/nginx").mkdir()
        (home / "disk/nginx/nginx.conf").write_text(NGINX_CONF)
        (home / "chorale.toml").write_text(
            CHORALE_TOML.format(
                ensemble=self.ensemble,
                template=self._programs.source / "packaging/templates/path.mustache",
                state=home / "disk/state",
                session=SESSION_TIMEOUT_S,
                balancer=self.balancer.address,
                events=CALLBACKS_TOML.format(host=host.name) if self.callbacks else "",
            )
        )
        mounts = [(home / "disk/nginx", "/etc/nginx"), (home / "run", "/run"), (home / "log", "/var/log/nginx")]
        agent = [self._programs.chorale, "agent", "-f", str(home / "chorale.toml")]
        return Proxy(
            host,
            home,
            Service(host, "the agent", agent, home / "agent.log", mounts),
            Service(host, "Nginx", ["nginx", "-g", "daemon off;"], home / "nginx.log", mounts),
        )

    def _balancer(self) -> Service:
        home = self._home(self.balancer)
        config = self._programs.source / "packaging/balancer/haproxy.cfg"
        return Service(self.balancer, "haproxy", ["haproxy", "-db", "-f", str(config)], home / "haproxy.log")


def wait_until(holds: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
