#!/bin/sh
# One line from one role to another, on the team's shared board:
#   ./log.sh "BACKEND → QA: schema is ready"
# It is kept and delivered later when no server is running. Works from anywhere and through links; beside the source it needs
# nothing installed, elsewhere it uses the installed taskactors command.

folder_of() {
    case $1 in
        */*) folder=${1%/*} ;;
        *) folder=. ;;
    esac
    folder=$(cd "${folder:-/}" && pwd)
}

self=$0
folder_of "$self"
beside=$folder
while [ -h "$self" ]; do
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=$folder/$target ;;
    esac
    folder_of "$self"
done

if [ ! -f "$folder/src/taskactors/cli/log.py" ]; then
    exec taskactors log "$@"
fi
# The checkout's own interpreter when it has been made: it is new enough, and starts without detours.
python=$folder/.venv/bin/python
[ -x "$python" ] || python=python3
# -S and -E leave out what only slows the start.
exec "$python" -S -E -c '
import sys
sys.path[0], beside = sys.argv[1:3]
from taskactors.cli.log import from_script
sys.exit(from_script(beside, sys.argv[3:]))
' "$folder/src" "$beside" "$@"
