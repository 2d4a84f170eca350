"""What another user of the machine can do: a process of that user tries, and says what worked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

USER: Final = "65534"
PYTHON: Final = shutil.which("python3", path="/usr/bin") or ""
"""One that other users may run too."""

_TRIES: Final = r"""
import http.client, json, os, socket, sys
asked, worked, answers = json.load(sys.stdin), [], []
def attempt(what, on, work):
    try:
        work()
    except OSError:
        return
    worked.append([what, str(on)])
def read(path):
    with open(path, "rb") as file:
        file.read(1)
def append(path):
    with open(path, "ab"):
        pass
def connect(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)
for path in asked["paths"]:
    attempt("stat", path, lambda: os.stat(path))
    attempt("read", path, lambda: read(path))
    attempt("append", path, lambda: append(path))
    attempt("list", path, lambda: os.listdir(path))
    attempt("connect", path, lambda: connect(path))
    attempt("link", path, lambda: os.link(path, "/tmp/of-a-stranger-%d" % os.getpid()))
    attempt("rename", path, lambda: os.rename(path, path + ".taken"))
    attempt("remove", path, lambda: os.unlink(path))
    attempt("create", path, lambda: append(os.path.join(os.path.dirname(path), "new")))
    attempt("chmod", path, lambda: os.chmod(path, 0o777))
for pid in asked["pids"]:
    attempt("environ", pid, lambda: read("/proc/%d/environ" % pid))
    attempt("memory", pid, lambda: read("/proc/%d/mem" % pid))
    attempt("files", pid, lambda: os.listdir("/proc/%d/fd" % pid))
    attempt("signal", pid, lambda: os.kill(pid, 0))
for method, path in asked["routes"]:
    link = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=30)
    body = b"{}" if method == "POST" else None
    link.request(method, path, body, {"Content-Type": "application/json"})
    answer = link.getresponse()
    answers.append([method, path, answer.status, answer.read().decode("utf-8", "replace")])
    link.close()
json.dump({"user": os.getuid(), "groups": os.getgroups(), "worked": worked, "answers": answers},
          sys.stdout)
"""


def why_not() -> str:
    """Return why no process of another user can be started here, empty if one can."""
    if not shutil.which("setpriv"):
        return "setpriv is not installed (util-linux)"
    if not PYTHON:
        return "there is no /usr/bin/python3 that another user could run"
    done = subprocess.run(_as_stranger("-c", "pass"), capture_output=True, check=False)
    return "" if done.returncode == 0 else "only root can become another user"


def tries(
    paths: Sequence[Path], pids: Sequence[int], port: int, routes: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Let another user try every path, process and route; return what worked and was answered."""
    asked = {"paths": list(map(str, paths)), "pids": pids, "port": port, "routes": routes}
    done = subprocess.run(
        _as_stranger("-c", _TRIES), input=json.dumps(asked), capture_output=True, text=True,
        timeout=60, check=True, cwd="/",
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["user"] == int(USER)
    assert not found["groups"]
    return found


def _as_stranger(*arguments: str) -> list[str]:
    who = ["--reuid", USER, "--regid", USER, "--clear-groups", "--no-new-privs"]
    return ["setpriv", *who, PYTHON, "-I", *arguments]
