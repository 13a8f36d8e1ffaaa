"""Metrics of several processes as if they were one's."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.metrics.merging import Snapshot, merged, totals


def of_process(count: int, level: float, seconds: float) -> Snapshot:
    registry = CollectorRegistry()
    Counter("isocentre_receive_instances_total", "x", ["site"], registry=registry).labels("a").inc(count)
    Gauge("isocentre_receive_open_associations", "x", ["site"], registry=registry).labels("a").set(level)
    histogram = Histogram("isocentre_receive_seconds", "x", buckets=[1, 2], registry=registry)
    histogram.observe(seconds, {"trace_id": f"{count:032x}"})
    return list(registry.collect())


def values(snapshot: Snapshot) -> dict[str, float]:
    return {
        f"{sample.name}{sample.labels.get('le', '')}": sample.value
        for metric in snapshot
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


def test_counts_and_levels_are_summed() -> None:
    told = values(merged([of_process(3, 2, 0.5), of_process(4, 1, 1.5)]))
    assert told["isocentre_receive_instances_total"] == 7
    assert told["isocentre_receive_open_associations"] == 3
    assert told["isocentre_receive_seconds_bucket1.0"] == 1
    assert told["isocentre_receive_seconds_bucket2.0"] == 2
    assert told["isocentre_receive_seconds_sum"] == 2.0


def test_of_the_dead_only_counts_stay() -> None:
    dead = totals([of_process(3, 2, 0.5)])
    told = values(merged([dead, of_process(4, 1, 1.5)]))
    assert told["isocentre_receive_instances_total"] == 7
    assert told["isocentre_receive_open_associations"] == 1


def test_exemplars_stay() -> None:
    (histogram,) = (one for one in merged([of_process(3, 2, 0.5), of_process(4, 1, 1.5)]) if one.type == "histogram")
    exemplars = [sample.exemplar.labels["trace_id"][-1] for sample in histogram.samples if sample.exemplar]
    assert exemplars == ["3", "4"]


def test_merging_changes_nothing_of_what_it_is_given() -> None:
    one, other = of_process(3, 2, 0.5), of_process(4, 1, 1.5)
    merged([one, other])
    assert values(one)["isocentre_receive_instances_total"] == 3
