"""Where a call's time goes: samples of the server's stacks under load, put to the stage that the innermost line of ours belongs to."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from .contests import TEAM
from .generator import load
from .load.measured import Measured
from .servers import GENERATOR_CORE, Missing, Server

SAMPLES_A_SECOND = 250
SECONDS = 10.0
# The sampler begins when everybody is connected, and ends before they leave: to connect is no call.
CONNECTED_AFTER_S = 3.0
STARTS_WITHIN_S = 3.0
HOW = "uv pip install py-spy, or nox -s bench, which installs it"

# The first that fits a module (below taskactors) and function, as in "mcp_server/answers:encode", is the stage.
STAGES: tuple[tuple[str, str], ...] = (
    ("decode", r"mcp_server/(envelope:|plain:read)"),
    ("encode", r"mcp_server/(answers|frames):|board/wire:"),
    ("transport", r"transports/|mcp_server/over_http"),
    ("surface", r"mcp_server/"),
    ("structure", r"actors/argument|board/requests/"),
    ("router", r"actors/(router|identity|projects?|seat|pace|presence|access|calls):"),
    ("store", r"actors/(store|in_hand|feed):|storage/(transaction|records|keys|sealing|lmdb_reads|kept_back):"),
    ("commit", r"storage/"),
    ("unit of work", r"board/|domain/"),
    ("desk", r"actors/"),
    ("actors' runtime", r"runtime/"),
)
_STAGES = tuple((stage, re.compile(pattern)) for stage, pattern in STAGES)
OTHER = "other"
LOOP = "event loop"
"""Whatever no line of ours is behind but the one that started it all: Trio's own turns, and what it starts in threads."""

_FRAME = re.compile(r"(?P<function>[^ ;]+) \((?P<file>[^;]*):\d+\)")
_OURS = re.compile(r"taskactors/(?P<module>.+)\.py$")
# A thread that waits for work looks busy to the sampler.
_WAITING = re.compile(r"WorkerThread\._work \([^;]*$")
_ROOT = re.compile(r"app$|cli/|__main__$")


@frozen
class Profile:
    """Microseconds of a call by stage, and the share of all samples by module."""

    stages_us: Mapping[str, float]
    modules: Mapping[str, float]


def profile(server: Server, seconds: float = SECONDS) -> Profile:
    """Load the server with changes and look at it meanwhile. Raises Missing."""
    sampler = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if sampler is None:
        raise Missing(f"py-spy is not installed: {HOW}")
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        command = ["taskset", "-c", str(GENERATOR_CORE), sampler, "record", "--pid", str(server.pid), "--format", "raw", "--full-filenames"]
        command += ["--nonblocking", "--rate", str(SAMPLES_A_SECOND), "--duration", str(round(seconds)), "--output", str(samples)]
        command = ["sh", "-c", f'sleep {CONNECTED_AFTER_S}; exec "$@"', "sh", *command]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sampling:
            measured = load(server, "changes", TEAM, CONNECTED_AFTER_S + STARTS_WITHIN_S + seconds)
            said, _ = sampling.communicate()
        if sampling.returncode or not samples.is_file():
            raise Missing(f"py-spy could not look at the server: {said.strip()[-300:]}")
        return sorted_out(samples.read_text().splitlines(), measured)


def sorted_out(lines: Iterable[str], measured: Measured) -> Profile:
    """Samples, each a stack and how often it was seen, as costs of one call."""
    stages, modules = Counter[str](), Counter[str]()
    for line in lines:
        stack, _, times = line.rpartition(" ")
        if _WAITING.search(stack):
            continue
        place = _innermost(stack)
        stages[stage_of(place)] += int(times)
        modules[place.partition(":")[0] if place else LOOP] += int(times)
    whole = max(1, stages.total())
    return Profile(
        {stage: round(measured.server_us_per_call * count / whole, 2) for stage, count in stages.most_common()},
        {module: round(count / whole, 4) for module, count in modules.most_common()},
    )


def stage_of(place: str | None) -> str:
    """The stage of a module and function."""
    if place is None:
        return LOOP
    return next((stage for stage, pattern in _STAGES if pattern.search(place)), OTHER)


def _innermost(stack: str) -> str | None:
    """The innermost frame of ours, as module:function."""
    for frame in reversed(_FRAME.findall(stack)):
        function, file = frame
        found = _OURS.search(file)
        if found and not _ROOT.match(found["module"]):
            return f"{found['module']}:{function}"
    return None
