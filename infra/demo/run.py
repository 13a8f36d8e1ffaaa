"""One run: look at the files, send them, and watch the topics until everything has ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import yaml

from infra.demo.books import Handed, Report, close
from infra.demo.examination import Examined, Instance, NotDicom, Unsendable, examine
from infra.demo.facts import RECEIVED, TOPICS, Facts, Origin
from infra.demo.plan import CALLED, Hand, deal, site_of
from infra.demo.sending import Accepted, NotSent, Peer, Refused, Result, send_hand
from infra.demo.witness import witness
from infra.importing.discovery import find
from infra.local.state import Stack
from shared.events.envelope import UndecodableEvent, decode, header
from shared.kafka import Record, end_offsets, tail

HANDS_PER_SITE = 2
LOOK_EVERY = 0.25
"""Seconds between two looks at the whole."""

STALL = 120.0
"""Seconds without any progress after which what is not finished counts as in flight."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How far everything has come, for the screen."""

    sendable: int
    sent: int
    expected: int
    received: int
    anonymised: int
    held: int
    rejected: int
    indexed: int
    thumbnailed: int


@dataclass(slots=True)
class Run:
    """What is known at the end of a run."""

    report: Report
    facts: Facts
    undecodable: int


@dataclass(slots=True)
class Sending:
    """The files on their way, and what became of each. Results are appended by the sending threads."""

    sendable: int
    sites: dict[str, str]
    results: list[Result] = field(default_factory=list)

    def accepted(self) -> set[Origin]:
        """What the receiver has promised to have."""
        return {self.origin(result.instance) for result in list(self.results) if isinstance(result, Accepted)}

    def origin(self, instance: Instance) -> Origin:
        return (self.sites[site_of(instance)], instance.digest)


def look(folder: Path) -> list[Examined]:
    """Examine every file below `folder`."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(examine, find(folder)))


def site_codes(sites_file: Path) -> dict[str, str]:
    """The opaque code of each calling AE title that may send to us."""
    sites = yaml.safe_load(sites_file.read_text())["sites"]
    return {
        title: str(site["code"])
        for site in sites
        if CALLED in site.get("called_ae_titles", [CALLED])
        for title in site["calling_ae_titles"]
    }


def run(stack: Stack, examined: Sequence[Examined], show: Callable[[Tally], None]) -> Run:
    """Send all instances among `examined` and wait for their ends. Raises Transient when the broker goes away."""
    began = time.monotonic()
    instances = [one for one in examined if isinstance(one, Instance)]
    sending = Sending(len(instances), site_codes(stack.sites_file))
    begin = end_offsets(stack.kafka_bootstrap_servers, TOPICS)
    facts = Facts(begin, map(sending.origin, instances))
    with _senders(stack, deal(instances, HANDS_PER_SITE), sending.results.append) as running:
        undecodable = _watch(stack.kafka_bootstrap_servers, begin, facts, sending, running, show)
    seconds = math.ceil(time.monotonic() - began)
    handed = [*_unsent(examined), *(_handed(result, sending) for result in sending.results)]
    report = close(len(examined), handed, facts, witness(stack, facts.ways()), seconds)
    return Run(report, facts, undecodable)


@contextmanager
def _senders(
    stack: Stack, chosen: Iterable[Hand], observe: Callable[[Result], None]
) -> Iterator[Sequence[Future[None]]]:
    """Threads that send; they stop when the block is left before they are done."""
    receiver = stack.services["receiver"]
    if receiver.dicom_port is None:
        raise ValueError("the stack's receiver has no DICOM port")
    peer, stop = Peer("127.0.0.1", receiver.dicom_port), Event()
    todo = list(chosen)
    with ThreadPoolExecutor(max(1, len(todo)), thread_name_prefix="send") as pool:
        try:
            yield [pool.submit(send_hand, peer, hand, observe, stop) for hand in todo]
        finally:
            stop.set()


def _watch(
    bootstrap: str,
    begin: dict[tuple[str, int], int],
    facts: Facts,
    sending: Sending,
    running: Sequence[Future[None]],
    show: Callable[[Tally], None],
) -> int:
    """Read until all is quiet, or nothing moves for STALL seconds. Answers how many records nobody can decode."""
    # Arrivals are read from the beginning, to know what had been received before.
    start = {where: offset for where, offset in begin.items() if where[0] not in RECEIVED}
    undecodable, moved, looked, last = 0, time.monotonic(), 0.0, None
    for records in tail(bootstrap, TOPICS, start):
        undecodable += sum(not _take(facts, record) for record in records)
        if time.monotonic() - looked < LOOK_EVERY:
            continue
        looked = time.monotonic()
        facts.bury()
        now = tally(sending, facts)
        show(now)
        if now != last:
            moved, last = looked, now
        sent = all(future.done() for future in running)
        for future in running:
            if future.done():
                future.result()  # a bug in a sender must not look like a file that was not sent
        if sent and (facts.quiet(sending.accepted()) or time.monotonic() - moved > STALL):
            break
    return undecodable


def _take(facts: Facts, record: Record) -> bool:
    """Whether the record is an event of ours."""
    try:
        event = decode(record.topic, record.value, record.headers)
    except UndecodableEvent:
        return False
    facts.take(event, (record.topic, record.partition, record.offset), record.timestamp, _trace_id(record))
    return True


def _trace_id(record: Record) -> str | None:
    parts = (header(record.headers, "traceparent") or "").split("-")
    return parts[1] if len(parts) == 4 else None


def tally(sending: Sending, facts: Facts) -> Tally:
    """How far everything has come."""
    ways = list(facts.ways())
    outcomes = [verdict.outcome for way in ways if (verdict := way.verdict)]
    drawn = sum(way.pictured for way in ways if (verdict := way.verdict) and verdict.outcome == "clean")
    anonymised = sum("anonymised" in way.reached for way in ways)
    ended_before = sum(way.verdict is not None and "anonymised" not in way.reached for way in ways)
    clean = outcomes.count("clean")
    return Tally(
        sendable=sending.sendable,
        sent=len(sending.results),
        expected=len(sending.accepted() - facts.earlier),
        received=len(ways),
        anonymised=anonymised,
        held=ended_before,
        rejected=len(outcomes) - ended_before - clean,
        indexed=clean,
        thumbnailed=drawn,
    )


def _unsent(examined: Iterable[Examined]) -> Iterator[Handed]:
    for one in examined:
        if isinstance(one, NotDicom):
            yield Handed(one.found.name, "not_dicom", one.reason)
        elif isinstance(one, Unsendable):
            yield Handed(one.found.name, "not_sent", one.reason)


def _handed(result: Result, sending: Sending) -> Handed:
    site, digest = sending.origin(result.instance)
    name = result.instance.found.name
    match result:
        case Accepted():
            return Handed(name, "accepted", None, site, digest)
        case Refused(status=status):
            return Handed(name, "refused", f"status-{status:04X}", site, digest)
        case NotSent(reason=reason):
            return Handed(name, "not_sent", reason, site, digest)
