"""The lake of a live account: each finished recording goes there as well (`recording.lake`)."""

from __future__ import annotations

from pathlib import Path

import msgspec
from loguru import logger

from daemon.errors import FeedError
from daemon.settings.config import Config
from feeds.recording.reader import InputLog


def add_to_lake(log: InputLog) -> None:
    """Write a finished log into the lake that its configuration names, if any.

    A lake that cannot be written loses nothing: the log says so, and the recording stays.
    """
    try:
        lake = msgspec.json.decode(log.header.config, type=Config).recording.lake
    except msgspec.MsgspecError:  # of another version, which knew no lake
        return
    if not lake:
        return
    from feeds.lake.live import add_log  # reads and writes Parquet: 30 MB that others need not

    try:
        add_log(Path(lake), log)
    except FeedError as error:
        logger.warning(
            "recording.lake: {}; the recording of {} is whole and can be added with `convert "
            "--lake`", error, log.header.date,
        )  # fmt: skip
