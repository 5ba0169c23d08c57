"""Health of a real server: damage to one project turns it red and is named to who may know of it; a restored backup turns it green."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from tests.support.server_process import ServerProcess, running


def taskactors(data: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "taskactors", *words],
        env={**os.environ, "TASKACTORS_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


class Watcher:
    """What somebody sees who asks over HTTP, with the token of this machine or another."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = str(server.facts["http"]).removesuffix("/mcp")
        self._local = (server.data / "local.token").read_text().strip()

    def call(self, method: str, project: str = "default", **params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return httpx2.post(f"{self._url}/rpc/{project}", json=asked, headers=self._shown(self._local)).json()

    def token(self, name: str, *projects: str) -> str:
        return str(self.call("admin.add_token", name=name, projects=list(projects))["result"]["token"])

    def health(self, path: str = "/health", secret: str | None = None) -> tuple[int, Any]:
        reply = httpx2.get(self._url + path, headers=self._shown(secret) if secret else {})
        return reply.status_code, reply.json()

    def all_health(self) -> dict[str, str]:
        """How each project is."""
        return {name: each["status"] for name, each in self.health(secret=self._local)[1]["projects"].items()}

    def _shown(self, secret: str) -> dict[str, str]:
        return {"authorization": f"Bearer {secret}"}


def test_damage_to_one_project_turns_health_red_and_a_restored_backup_green(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, no_auth=False) as server:
        watcher = Watcher(server)
        for project in ("web", "api"):
            watcher.call("create_task", project, code="T-1", name="n", description="d")
        tokens = {name: watcher.token(f"of-{name}", name) for name in ("web", "api")}
        backup = json.loads(taskactors(data, "backup", "--project", "web", "--json"))["path"]
        assert watcher.all_health() == {"default": "healthy", "web": "healthy", "api": "healthy"}
        server.kill()
    file = data / "projects" / "web" / "data.mdb"
    file.write_bytes(b"\xff" * file.stat().st_size)
    with running(data, no_auth=False) as server:
        watcher = Watcher(server)
        assert watcher.call("list_tasks", "web")["error"]["data"]["code"] == "project_unavailable"
        assert watcher.call("list_tasks", "api")["result"][0]["code"] == "T-1"
        assert watcher.all_health() == {"default": "healthy", "web": "unhealthy", "api": "healthy"}
        assert watcher.health() == (503, {"status": "unhealthy"})
        status, seen = watcher.health(secret=tokens["api"])
        assert (status, seen["status"], set(seen["projects"])) == (503, "unhealthy", {"api"})
        status, seen = watcher.health("/health/web", tokens["web"])
        assert (status, seen["project"], "damaged" in seen["why"][0]) == (503, "failed", True)
        assert watcher.health("/health/api", tokens["api"])[0] == 200
        assert server.stop() == 0
    taskactors(data, "restore", backup, "--project", "web")
    with running(data, no_auth=False) as server:
        watcher = Watcher(server)
        assert watcher.call("list_tasks", "web")["result"][0]["code"] == "T-1"
        assert watcher.health() == (200, {"status": "healthy"})
        assert watcher.all_health() == {"default": "healthy", "web": "healthy", "api": "healthy"}
