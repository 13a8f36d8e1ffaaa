"""The metrics of several processes of one service as if they were one's."""

import operator
from collections.abc import Callable, Iterable

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from shared.metrics.registry import registrations

Snapshot = list[Metric]
"""What a process has counted at one moment. Can be pickled."""

_OF_THE_PROCESS = ("process_cpu_seconds", "process_resident_memory_bytes", "process_open_fds")
_LAST = ("counter", "histogram")
"""Kinds that outlive the process."""


def snapshot() -> Snapshot:
    """What this process has counted, and what it uses."""
    return [
        found for found in REGISTRY.collect() if found.name in _OF_THE_PROCESS or found.name.startswith("isocentre_")
    ]


def totals(snapshots: Iterable[Snapshot]) -> Snapshot:
    """What stays of processes that are dead: their counts."""
    return [found for found in merged(snapshots) if found.type in _LAST]


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """One of several: sums, or what schemas/metrics.yaml says a gauge is."""
    whole: dict[str, Metric] = {}
    for found in (found for each in snapshots for found in each):
        ours = whole.setdefault(found.name, Metric(found.name, found.documentation, found.type, found.unit))
        ours.samples = _merged(ours.samples, found.samples, _rule(found.name))
    return list(whole.values())


def exposition_of(others: Callable[[], Iterable[Snapshot]]) -> Callable[[str], tuple[bytes, str]]:
    """As `exposition`, of this process and of others, whose newest snapshots `others` gives."""

    class All(Collector):
        def collect(self) -> Iterable[Metric]:
            ours = list(REGISTRY.collect())
            return merged([ours, *others()])

    registry = CollectorRegistry(auto_describe=False)
    registry.register(All())

    def expose(accept: str) -> tuple[bytes, str]:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    return expose


def _rule(name: str) -> Callable[[float, float], float]:
    entry = registrations().get(name)
    rules: dict[str, Callable[[float, float], float]] = {"sum": operator.add, "max": max, "min": min}
    return rules[entry.over_processes if entry else "sum"]


def _merged(ours: list[Sample], theirs: list[Sample], rule: Callable[[float, float], float]) -> list[Sample]:
    found = {(sample.name, tuple(sorted(sample.labels.items()))): sample for sample in ours}
    for sample in theirs:
        which = (sample.name, tuple(sorted(sample.labels.items())))
        known = found.get(which)
        found[which] = sample if known is None else _one(known, sample, rule)
    return list(found.values())


def _one(known: Sample, other: Sample, rule: Callable[[float, float], float]) -> Sample:
    value = min(known.value, other.value) if known.name.endswith("_created") else rule(known.value, other.value)
    return known._replace(value=value, exemplar=other.exemplar or known.exemplar)
