"""taskactors serve: run the server."""

import argparse
import sys

from .errors import WRONG_USAGE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", help="data folder (default: $TASKACTORS_DATA, else .taskactors under the root)")
    parser.add_argument("--root", action="append", default=[], metavar="[PROJECT=]DIR", help="folder that agent files may be written into")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; loopback only (default: 127.0.0.1)")
    parser.add_argument("--ws-port", type=int, default=8765, help="WebSocket port, 0 picks one (default: 8765)")
    parser.add_argument("--http-port", type=int, help="accepted for scripts; this version serves no HTTP and says so")
    parser.add_argument("--no-auth", action="store_true", help="serve without tokens, on loopback (as every server of this version does)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))


def run(arguments: argparse.Namespace) -> int:
    from ..app import serve
    from ..config import BadConfig, make_config

    if arguments.http_port is not None:
        print("taskactors: this version serves no HTTP; --http-port has no effect", file=sys.stderr)
    try:
        config = make_config(
            data=arguments.data,
            roots=arguments.root,
            host=arguments.host,
            ws_port=arguments.ws_port,
            no_auth=arguments.no_auth,
            json=arguments.json,
            log_level=arguments.log_level,
        )
    except BadConfig as error:
        print(f"taskactors: {error}", file=sys.stderr)
        return WRONG_USAGE
    return serve(config)
