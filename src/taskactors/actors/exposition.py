"""Exposition: the server's metrics as Prometheus reads them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import trio
from attrs import frozen
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ..domain.events import EventKind
from ..domain.task import State
from .faults import faults_met
from .metrics import Distribution, Metrics
from .project import Project
from .projects import Projects
from .standing import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def exposed(projects: Projects, sessions: int, refused: Mapping[Any, int]) -> bytes:
    """Everything there is to know now, with as many sessions as are open over HTTP, and how many clients were turned away for what.

    Each store is asked for a few counts; what it does not answer soon is left out, and never keeps the rest back.
    """
    found: dict[str, Figures] = {}

    async def look(name: str, project: Project) -> None:
        if (figures := await project.standing.look()) is not None:
            found[name] = figures

    async with trio.open_nursery() as nursery:
        for name, project in projects.running().items():
            nursery.start_soon(look, name, project)
    families = list(_families(projects, found, sessions, refused))
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collected(families))
    # Of many projects it is hundreds of kilobytes, and nobody's call should wait for their making.
    return await trio.to_thread.run_sync(generate_latest, registry)


@frozen(eq=False)
class _Collected(Collector):
    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families


def _families(projects: Projects, found: Mapping[str, Figures], sessions: int, refused: Mapping[Any, int]) -> Iterator[Metric]:
    running = projects.running()
    yield from _of_calls(projects.metrics, {actor for project in running.values() for actor in project.depths()})
    yield _gauge("connections", "open WebSocket connections", {name: projects.connected(name) for name in running})
    yield GaugeMetricFamily("taskactors_http_sessions", "MCP sessions that are open over HTTP", value=sessions)
    turned_away = CounterMetricFamily("taskactors_clients_turned_away", "clients that were not let in, by reason", labels=("reason",))
    for reason, count in refused.items():
        turned_away.add_metric((str(reason),), count)
    yield turned_away
    yield _gauge("project_up", "whether a project that is wanted is open", projects.wanted_up())
    well = {name: each.is_well for name, each in projects.conditions().items()}
    yield _gauge("project_healthy", "what /health says of a project", well)
    yield from _of_work(running)
    yield from _of_what_stands(found)
    yield from _of_stores(running)


def _of_calls(metrics: Metrics, actors: set[str]) -> Iterator[Metric]:
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
        # Those that never did, too: whoever watches for a first time would not see a series that begins at 1.
        for actor in sorted(actors | counted.keys()):
            family.add_metric((actor,), counted[actor])
        yield family
    yield CounterMetricFamily("taskactors_faults", "bugs and broken things that were met", value=faults_met())


def _of_work(running: Mapping[str, Project]) -> Iterator[Metric]:
    parked = {name: len(it.waiting.parked) for name, it in running.items()}
    yield _gauge("parked_waiters", "callers who wait for work, mail or news", parked)
    events = CounterMetricFamily("taskactors_events", "events since the project was opened, by kind", labels=("project", "kind"))
    waits = HistogramMetricFamily("taskactors_claim_wait_seconds", "from a task's becoming ready to its claim", labels=("project",))
    lags = HistogramMetricFamily(
        "taskactors_delivery_seconds",
        "from commit to recipient: a message shown (inbox), a parked call answered (waiter), a subscriber told (push)",
        labels=("project", "way"),
    )
    boxes = GaugeMetricFamily("taskactors_mailbox_letters", "letters that wait in an actor's box", labels=("project", "actor"))
    for name, project in running.items():
        for kind in EventKind:
            events.add_metric((name, str(kind)), project.statistics.kinds[kind])
        _add(waits, (name,), project.statistics.claim_wait_s)
        for way, lag_s in project.delivery.lag_s.items():
            _add(lags, (name, str(way)), lag_s)
        for actor, depth in project.depths().items():
            boxes.add_metric((name, actor), depth)
    yield from (events, waits, lags, boxes)


def _of_what_stands(found: Mapping[str, Figures]) -> Iterator[Metric]:
    tasks = GaugeMetricFamily("taskactors_tasks", "tasks by state", labels=("project", "state"))
    for name, figures in found.items():
        for state in State:
            tasks.add_metric((name, str(state)), figures.tasks.get(state, 0))
    yield tasks
    ages = {name: it.oldest_ready_s for name, it in found.items()}
    yield _gauge("ready_tasks", "tasks that somebody may start now", {name: it.ready for name, it in found.items()})
    yield _gauge("oldest_ready_age_seconds", "how long the ready task waits that waits longest", ages)
    yield _gauge("work_sessions", "open work sessions", {name: it.sessions for name, it in found.items()})


def _of_stores(running: Mapping[str, Project]) -> Iterator[Metric]:
    units = HistogramMetricFamily("taskactors_batch_units", "units of work that share a commit", labels=("project",))
    took = HistogramMetricFamily("taskactors_commit_seconds", "a batch of units and its durable commit", labels=("project",))
    for name, project in running.items():
        _add(units, (name,), project.health.batch_units)
        _add(took, (name,), project.health.commit_s)
    yield from (units, took)
    damaged = {name: project.health.damage is not None for name, project in running.items()}
    healths = {name: project.health for name, project in running.items()}
    yield _gauge("store_fault", "whether the last commit failed", {name: it.fault is not None for name, it in healths.items()})
    yield _gauge("store_damaged", "whether something stored was not what was written", damaged)
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
