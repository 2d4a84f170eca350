"""The paper-trading daemon: `domain` is the vocabulary, `app` is where to start reading."""

from typing import Final

VERSION: Final = "0.2.1"
