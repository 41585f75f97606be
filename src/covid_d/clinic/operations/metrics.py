"""Figures for Prometheus: requests, answers, films, disk. No patient's data, no identities."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from covid_d.clinic.database.cases import Case, StoredAssessment
from covid_d.clinic.installation import Installation

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one server.

    Parameters
    ----------
    installation
        Whose cases, answers and disk are counted when Prometheus asks.
    """

    def __init__(self, installation: Installation) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "covid_d_requests_total",
            "Requests by method, route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "covid_d_request_seconds",
            "Time to the answer's end.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.running = Gauge(
            "covid_d_requests_running", "Requests being answered.", registry=self.registry
        )
        self.registry.register(_Stored(installation))

    def text(self) -> bytes:
        """Return every figure in Prometheus' text format."""
        return generate_latest(self.registry)


class _Stored(Collector):
    """What the database and the disk say, asked anew each time."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def describe(self) -> Iterator[Metric]:
        """Name nothing ahead: the database is not asked when the server starts."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield cases, answers by outcome and bundle, and free bytes."""
        with self._installation.reading() as session:
            cases = session.scalar(select(func.count()).select_from(Case)) or 0
            answers = session.execute(
                select(
                    StoredAssessment.outcome, StoredAssessment.bundle_sha256, func.count()
                ).group_by(StoredAssessment.outcome, StoredAssessment.bundle_sha256)
            ).all()
        yield GaugeMetricFamily("covid_d_cases", "Cases entered.", cases)
        family = GaugeMetricFamily(
            "covid_d_assessments", "Films answered or refused.", labels=["outcome", "bundle"]
        )
        for outcome, bundle, count in answers:
            family.add_metric([outcome, bundle[:12]], count)
        yield family
        free = shutil.disk_usage(self._installation.folder).free
        yield GaugeMetricFamily("covid_d_disk_free_bytes", "Free space of the data folder.", free)
