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
from daemon.settings.config import Config, KiteApiConfig

_PROGRAM: Final = (sys.executable, "-c", "import run_fno_paper; run_fno_paper.main()")


def page_command(config: Config, file: Path, overrides: Mapping[str, Any]) -> list[str]:
    """Return the arguments of `run_fno_paper` for the page of a daemon, or for its alerts alone.

    The page sends the alerts too, if they are wanted. Both read the daemon's configuration, unless
    the command line has put another account or output directory in its place.
    """
    if overrides.keys().isdisjoint({"account", "out"}):
        what = "web" if config.web.enabled else "follow"
        return [what, "--config", str(file.absolute())]
    if not config.web.enabled:
        return ["follow", config.account, "--out", config.out]
    web = config.web
    return [
        "web", config.account, "--out", config.out,
        "--port", str(web.port), "--listen", web.listen, *_kite_options(web.kite),
        *([] if web.hooks is None else ["--hooks-port", str(web.hooks.port)]),
    ]  # fmt: skip


def _kite_options(kite: KiteApiConfig) -> list[str]:
    """Return what says where Kite's API is, nothing where that is the default."""
    if not kite.enabled:
        return ["--no-kite"]
    return [] if kite.port is None else ["--kite-port", str(kite.port)]


def page_next_to(
    config: Config, command: list[str], directory: Path
) -> AbstractContextManager[object]:
    """Return a block in which the page, or what sends the alerts, runs: if it is ours to run."""
    is_page = config.web.enabled
    if not (is_page or config.alerts.enabled) or not command:
        return nullcontext()
    if os.environ.get(SOCKET):
        name = f"run_fno_paper-{'web' if is_page else 'follow'}@{config.account}"
        what = "web.enabled: the service manager runs the page" if is_page else (
            "alerts.enabled: the service manager runs what sends them"
        )  # fmt: skip
        logger.info("{}, as {}", what, name)
        return nullcontext()
    if is_page:
        logger.info("page: http://{}:{}/", config.web.listen, config.web.port)
    return page_process([*_PROGRAM, *command], directory)
