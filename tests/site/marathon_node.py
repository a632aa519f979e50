"""One of Marathon's nodes: stands in the election in ZooKeeper, leads by passing requests on to what all nodes share,
and stands by as the simulator's standby does. Ends when it loses ZooKeeper, as Marathon does.

With "callbacks" the leader also posts what the core has to say to subscribers (`--event_subscriber http_callback`).

usage: marathon_node.py NAME ADDRESS ZOOKEEPER CORE SIMULATOR [callbacks]
"""

from __future__ import annotations

import ctypes
import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import KazooException

ELECTION = "/marathon/leader"
PORT = 8080
LOOK_S = 0.3
SESSION_S = 6.0
FIRST_RESULTS_S = 2.0  # from the takeover to the first results of health checks
CALL_LIMIT_S = 10.0
PR_SET_PDEATHSIG = 1


def end(why: str) -> None:
    logging.error("%s", why)
    os.killpg(0, signal.SIGKILL)


def command(url: str, name: str, arguments: dict[str, object]) -> None:
    request = urllib.request.Request(
        f"{url}/control/{name}", json.dumps(arguments).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=5):
        pass


class Relay:
    """Connections to this node's port, passed on to the core."""

    def __init__(self, address: str, core: str) -> None:
        parts = urlsplit(core)
        self._core = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server((address, PORT), backlog=256)

    def run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            core = socket.create_connection(self._core, timeout=5)
        except OSError:
            client.close()
            return
        core.settimeout(None)
        threading.Thread(target=self._pump, args=(core, client), daemon=True).start()
        self._pump(client, core)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                each.close()


class Caller(BaseHTTPRequestHandler):
    """Posts for the core, from this host: an HTTP proxy that the core alone can reach."""

    timeout = CALL_LIMIT_S

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = f"{url.path}?{url.query}" if url.query else url.path
        subscriber = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=CALL_LIMIT_S)
        try:
            subscriber.request("POST", target, body, {"Host": url.netloc, "Content-Type": "application/json"})
            status = subscriber.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 502
        finally:
            subscriber.close()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass  # one line an event


def post_events(core: str) -> None:
    """From now on the core's events leave by way of this host."""
    parts = urlsplit(core)
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5) as known:
        behind = known.getsockname()[0]
    server = ThreadingHTTPServer((behind, 0), Caller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command(core, "callbacks", {"proxy": f"http://{behind}:{server.server_port}"})


class Standby:
    """The simulator, as a standby of whoever leads."""

    def __init__(self, address: str, simulator: str) -> None:
        self._url = f"http://{address}:{PORT}"
        self._listen = f"{address}:{PORT}"
        self._simulator = simulator
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = ""

    def follow(self, leader: str) -> None:
        if leader == self._leader:
            return
        if self._process:
            command(self._url, "leader", {"url": leader})
        else:
            self._process = subprocess.Popen(
                [self._simulator, "--listen", self._listen, "--leader", leader], preexec_fn=_die_with_parent
            )
        self._leader = leader

    def end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def check(self) -> None:
        if self._process and self._process.poll() is not None:
            end("the standby ended")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def take_over(address: str, core: str) -> None:
    """A new leader of Marathon's closes streams and knows no result of a health check until the first ones come in."""
    command(core, "lose_health_results", {})
    threading.Thread(target=Relay(address, core).run, daemon=True).start()
    threading.Timer(FIRST_RESULTS_S, restore_health, (core,)).start()


def restore_health(core: str) -> None:
    with urllib.request.urlopen(f"{core}/v2/apps", timeout=5) as answer:
        apps = json.load(answer)["apps"]
    for app in apps:
        if app.get("healthChecks"):
            try:
                command(core, "health", {"app": app["id"], "alive": True})
            except OSError:
                pass  # the app has just gone


def leader_of(client: KazooClient) -> tuple[str, str]:
    """The znode and the address of the first in the election."""
    first = min(name for name in client.get_children(ELECTION) if name.startswith("member_"))
    return first, client.get(f"{ELECTION}/{first}")[0].decode()


def literal(leader: str) -> str:
    """The URL of host:port as the simulator takes it, which resolves no names."""
    host, _, port = leader.partition(":")
    return f"http://{socket.gethostbyname(host)}:{port}"


def main(name: str, address: str, zookeeper: str, core: str, simulator: str, events: str = "") -> None:
    client = KazooClient(hosts=zookeeper, timeout=SESSION_S)
    client.add_listener(lambda state: None if state == KazooState.CONNECTED else end(f"ZooKeeper: {state}"))
    client.start(timeout=60)
    own = client.create(f"{ELECTION}/member_", f"{name}:{PORT}".encode(), ephemeral=True, sequence=True, makepath=True)
    standby = Standby(address, simulator)
    leads = False
    while True:
        first, leader = leader_of(client)
        if leads and not own.endswith(first):
            end("no longer the leader")
        if not leads and own.endswith(first):
            standby.end()
            if events == "callbacks":
                post_events(core)
            take_over(address, core)
            leads = True
            logging.info("leads")
        if not leads:
            standby.follow(literal(leader))
            standby.check()
        time.sleep(LOOK_S)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    try:
        main(*sys.argv[1:])
    except (KazooException, OSError, ValueError) as error:
        end(f"{type(error).__name__}: {error}")
