"""What was acknowledged survives a power cut, whole, and reaches its end. First it is shown that losses are seen.

ISOCENTRE_POWER_CUTS: cuts on each file system (3). ISOCENTRE_POWER_CUT_SEED: of the moments (printed).
"""

import os
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psutil
import pytest

from tests.chaos.power_cut.accounts import Losses, losses
from tests.chaos.power_cut.load import Load
from tests.support.canaries import Canaries
from tests.support.disk import Disk
from tests.support.pipeline import Pipeline
from tests.support.session import QUIET, sites_file
from tests.support.stack import end_at_once, running

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

CUTS = int(os.environ.get("ISOCENTRE_POWER_CUTS", "3"))
SEED = int(os.environ.get("ISOCENTRE_POWER_CUT_SEED") or secrets.randbelow(10**6))
FIRST, LAST = 0.3, 5.0
"""Seconds of load until the cut, at random between these."""
TRIES = 3
"""So often a set-up that may lose something is given the chance to."""
SETTLE = 240.0
"""Seconds for everything to reach its end."""
SWEPT = ["receiver.ISOCENTRE_SWEEP_SECONDS=5", "receiver.ISOCENTRE_SWEEP_GRACE_SECONDS=10"]
ACCEPTED = [
    f"{stage}.ISOCENTRE_LOST_OFFSETS=beginning" for stage in ("anonymiser", "validator", "indexer", "thumbnailer")
]
NEVER_SWEPT = ["receiver.ISOCENTRE_SWEEP_GRACE_SECONDS=86400"]


class Node:
    """A stack whose all lies on one disk: store, broker, database and the services' own folders."""

    def __init__(self, disk: Disk, settings: Sequence[str], *options: str, store: str = "tree") -> None:
        self._disk = disk
        self._store = store
        # A small disk: the receiver need not leave a GiB of it.
        self._settings = [QUIET, "receiver.ISOCENTRE_RESERVE_MIB=16", *settings]
        self._options = options
        self.home = disk.folder / "stack"
        self.home.mkdir()
        (self.home / "sites.yaml").write_text(sites_file(Canaries("cut"), Canaries("more cuts")))

    @contextmanager
    def up(self) -> Iterator[Pipeline]:
        """It runs within this block, if the power lasts that long."""
        with running(self.home, self._settings, self._store, self._options) as stack:
            yield Pipeline(stack)

    def set_up(self) -> None:
        """A first start, long ago: users, topics and schema are on the disk."""
        with self.up():
            pass
        self._disk.sync()

    def lose_power(self, load: Load, after: float) -> None:
        """Start, send for so many seconds, stop in the middle of it, and come to rest."""
        with self.up() as pipeline:
            supervisor, port = psutil.Process(pipeline.stack.told()["supervisor_pid"]), pipeline.stack.dicom_port
            with load.under_way(port):
                time.sleep(after)
                self._disk.cut()
                end_at_once(supervisor)
        self._disk.restart()
        assert (self.home / "data" / "receiver" / "running").read_text() != "ended", (
            "the receiver's mark has not survived"
        )


def settled(pipeline: Pipeline, load: Load) -> Losses:
    """What is lost when everything has had the time to reach its end."""
    deadline = time.monotonic() + SETTLE
    while (found := losses(pipeline, load)) and time.monotonic() < deadline:
        time.sleep(1)
    return found


def first_loss(node: Node, lost: Callable[[Losses], int]) -> Losses:
    """Cut until something is lost, or often enough."""
    node.set_up()
    load = Load()
    for _ in range(TRIES):
        node.lose_power(load, LAST)
        with node.up() as pipeline:
            found = losses(pipeline, load)
        print(f"{len(load)} acknowledged: {found}")
        if lost(found):
            break
    return found


def test_a_store_that_does_not_sync_is_seen_to_lose(disk: Disk) -> None:
    found = first_loss(Node(disk, NEVER_SWEPT, store="s3"), lambda found: found.bytes_lost)
    assert found.bytes_lost > 0


def test_a_broker_that_does_not_flush_is_seen_to_lose(disk: Disk) -> None:
    found = first_loss(Node(disk, NEVER_SWEPT, "--no-broker-flush"), lambda found: len(found.untold))
    assert not found.bytes_lost
    assert found.untold


def test_what_a_broker_forgot_goes_through_again(disk: Disk) -> None:
    """The raw objects are the journal: with them, all that came after can be made once more."""
    load, node = Load(), Node(disk, [*SWEPT, *ACCEPTED], "--no-broker-flush")
    node.set_up()
    node.lose_power(load, LAST)
    with node.up() as pipeline:
        found = settled(pipeline, load)
        assert "made-good" in pipeline.stack.log("receiver").read_text()
    assert len(load) > 0
    assert not found, f"of {len(load)} acknowledged: {found}"


def test_nothing_that_was_acknowledged_is_lost(disk: Disk) -> None:
    chance, load, node = random.Random(f"{SEED} {disk.kind}"), Load(), Node(disk, SWEPT)
    node.set_up()
    for number in range(CUTS):
        after = chance.uniform(FIRST, LAST)
        node.lose_power(load, after)
        print(f"seed {SEED}, {disk.kind}: cut {number + 1} after {after:.2f} s of load, {len(load)} acknowledged")
    with node.up() as pipeline:
        found = settled(pipeline, load)
    assert len(load) > 0
    assert not found, f"of {len(load)} acknowledged, with seed {SEED}: {found}"
