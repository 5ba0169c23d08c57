"""One turn of a round, with the figures that a test is about."""

from bench.load.measured import Measured
from bench.load.timing import Times

QUIET, BUSY = 0.02, 0.8


def turn(per_second: float, foreign_busy: float = QUIET, p50_ms: float = 1.0) -> Measured:
    return Measured(
        work="changes",
        agents=64,
        seconds=1.0,
        calls=Times(int(per_second), per_second, p50_ms, 2.0, 3.0),
        errors=0,
        first_error=None,
        generator_busy=0.3,
        server_busy=0.9,
        foreign_busy=foreign_busy,
        server_us_per_call=100.0,
        prepared_s=0.1,
        server_kib=1000,
        server_grew_kib=10,
    )
