"""A stand-in for Nixy, which is not here: as Nixy does, it writes nginx.conf out of Marathon's apps and a Go template,
tests it and reloads Nginx, by itself on each proxy.

Unlike Nixy it asks every second instead of listening to events, takes nothing but a 200 for an answer, and knows no
label but those that the template names.

usage: nixy_stand_in.py NIXY_TOML
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import go_template

POLL_S = 1.0
TIMEOUT_S = 5.0


def healthy(app: dict[str, Any], task: dict[str, Any]) -> bool:
    results = task.get("healthCheckResults") or []
    return not app.get("healthChecks") or (bool(results) and all(result["alive"] for result in results))


def apps_of(answer: dict[str, Any]) -> dict[str, Any]:
    """By id, those with a server alone; fields as Nixy's templates name them."""
    found = {}
    for app in answer["apps"]:
        tasks = [
            {"Host": task["host"], "Ports": task["ports"]}
            for task in app["tasks"]
            if task["state"] == "TASK_RUNNING" and task["ports"] and healthy(app, task)
        ]
        if tasks:
            host = ".".join(reversed(app["id"].strip("/").split("/")))
            found[app["id"]] = {"Hosts": [host], "Tasks": tasks, "Labels": app["labels"]}
    return found


def fetch(endpoints: list[str]) -> dict[str, Any]:
    """Of the first that answers. Raises OSError where none does."""
    for endpoint in endpoints:
        try:
            with urllib.request.urlopen(endpoint + "/v2/apps?embed=apps.tasks", timeout=TIMEOUT_S) as answer:
                return apps_of(json.load(answer))
        except OSError as error:
            logging.warning("%s: %s", endpoint, error)
    raise OSError("no endpoint answers")


def apply(settings: dict[str, Any], apps: dict[str, Any]) -> None:
    """Raises CalledProcessError where Nginx refuses it."""
    config = Path(settings["nginx_config"])
    context = {"Xproxy": settings["xproxy"] or socket.gethostname(), "Apps": apps}
    draft = config.with_name(".nginx.conf.tmp")
    draft.write_text(go_template.render(Path(settings["nginx_template"]).read_text(), context))
    nginx = settings["nginx_cmd"].split()
    subprocess.run([*nginx, "-c", str(draft), "-t"], check=True)
    os.rename(draft, config)
    subprocess.run([*nginx, "-s", "reload"], check=True)


class Health(BaseHTTPRequestHandler):
    """GET /v1/health."""

    def do_GET(self) -> None:
        fine = {"Healthy": True, "Message": "OK"}
        body = json.dumps({"Config": fine, "Template": fine, "Endpoints": None}).encode()
        self.send_response(200 if self.path == "/v1/health" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def main(file: str) -> None:
    settings = tomllib.loads(Path(file).read_text())
    server = ThreadingHTTPServer(("", int(settings["port"])), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    last = None
    while True:
        try:
            apps = fetch(settings["marathon"])
            if apps != last:
                apply(settings, apps)
                last = apps
        except (OSError, KeyError, ValueError, subprocess.CalledProcessError) as error:
            logging.error("%s: %s", type(error).__name__, error)
        time.sleep(POLL_S)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    main(*sys.argv[1:])
