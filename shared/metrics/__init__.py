"""The one home of prometheus_client. Metrics exist only as schemas/metrics.yaml registers them."""

from shared.metrics.registry import Counter, Gauge, Histogram, UnregisteredMetric, counter, exposition, gauge, histogram

__all__ = ["Counter", "Gauge", "Histogram", "UnregisteredMetric", "counter", "exposition", "gauge", "histogram"]
