"""Turns the families that service.figures declares into those of the Prometheus library."""

import itertools
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from service.figures.families import Counter, Family, Gauge, Histogram


def declared_families() -> Iterator[Metric]:
    """All of them with their figures now. A counter begins with 0; a gauge that nobody has set has no sample."""
    for family in Family.declared.values():
        match family:
            case Counter():
                counter = CounterMetricFamily(family.name, family.what, labels=family.labels)
                for labels, number in family.values().items():
                    counter.add_metric(labels, number)
                yield counter
            case Gauge():
                gauge = GaugeMetricFamily(family.name, family.what, labels=family.labels)
                for labels, number in family.values().items():
                    gauge.add_metric(labels, number)
                yield gauge
            case Histogram():
                yield _histogram(family)


def _histogram(family: Histogram) -> Metric:
    shown = HistogramMetricFamily(family.name, family.what, labels=family.labels)
    ends = [*(str(end) for end in family.buckets), "+Inf"]
    for labels, (counted, total) in family.values().items():
        shown.add_metric(labels, list(zip(ends, itertools.accumulate(counted), strict=True)), total)
    return shown
