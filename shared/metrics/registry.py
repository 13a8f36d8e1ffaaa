"""Makes registered metrics by name and refuses all others."""

from functools import cache
from typing import Literal

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel, ConfigDict

from shared.schemas import load_yaml

__all__ = ["Counter", "Gauge", "Histogram"]


class UnregisteredMetric(Exception):
    """The name is not in schemas/metrics.yaml, or is there as another kind."""


class Registration(BaseModel):
    """One entry of schemas/metrics.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    over_processes: Literal["sum", "max", "min"] = "sum"
    """What a gauge of several processes of one service is."""


@cache
def registrations() -> dict[str, Registration]:
    """All of schemas/metrics.yaml by metric name."""
    entries = load_yaml("metrics.yaml")["metrics"]
    return {name: Registration.model_validate(entry) for name, entry in entries.items()}


def _registered(name: str, kind: str) -> Registration:
    entry = registrations().get(name)
    if entry is None or entry.kind != kind:
        raise UnregisteredMetric(f"{name} is not a {kind} in schemas/metrics.yaml")
    return entry


@cache
def counter(name: str) -> Counter:
    """The registered counter of that name."""
    entry = _registered(name, "counter")
    return Counter(name, entry.help, entry.labels)


@cache
def gauge(name: str) -> Gauge:
    """The registered gauge of that name."""
    entry = _registered(name, "gauge")
    return Gauge(name, entry.help, entry.labels)


@cache
def histogram(name: str) -> Histogram:
    """The registered histogram of that name."""
    entry = _registered(name, "histogram")
    return Histogram(name, entry.help, entry.labels, buckets=entry.buckets)


def exposition(accept: str) -> tuple[bytes, str]:
    """All metrics and their content type in the format that `accept` asks for.

    OpenMetrics where the scraper takes it: only that format carries exemplars.
    """
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type
