"""The page of a live account, run by the daemon itself where no service manager does."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

from loguru import logger

from daemon.process.notify import SOCKET
from daemon.process.page_process import page_process
from daemon.settings.config import Config

_PROGRAM: Final = (sys.executable, "-c", "import run_fno_paper; run_fno_paper.main()")


def page_command(config: Config, file: Path, overrides: Mapping[str, Any]) -> list[str]:
    """Return the arguments of `run_fno_paper` for the page of a daemon.

    The page reads the daemon's configuration, unless the command line has put another account or
    output directory in its place.
    """
    if overrides.keys().isdisjoint({"account", "out"}):
        return ["web", "--config", str(file.absolute())]
    web = config.web
    return [
        "web", config.account, "--out", config.out,
        "--port", str(web.port), "--listen", web.listen,
    ]  # fmt: skip


def page_next_to(
    config: Config, command: list[str], directory: Path
) -> AbstractContextManager[object]:
    """Return a block in which the page of a live account runs, if it is wanted and ours to run."""
    if not config.web.enabled or not command:
        return nullcontext()
    if os.environ.get(SOCKET):
        name = f"run_fno_paper-web@{config.account}"
        logger.info("web.enabled: the service manager runs the page, as {}", name)
        return nullcontext()
    logger.info("page: http://{}:{}/", config.web.listen, config.web.port)
    return page_process([*_PROGRAM, *command], directory)
