"""The paper-trading daemon: `domain` is the vocabulary, `runtime.app` is where to start reading."""

from typing import Final

VERSION: Final = "0.3.0.dev0"
