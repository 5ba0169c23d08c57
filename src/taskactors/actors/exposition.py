"""Exposition: the server's metrics as Prometheus reads them."""

import time
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .metrics import Distribution, Metrics
from .project import Project
from .projects import Projects

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposed(projects: Projects) -> bytes:
    """Everything there is to know now. Reads no store, so that it costs the same however much is in there."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Read(projects))
    return generate_latest(registry)


class _Read(Collector):
    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def collect(self) -> Iterator[Metric]:
        running = self._projects.running()
        yield from _of_calls(self._projects.metrics)
        yield _gauge("connections", "open connections", {name: self._projects.connected(name) for name in running})
        yield _gauge("project_up", "whether a project that is wanted is open", self._projects.wanted_up())
        yield from _of_work(running)
        yield from _of_stores(running)


def _of_calls(metrics: Metrics) -> Iterator[Metric]:
    calls = CounterMetricFamily("taskactors_calls", "calls by outcome: ok, or a refusal's code", labels=("project", "tool", "outcome"))
    for labels, count in metrics.calls.items():
        calls.add_metric(labels, count)
    yield calls
    took = HistogramMetricFamily("taskactors_call_seconds", "from call to answer, but for calls that asked to wait", labels=("tool",))
    for tool, distribution in metrics.call_s.items():
        _add(took, (tool,), distribution)
    yield took
    for name, what, counted in (("crashes", "an actor crashed", metrics.crashes), ("restarts", "an actor is back", metrics.restarts)):
        family = CounterMetricFamily(f"taskactors_actor_{name}", what, labels=("actor",))
        for actor, count in counted.items():
            family.add_metric((actor,), count)
        yield family


def _of_work(running: Mapping[str, Project]) -> Iterator[Metric]:
    parked = {name: len(it.waiting.parked) for name, it in running.items()}
    yield _gauge("parked_waiters", "callers who wait for work, mail or news", parked)
    events = CounterMetricFamily("taskactors_events", "events since the project was opened, by kind", labels=("project", "kind"))
    waits = HistogramMetricFamily("taskactors_claim_wait_seconds", "from a task's becoming ready to its claim", labels=("project",))
    boxes = GaugeMetricFamily("taskactors_mailbox_letters", "letters that wait in an actor's box", labels=("project", "actor"))
    for name, project in running.items():
        for kind, count in project.statistics.kinds.items():
            events.add_metric((name, str(kind)), count)
        _add(waits, (name,), project.statistics.claim_wait_s)
        for actor, depth in project.depths().items():
            boxes.add_metric((name, actor), depth)
    yield from (events, waits, boxes)


def _of_stores(running: Mapping[str, Project]) -> Iterator[Metric]:
    units = HistogramMetricFamily("taskactors_batch_units", "units of work that share a commit", labels=("project",))
    took = HistogramMetricFamily("taskactors_commit_seconds", "a batch of units and its durable commit", labels=("project",))
    for name, project in running.items():
        _add(units, (name,), project.health.batch_units)
        _add(took, (name,), project.health.commit_s)
    yield from (units, took)
    healths = {name: project.health for name, project in running.items()}
    yield _gauge("store_fault", "whether the last commit failed", {name: it.fault is not None for name, it in healths.items()})
    yield _gauge("broken_rules", "what the audit found wrong", {name: len(it.auditing.findings) for name, it in running.items()})
    yield _gauge("backup_fault", "whether the last backup failed", {name: it.backups.fault is not None for name, it in running.items()})
    now = time.time()
    ages = {name: now - it.backups.last / 1000 for name, it in running.items() if it.backups.last is not None}
    yield _gauge("backup_age_seconds", "since the last good backup", ages)


def _gauge(name: str, what: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"taskactors_{name}", what, labels=("project",))
    for project, value in values.items():
        family.add_metric((project,), float(value))
    return family


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], distribution: Distribution) -> None:
    family.add_metric(labels, buckets=distribution.cumulative(), sum_value=distribution.sum)
