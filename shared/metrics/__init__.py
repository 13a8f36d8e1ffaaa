"""The one home of prometheus_client. Metrics exist only as schemas/metrics.yaml registers them."""

from shared.metrics.merging import Snapshot, exposition_of, merged, snapshot, totals
from shared.metrics.registry import Counter, Gauge, Histogram, UnregisteredMetric, counter, exposition, gauge, histogram

__all__ = [
    "Counter",
    "Gauge",
    "Histogram",
    "Snapshot",
    "UnregisteredMetric",
    "counter",
    "exposition",
    "exposition_of",
    "gauge",
    "histogram",
    "merged",
    "snapshot",
    "totals",
]
