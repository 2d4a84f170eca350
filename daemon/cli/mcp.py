"""`run_fno_paper mcp`: tools of an AI assistant, over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from daemon.assistant.reading import AccountReader
from daemon.assistant.untrusted import separated
from daemon.cli.check import check_file
from daemon.errors import UsageError
from daemon.process.logs import log_to_file_alone
from daemon.settings.config import McpConfig
from daemon.web.sources.watched import Watched

LOG_FILE: Final = "mcp.log"
_INSTALL: Final = "mcp: install the protocol with pip install 'run-fno-paper[mcp]'"


def serve_assistant(watched: Watched, config: Path | None) -> None:
    """Answer until standard input ends. Raises UsageError where the library is missing."""
    try:
        from daemon.assistant.server import server_of
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError(_INSTALL) from error
    log_to_file_alone(watched.directory / LOG_FILE)
    known = watched.given
    allowed = McpConfig() if known is None else known.mcp

    def check() -> dict[str, Any]:
        assert config is not None
        checked = check_file(config)
        return separated(
            {"verdict": checked.verdict, "warnings": checked.warnings, "plans": checked.plans}
        )

    reader = AccountReader(watched)
    try:
        server_of(watched, reader, allowed.commands, check if config else None).run("stdio")
    except KeyboardInterrupt:
        return
    finally:
        reader.close()
