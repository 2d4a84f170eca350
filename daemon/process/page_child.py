"""Become the page's process: it ends with its parent and is the first to give way.

`python -m daemon.process.page_child PARENT PROGRAM ARGUMENTS...` lowers itself and then executes
the program. The daemon starts this and not the program itself, because code between fork and exec
of a process with threads could hang, and with it the daemon.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

NICER_BY: Final = 10
OOM_SCORE: Final = 500
FILE_MAX: Final = 64 * 2**20
"""Bytes of one file: a page that floods its log ends, and the journal keeps its disk."""
_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> None:
    """Execute the program of `arguments`; return only if the parent is gone already."""
    parent, *program = arguments
    os.nice(NICER_BY)
    Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = FILE_MAX if most == resource.RLIM_INFINITY else min(most, FILE_MAX)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != int(parent):  # it died before it could be tied to
        return
    os.execv(program[0], program)  # noqa: S606 - the daemon's own program


if __name__ == "__main__":
    main(sys.argv[1:])
