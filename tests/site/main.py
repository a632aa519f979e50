"""The whole site as a test. Started by `run`, in namespaces of its own. See README.md."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import threading
from pathlib import Path

from kazoo.exceptions import KazooException

from chaos import Chaos
from journal import Journal
from judge import Judge
from move import Move
from proxies import Programs
from site_parts import Site, wait_until
from traffic import Tally, Traffic
from walk import STEADY, change_leaders, drain, hears, walk

SETTLED_LIMIT_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--chaos", type=float, default=0.0)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--callbacks", action="store_true")
    parser.add_argument("--move", action="store_true")
    arguments = parser.parse_args()
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # it says whenever ZooKeeper is away, which is the point here
    journal = Journal()
    threading.excepthook = lambda ended: journal.fail(f"{ended.thread and ended.thread.name}: {ended.exc_value!r}")
    journal.say(f"seed {arguments.seed}")
    tally, revisions = Tally(), 0
    try:
        tally, revisions = live(arguments, journal)
    except (RuntimeError, OSError, subprocess.SubprocessError, KazooException) as error:
        journal.fail(str(error))
    return report(journal, tally, revisions)


def live(arguments: argparse.Namespace, journal: Journal) -> tuple[Tally, int]:
    """Everything from the first cable to the last request; what was asked for, and how many revisions there were."""
    callbacks = arguments.callbacks or arguments.move
    site = Site(arguments.directory, Programs(arguments.source, arguments.build), journal, callbacks, arguments.move)
    site.start(STEADY, {"chorale.timeout": "5s"})
    judge = Judge(site, journal)
    traffic = Traffic(site.client, site.balancer, list(STEADY), journal, arguments.seed, posts=arguments.move)
    judge.start()
    traffic.start()
    if arguments.move:
        Move(site, journal, judge, arguments.source).run()
    else:
        stay(site, journal, judge, arguments)
    traffic.stop()
    return traffic.tally, judge.revisions


def stay(site: Site, journal: Journal, judge: Judge, arguments: argparse.Namespace) -> None:
    """A quiet day, chaos, quiet."""
    walk(site, journal)
    drain(site, journal)
    if arguments.callbacks:
        change_leaders(site, journal, judge)
    if arguments.chaos:
        Chaos(site, journal, list(STEADY), arguments.seed).run(arguments.chaos * 60)
    if not wait_until(site.marathon.settled, SETTLED_LIMIT_S):
        journal.fail("Marathon's deployments do not end")
    judge.finish(site.marathon.apps())
    hears(site, journal)


def report(journal: Journal, tally: Tally, revisions: int) -> int:
    print("\nwhat was done:")
    for kind, times in sorted(journal.counts.items()):
        print(f"  {times:5} {kind}")
    waits = " ".join(
        f"{name} {tally.percentile(share):.3f} s" for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    )
    print(f"requests: {tally.requests}, failed: {tally.failed}, {waits}")
    print(f"errors of a proxy while it was cut off: {tally.excused}; revisions: {revisions}")
    for failure in journal.failures:
        print(f"FAILED {failure}")
    print("ok" if not journal.failures else f"{len(journal.failures)} failures", flush=True)
    return 1 if journal.failures else 0


if __name__ == "__main__":
    sys.exit(main())
