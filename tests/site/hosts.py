"""Hosts as network namespaces on one bridge, and what can happen to their links.

Everything is made inside the private namespaces of `run`: it is gone when that program ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BRIDGE = "site"
BEHIND = "behind"  # between Marathon's nodes and what they share; no host of the site sees it
BEHIND_ADDRESS = "10.78.0.1"
DROPS = """
table bridge site {
  set deaf { type ifname; }
  set mute { type ifname; }
  chain forward {
    type filter hook forward priority 0;
    oifname @deaf drop
    iifname @mute drop
  }
}
"""
SLOW = ["root", "tbf", "burst", "6kb", "latency", "400ms"]
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*command: str, text: str | None = None) -> None:
    """Runs a command that has to succeed; what it says is in the exception if it does not."""
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout.strip()}")


def _enter(network: int) -> None:
    if LIBC.setns(network, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@dataclass(frozen=True)
class Host:
    """A name, an address, and a network namespace of that name."""

    name: str
    address: str
    behind: str | None = None  # its address on the network behind, if it has one

    @property
    def network(self) -> str:
        return f"/run/netns/{self.name}"

    @property
    def port(self) -> str:
        """The bridge's end of its cable."""
        return f"v-{self.name}"

    @contextlib.contextmanager
    def sockets(self) -> Iterator[None]:
        """Sockets that this thread makes meanwhile are this host's, and stay so."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(self.network, os.O_RDONLY)
        try:
            _enter(other)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(other)
            os.close(own)

    def command(self, command: list[str], mounts: list[tuple[Path, str]] | None = None) -> list[str]:
        """The command on this host: its network, its name, and directories of its own in place of the machine's."""
        binds = "".join(f"mount --bind '{source}' '{target}' && " for source, target in mounts or [])
        script = f'hostname "$0" && {binds}exec "$@"'
        return [
            "nsenter",
            f"--net={self.network}",
            "unshare",
            "--uts",
            "--mount",
            "sh",
            "-c",
            script,
            self.name,
            *command,
        ]


class Connection(http.client.HTTPConnection):
    """HTTP from a host. Its own services are reached whatever happens to its cable."""

    def __init__(self, source: Host, address: str, port: int, timeout: float) -> None:
        super().__init__(address, port, timeout=timeout)
        self._source = source

    def connect(self) -> None:
        with self._source.sockets():
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.settimeout(self.timeout)
        try:
            made.connect((self.host, self.port))
        except OSError:
            made.close()
            raise
        self.sock = made


@dataclass(frozen=True)
class Reply:
    status: int
    body: str
    headers: dict[str, str]  # by names in lower case


def ask(source: Host, address: str, port: int, path: str, timeout: float = 5.0, body: str | None = None) -> Reply:
    """A GET, or a POST of the body, on a connection of its own. Raises OSError or HTTPException where none comes whole."""
    connection = Connection(source, address, port, timeout)
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, body, headers={"Host": address, "Connection": "close"})
        reply = connection.getresponse()
        return Reply(
            reply.status,
            reply.read().decode(errors="replace"),
            {name.lower(): value for name, value in reply.getheaders()},
        )
    finally:
        connection.close()


class Network:
    """The cables. A host that is deaf gets no packet, one that is mute can send none; neither is told."""

    def __init__(self, hosts_file: Path) -> None:
        self._hosts_file = hosts_file
        self._hosts_file.write_text("127.0.0.1 localhost\n")
        Path("/run/netns").mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        run("mount", "--bind", str(hosts_file), "/etc/hosts")
        run("ip", "link", "set", "lo", "up")
        for bridge in (BRIDGE, BEHIND):
            run("ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0")
            run("ip", "link", "set", bridge, "up")
        run("ip", "address", "add", f"{BEHIND_ADDRESS}/24", "dev", BEHIND)
        run("nft", "-f", "-", text=DROPS)
        # Whether this kernel can, before it is needed.
        run("tc", "qdisc", "add", "dev", BEHIND, *SLOW, "rate", "1000kbit")
        run("tc", "qdisc", "del", "dev", BEHIND, "root")

    def add(self, host: Host) -> Host:
        run("ip", "netns", "add", host.name)
        run("ip", "-n", host.name, "link", "set", "lo", "up")
        self._plug(host, "eth0", host.port, BRIDGE, host.address)
        if host.behind:
            self._plug(host, "eth1", f"b-{host.name}", BEHIND, host.behind)
        with self._hosts_file.open("a") as names:
            names.write(f"{host.address} {host.name}\n")
        return host

    @staticmethod
    def _plug(host: Host, inside: str, outside: str, bridge: str, address: str) -> None:
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", host.name)
        run("ip", "link", "set", outside, "master", bridge, "up")
        run("ip", "-n", host.name, "address", "add", f"{address}/24", "dev", inside)
        run("ip", "-n", host.name, "link", "set", inside, "up")

    def deafen(self, host: Host) -> None:
        run("nft", "add", "element", "bridge", "site", "deaf", f'{{ "{host.port}" }}')

    def mute(self, host: Host) -> None:
        run("nft", "add", "element", "bridge", "site", "mute", f'{{ "{host.port}" }}')

    def cut(self, host: Host) -> None:
        self.deafen(host)
        self.mute(host)

    def unplug(self, host: Host) -> None:
        """As cut(), and the host sees it."""
        run("ip", "link", "set", host.port, "down")

    def slow(self, host: Host, kilobits: int) -> None:
        shape = [*SLOW, "rate", f"{kilobits}kbit"]
        run("tc", "qdisc", "replace", "dev", host.port, *shape)
        run("tc", "-n", host.name, "qdisc", "replace", "dev", "eth0", *shape)

    def heal(self, host: Host) -> None:
        run("nft", "-f", "-", text=self._without(host))
        run("ip", "link", "set", host.port, "up")
        run("tc", "qdisc", "replace", "dev", host.port, "root", "pfifo")
        run("tc", "-n", host.name, "qdisc", "replace", "dev", "eth0", "root", "pfifo")

    @staticmethod
    def _without(host: Host) -> str:
        # What is not in a set cannot be taken out of it: it is put in first.
        return "".join(
            f'{verb} element bridge site {name} {{ "{host.port}" }}\n'
            for name in ("deaf", "mute")
            for verb in ("add", "delete")
        )
