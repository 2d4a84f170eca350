"""`run_fno_paper follow`: what happens to an account, told over its owner's channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from loguru import logger

from daemon.alerts.channels import Channel, read_channels
from daemon.alerts.delivery import Send
from daemon.alerts.service import Alerts
from daemon.errors import AlreadyRunning, ConfigError, UsageError
from daemon.process.logs import log_to_file_alone
from daemon.settings.alerts import AlertsConfig
from daemon.web.sources.watched import Watched

LOG_FILE: Final = "follow.log"
_INSTALL: Final = "alerts are sent by apprise: install it with pip install 'run-fno-paper[alerts]'"


def follow(watched: Watched, say: Callable[..., None]) -> None:
    """Send the alerts of an account until a signal. Raises ConfigError, UsageError, AlreadyRunning.

    An account that does not say `alerts.enabled` is followed too: the command asks for it.
    """
    from daemon.alerts.process import FollowProcess

    alerts = open_alerts(watched)
    log_to_file_alone(watched.directory / LOG_FILE)
    names = ", ".join(delivery.name for delivery in alerts.deliveries)
    FollowProcess(watched, alerts).run(lambda: say(f"alerts of {watched.name} to {names}"))


def send_test(watched: Watched, say: Callable[..., None]) -> bool:
    """Send a line to each channel and say what became of it; return whether all took it."""
    failed = 0
    for channel in read_channels(alerts_config(watched)):
        problem = _send_to(channel)(f"PAPER {watched.name}", "a test of run_fno_paper")
        failed += bool(problem)
        say(f"{channel.name}: {problem or 'taken'}")
    return not failed


def alerts_of_page(watched: Watched) -> Alerts | None:
    """Return the alerts that the page's process sends, None where none are wanted.

    A page without its alerts is better than no page: what stands in their way is logged.
    """
    if not watched.is_account or not alerts_config(watched).enabled:
        return None
    try:
        return open_alerts(watched)
    except (AlreadyRunning, ConfigError, UsageError) as error:
        logger.error("no alerts are sent: {}", error)
        return None


def open_alerts(watched: Watched) -> Alerts:
    """Return the alerts of an account, not yet running. Raises as `follow` does."""
    return Alerts(watched, read_channels(alerts_config(watched)), _send_to)


def alerts_config(watched: Watched) -> AlertsConfig:
    """Return the settings of the configuration that was named, or else of the newest start."""
    config = watched.given or watched.setup().config
    return AlertsConfig() if config is None else config.alerts


def _send_to(channel: Channel) -> Send:
    try:
        from daemon.alerts.sender import AppriseSender
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "apprise":
            raise
        raise UsageError(_INSTALL) from error
    return AppriseSender(channel.name, channel.address).send
