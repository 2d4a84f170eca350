"""The one module that sends alerts: text to an address, by Apprise, and nothing to a broker."""

from __future__ import annotations

import logging
import warnings
from typing import Final

from apprise import Apprise, AppriseAsset

from daemon.alerts.channels import Address, refused
from daemon.errors import ConfigError

NOT_TAKEN: Final = "its service did not take the message, or cannot be reached"
"""Why a send failed. The library's own words could have parts of an address in them."""
_SILENT: Final = ("apprise", "urllib3", "requests")


class AppriseSender:
    """Sends to one address. It blocks for some seconds at most per try of the service."""

    def __init__(self, name: str, address: Address) -> None:
        """Check the address. Raises ConfigError, whose text does not have it."""
        for library in _SILENT:
            silenced = logging.getLogger(library)
            silenced.handlers = [logging.NullHandler()]
            silenced.propagate = False
        url = address.reveal()
        problem = refused(url)
        asset = AppriseAsset(
            app_id="run_fno_paper",
            app_desc="paper trading",
            app_url="",
            http_redirects=False,
            storage_mode="memory",
            secure_logging=True,
            async_mode=False,
        )
        self._apprise = Apprise(asset=asset)
        with warnings.catch_warnings():
            # The first address loads all services, some of which use what Python will drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            is_known = not problem and self._apprise.add(url)
        if not is_known:
            raise ConfigError(
                f"channel {name!r}: {problem or 'Apprise does not know such an address'}"
            )
        for service in self._apprise:
            service.redirects = False

    def send(self, title: str, text: str) -> str:
        """Send a text; return why that failed, empty where the service took it."""
        try:
            taken = self._apprise.notify(body=text, title=title, body_format="text")
        except Exception:  # noqa: BLE001 - a fault of one of 130 services ends no other
            return NOT_TAKEN
        return "" if taken else NOT_TAKEN
