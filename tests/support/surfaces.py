"""Everything on the clean side that somebody could read, as bytes to be searched. Black box."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.searching import Hit, Searcher
from tests.support.stack import SERVICES, Stack
from tests.support.topics import Record, Topics

BUCKETS = ("clean", "derived")
CLEAN_FOLDERS = ("validator", "indexer", "thumbnailer", "tracker", "gateway")
MOST_TRACES = 100_000
PAGES = ("/", "/dead-letters", "/fragments/sites", "/fragments/studies", "/api/sites")
PAGES += ("/studies", "/series", "/instances")
OF_STUDY = ("/study/{0}", "/studies/{0}", "/studies/{0}/metadata", "/studies/{0}/series", "/studies/{0}/instances")
OF_INSTANCE = ("/instance/{2}", "/api/instances/{2}", "/studies/{0}/series/{1}/instances/{2}/thumbnail")


@dataclass(frozen=True)
class Surface:
    """Some bytes, and where they can be read. `fields`: numbers in them mean something, and base64 does."""

    name: str
    data: bytes
    fields: bool = False


def search(searcher: Searcher, surfaces: Iterable[Surface]) -> list[Hit]:
    """What was found."""
    return [hit for item in surfaces for hit in searcher.search(item.name, item.data, fields=item.fields)]


def everything(stack: Stack) -> Iterator[Surface]:
    """All surfaces. Logs are everybody's: they leave the zone for dashboards, so those of the identified side count."""
    yield from topics(Topics(stack.kafka))
    yield from objects(stack)
    yield from database(stack)
    yield from spans(stack)
    yield from metrics(stack)
    # Pages before logs: what is asked for is logged.
    yield from pages(stack)
    yield from logs(stack)
    yield from folders(stack)


def topics(log: Topics) -> Iterator[Surface]:
    """All topics outside the identified zone, faust's own too, and records that were aborted but lie there."""
    for name in log.names():
        if name.startswith("identified."):
            continue
        for record in log.records(name, committed=False):
            yield from of_record(record)


def of_record(record: Record) -> Iterator[Surface]:
    where = f"topic {record.topic}"
    yield Surface(f"{where}, key", record.key or b"", fields=True)
    yield Surface(f"{where}, value", record.value or b"", fields=True)
    for name, raw in record.headers:
        yield Surface(f"{where}, header", name.encode() + b" " + raw, fields=True)


def objects(stack: Stack) -> Iterator[Surface]:
    """Names, bytes and what the store says of them."""
    client = stack.objects()
    for bucket in BUCKETS:
        for key in stack.keys(bucket):
            yield Surface(f"bucket {bucket}, key", key.encode())
            yield Surface(f"bucket {bucket}, object", stack.read(bucket, key))
            head = client.stat_object(bucket, key)
            yield Surface(f"bucket {bucket}, metadata", f"{head.etag} {dict(head.metadata or {})}".encode())


def database(stack: Stack) -> Iterator[Surface]:
    """Every row of every table of every schema that is not PostgreSQL's own, as text."""
    query = """SELECT table_schema, table_name FROM information_schema.tables
               WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"""
    for schema, table in stack.rows(query):
        for (text,) in stack.rows(f'SELECT row::text FROM "{schema}"."{table}" AS row'):
            yield Surface(f"table {table}", text.encode(), fields=True)


def spans(stack: Stack) -> Iterator[Surface]:
    """All traces that the store holds."""
    query = f"/api/v2/traces?limit={MOST_TRACES}&lookback=86400000"
    for trace in json.loads(fetched(stack.trace_store + query)):
        yield Surface("span", json.dumps(trace).encode())


def metrics(stack: Stack) -> Iterator[Surface]:
    for service in SERVICES:
        yield Surface(f"metrics of {service}", stack.metrics(service).encode())


def logs(stack: Stack) -> Iterator[Surface]:
    """Of all processes: our services', the components', the supervisor's."""
    for file in sorted((stack.home / "logs").iterdir()):
        yield Surface(f"log {file.name}", file.read_bytes())


def folders(stack: Stack) -> Iterator[Surface]:
    """What services of the clean side keep on their own disks."""
    for name in CLEAN_FOLDERS:
        for file in sorted((stack.home / "data" / name).rglob("*")):
            yield Surface(f"folder of {name}, name", file.name.encode())
            if file.is_file():
                yield Surface(f"folder of {name}, file", file.read_bytes())


def pages(stack: Stack) -> Iterator[Surface]:
    """Console, API, QIDO-RS and WADO-RS, for everything that the index knows."""
    for path in PAGES:
        yield Surface(f"page {path}", fetched(stack.gateway + path + "?limit=1000&includefield=all"))
    known = list(stack.rows("SELECT study_instance_uid, series_instance_uid, sop_instance_uid FROM instance"))
    for study in {row[0] for row in known}:
        yield from (Surface(f"page {path}", fetched(stack.gateway + path.format(study))) for path in OF_STUDY)
    for row in known:
        yield from (Surface(f"page {path}", fetched(stack.gateway + path.format(*row))) for path in OF_INSTANCE)


def fetched(url: str) -> bytes:
    """The body, whatever the status: errors are surfaces too. Bodies are taken without compression."""
    answer: Any = httpx.get(url, headers={"Accept": "*/*"}, timeout=60)
    return bytes(answer.content)
