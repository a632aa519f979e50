"""Programs on hosts, started again when they end, as an init system does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hosts import Host

RESTART_PAUSE_S = 1.0
EXCUSED_AFTER_PAUSE_S = 10.0
END_LIMIT_S = 30.0


@dataclass(frozen=True)
class Exit:
    """One end of a program that nobody asked for."""

    service: str
    at: float  # time.monotonic()
    code: int  # negative: the signal

    def __str__(self) -> str:
        ended = signal.Signals(-self.code).name if self.code < 0 else f"status {self.code}"
        return f"{self.service} ended by itself: {ended}"


class Service:
    """A program and its children. Any thread."""

    def __init__(
        self, host: Host, name: str, command: list[str], log: Path, mounts: list[tuple[Path, str]] | None = None
    ) -> None:
        self.host = host
        self.name = f"{name} of {host.name}"
        self.exits: list[Exit] = []
        self.log = log
        self._command = host.command(command, mounts)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._may_run = threading.Event()
        self._supervised = False
        self._expected = False  # the end that comes next is our doing
        self._excused_until = 0.0

    def start(self) -> None:
        self._may_run.set()
        self._supervised = True
        threading.Thread(target=self._supervise, name=self.name, daemon=True).start()

    def kill(self) -> None:
        """Ends it at once; it is started again after a pause, or when it is allowed, if it is held."""
        with self._lock:
            self._expected = True
            self._signal(signal.SIGKILL)

    def hold(self) -> None:
        """Ends it and keeps it from being started."""
        self._may_run.clear()
        self.kill()

    def release(self) -> None:
        self._may_run.set()

    def stop(self) -> None:
        """SIGTERM, as an operator's restart begins."""
        with self._lock:
            self._expected = True
            if self._process:
                self._process.send_signal(signal.SIGTERM)

    def end(self) -> bool:
        """SIGTERM, and it is not started again; whether it has ended in time."""
        self._may_run.clear()
        process = self._process
        self.stop()
        return process is None or _ends(process)

    def restart(self) -> bool:
        """As an init system does: started where it does not run."""
        self.end()
        return self.begin()

    def begin(self) -> bool:
        """Starts it unless it runs; whether it has been started in time."""
        if not self._supervised:
            self.start()
        self._may_run.set()
        deadline = time.monotonic() + END_LIMIT_S
        while not self.runs():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """To the program alone, not to its children."""
        with self._lock:
            if self._process:
                self._process.send_signal(number)

    def pause(self) -> None:
        with self._lock:
            self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It may end now: a watchdog, or a session that is over."""
        with self._lock:
            self._excused_until = time.monotonic() + EXCUSED_AFTER_PAUSE_S
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def _supervise(self) -> None:
        while True:
            self._may_run.wait()
            code = self._launch().wait()
            with self._lock:
                if not self._expected and time.monotonic() > self._excused_until:
                    self.exits.append(Exit(self.name, time.monotonic(), code))
                self._expected = False
            time.sleep(RESTART_PAUSE_S)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self._lock, self.log.open("ab") as log:
            self._expected = False
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            return self._process


def _ends(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        return False
    return True
