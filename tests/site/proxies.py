"""The proxies: what is on one, as Chorale's site and as Nixy's has it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts import Host, ask, run
from services import Service

SESSION_TIMEOUT_S = 6
DISK = "24m"
ADMIN_PORT = 8000

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
# The last that posts its events.
CALLBACKS_VERSION = "1.4.13"
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


class Proxy:
    """An agent and an Nginx."""

    def __init__(self, host: Host, home: Path, agent: Service, nginx: Service, nixy: Service | None = None) -> None:
        self.host = host
        self.agent = agent
        self.nginx = nginx
        self.nixy = nixy  # what looks after Nginx until Chorale does
        self.disk = home / "disk"
        self.config = self.disk / "nginx/nginx.conf"

    def health(self) -> dict[str, Any] | None:
        """What its agent says, asked on the host itself."""
        try:
            found: dict[str, Any] = json.loads(ask(self.host, "127.0.0.1", ADMIN_PORT, "/v1/health").body)
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
            reply = ask(self.host, self.host.address, 80, app + path)
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
        servers = re.findall(r"server ([\w.-]+):(\d+)[ ;]", found[1]) if found else []
        return {f"{socket.gethostbyname(host)}:{port}" for host, port in servers}


@dataclass(frozen=True)
class Surroundings:
    """What a proxy is told of its site."""

    programs: Programs
    ensemble: str  # host:port, with commas between them
    balancer: str
    callbacks: bool


def _places(home: Path) -> list[tuple[Path, str]]:
    """Directories of the proxy's own, Nginx's on a small disk."""
    for name in ("disk", "run", "log"):
        (home / name).mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(home / "disk"))
    (home / "disk/nginx").mkdir()
    (home / "disk/nginx/nginx.conf").write_text(NGINX_CONF)
    return [(home / "disk/nginx", "/etc/nginx"), (home / "run", "/run"), (home / "log", "/var/log/nginx")]


def _nginx(host: Host, home: Path, mounts: list[tuple[Path, str]]) -> Service:
    return Service(host, "Nginx", ["nginx", "-g", "daemon off;"], home / "nginx.log", mounts)


class ChoraleProxy(Proxy):
    """A proxy of a site that has Chorale from the start."""

    def __init__(self, host: Host, home: Path, site: Surroundings) -> None:
        self._mounts = _places(home)
        self._file = home / "chorale.toml"
        self._program = site.programs.chorale
        self._file.write_text(
            CHORALE_TOML.format(
                ensemble=site.ensemble,
                template=site.programs.source / "packaging/templates/path.mustache",
                state=home / "disk/state",
                session=SESSION_TIMEOUT_S,
                balancer=site.balancer,
                events=CALLBACKS_TOML.format(host=host.name) if site.callbacks else "",
            )
        )
        agent = [self._program, "agent", "-f", str(self._file)]
        super().__init__(
            host, home, Service(host, "the agent", agent, home / "agent.log", self._mounts), _nginx(host, home, self._mounts)
        )

    def operate(self, verb: str, *arguments: str) -> None:
        """What an operator has the agent do, on the proxy as root."""
        run(*self.host.command([self._program, verb, "-f", str(self._file), *arguments], self._mounts))


class NixyProxy(Proxy):
    """A proxy that a stand-in for Nixy looks after, with Chorale's package installed and an /etc of its own."""

    def __init__(self, host: Host, home: Path, site: Surroundings) -> None:
        self.etc = own_etc(home)
        self._mounts = [(self.etc, "/etc"), *_places(home)]
        # In place of /var/lib/chorale, which the machine need not have.
        self._environment = [
            "env",
            f"CHORALE_STATE_DIR={home / 'disk/state'}",
            f"PATH={Path(site.programs.chorale).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        here, packaging = Path(__file__).parent, site.programs.source / "packaging"
        shutil.copy(here / "nixy/nixy.toml", self.etc)
        shutil.copy(here / "nixy/nginx.tmpl", home / "disk/nginx")
        (self.etc / "chorale").mkdir(exist_ok=True)
        shutil.copy(packaging / "chorale.toml", self.etc / "chorale")
        shutil.copy(packaging / "templates/path.mustache", self.etc / "chorale/nginx.conf.mustache")
        nixy = ["/usr/bin/python3", "-B", str(here / "nixy_stand_in.py"), "/etc/nixy.toml"]
        agent = [*self._environment, "chorale", "agent"]
        super().__init__(
            host,
            home,
            Service(host, "the agent", agent, home / "agent.log", self._mounts),
            _nginx(host, home, self._mounts),
            Service(host, "Nixy", nixy, home / "nixy.log", self._mounts),
        )

    def shell(self, line: str) -> list[str]:
        """The command that runs this line on the proxy as root."""
        return self.host.command([*self._environment, "sh", "-c", line], self._mounts)


def own_etc(home: Path) -> Path:
    """A copy of the machine's /etc for one host; /etc/hosts is complete by then."""
    run("cp", "-a", "/etc", str(home / "etc"))
    return home / "etc"
