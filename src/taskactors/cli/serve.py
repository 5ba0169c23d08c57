"""taskactors serve: run the server."""

from __future__ import annotations

import argparse
import gc

from .errors import Usage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="DIR", help="data folder (default: $TASKACTORS_DATA, else .taskactors under the root)")
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="[PROJECT=]DIR",
        help="folder that agent files may be written into; may be given again",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1)")
    parser.add_argument("--ws-port", default="8765", metavar="PORT", help="WebSocket port, 0 picks one (default: 8765)")
    parser.add_argument("--http-port", metavar="PORT", help="HTTP port, 0 picks one (default: the one after the WebSocket port)")
    parser.add_argument("--no-http", action="store_true", help="serve no HTTP")
    parser.add_argument("--no-auth", action="store_true", help="ask nobody for a token; on loopback only")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="a name that clients use for this server")
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help="a web page that may use this server")
    parser.add_argument("--tls-cert", metavar="FILE", help="certificate with its chain, in PEM")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, in PEM")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready")
    parser.add_argument("--backups", metavar="DIR", help="folder for backups (default: backups in the data folder)")
    parser.add_argument("--backup-every", default="24", metavar="HOURS", help="back up each project this often, 0 for never (default: 24)")
    parser.add_argument("--keep-backups", default="7", metavar="N", help="keep the newest N of those (default: 7)")
    parser.add_argument("--keep-days", default="90", metavar="DAYS", help="drop history that is older, 0 for never (default: 90)")
    parser.add_argument("--keep-events", default="10000", metavar="N", help="but never the last N events (default: 10000)")
    parser.add_argument("--log-level", default="info", metavar="LEVEL", help="debug, info, warning or error (default: info)")


def run(arguments: argparse.Namespace) -> int:
    # Nothing that a start makes is garbage, and to look for some takes a tenth of it. The server turns it on again.
    gc.disable()
    from ..config import BadConfig, make_config

    try:
        config = make_config(
            data=arguments.data,
            roots=arguments.root,
            host=arguments.host,
            ws_port=arguments.ws_port,
            http_port=arguments.http_port,
            no_http=arguments.no_http,
            no_auth=arguments.no_auth,
            allow_hosts=arguments.allow_host,
            allow_origins=arguments.allow_origin,
            tls_cert=arguments.tls_cert,
            tls_key=arguments.tls_key,
            json=arguments.json,
            log_level=arguments.log_level,
            backups=arguments.backups,
            backup_every=arguments.backup_every,
            keep_backups=arguments.keep_backups,
            keep_days=arguments.keep_days,
            keep_events=arguments.keep_events,
        )
    except BadConfig as bad:
        raise Usage(bad.cause, bad.remedy) from None
    from ..app import serve

    return serve(config)
