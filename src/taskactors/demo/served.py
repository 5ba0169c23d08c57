"""The demo's server process: a server as `taskactors serve` runs it, which ends when whoever started it is gone."""

import os
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack

from ..app import serve
from ..config import BadConfig, make_config


def main(arguments: list[str]) -> int:
    """Serve on the data folder that is named, or on one that exists only for as long as this process."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    # Until the server heeds it: so that a folder of ours is removed, however early the end comes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        data = arguments[0] if arguments else stack.enter_context(tempfile.TemporaryDirectory(prefix="taskactors-demo-"))
        try:
            config = make_config(
                data=data, roots=[], host="127.0.0.1", ws_port="0", no_http=True, no_auth=True, json=True, log_level="warning"
            )
        except BadConfig as bad:
            print(f"{bad.cause}; {bad.remedy}", file=sys.stderr)
            return 1
        return serve(config)


def _end_with_standard_input() -> None:
    """Whoever started us holds the other end open; even one who is killed lets go of it."""
    # Not through sys.stdin: an interpreter that ends cannot do so while a thread waits in there.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
