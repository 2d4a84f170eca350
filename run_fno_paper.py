"""Starts the program, once it is sure that its packages are its own.

The name `daemon` is also that of python-daemon. This module has a name that nobody else uses, so it
can say what is wrong where an import would end in a traceback.
"""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGES: Final = ("daemon", "feeds", "strategies")
BAD_INSTALLATION: Final = 78
"""As for a bad configuration: trying again cannot help."""
START_OBJECTS: Final = 200_000
"""New objects before the collector looks: what a start makes stays, and a look at all of it takes
20 ms. What runs for hours sets it lower (daemon/process/memory.py)."""
_AGAIN: Final = "install this program again, into an environment of its own (pipx)"
_REMEDY: Final = "uninstall it, or install this program into an environment of its own (pipx)"


def main() -> None:
    """Run the command line; refuse an installation that cannot work in one line."""
    problem = unusable_platform(sys.platform) or shadowed(Path(__file__).resolve().parent)
    if problem:
        _say(problem)
        sys.exit(BAD_INSTALLATION)
    for warning in (untested_platform(sys.platform), mixed(Path(__file__).resolve().parent)):
        if warning:
            _say(f"warning: {warning}")

    gc.set_threshold(START_OBJECTS)
    from daemon.main import main as command_line

    try:
        command_line()
    finally:
        gc.freeze()  # the memory goes back to the system: the interpreter need not look through it


def unusable_platform(platform: str) -> str:
    """Return why the program cannot run on this platform, or an empty text."""
    if platform not in ("win32", "cygwin"):
        return ""
    return "runs on Linux; on Windows install it inside WSL2 (`wsl --install`), see README.md"


def untested_platform(platform: str) -> str:
    """Return what to expect on a platform that is not Linux, or an empty text."""
    if platform == "linux":
        return ""
    return (
        f"{platform} is not supported, only Linux is (on Windows: WSL2); the service and "
        "commands to a running daemon do not work here, the rest is untested"
    )


def shadowed(home: Path) -> str:
    """Return which other package Python finds in place of one in `home`, or an empty text."""
    for name in PACKAGES:
        own = home / name / "__init__.py"
        if not own.is_file():
            return f"{own} is missing, perhaps removed with another package; {_AGAIN}"
        spec = find_spec(name)
        origin = None if spec is None else spec.origin
        if origin is None or not Path(origin).is_file() or not own.samefile(origin):
            other = origin or "no module of that name"
            return (
                f"another package is in the place of this program's own {name!r}: {other} "
                f"instead of {own}{_who(name)}; {_REMEDY}"
            )
    init = home / "daemon" / "__init__.py"
    if "\nVERSION" not in init.read_text(encoding="utf-8"):
        return f"another package has overwritten {init}{_who('daemon')}; uninstall it and {_AGAIN}"
    return ""


def mixed(home: Path) -> str:
    """Return that python-daemon shares the directory of `daemon`, or an empty text."""
    if not (home / "daemon" / "daemon.py").exists():
        return ""
    return (
        f"python-daemon is installed in {home / 'daemon'} too, and is broken by it; uninstalling "
        f"either breaks the other: install this program into an environment of its own (pipx)"
    )


def _who(name: str) -> str:
    """Return the usual suspect in brackets."""
    return " (probably python-daemon: `pip uninstall python-daemon`)" if name == "daemon" else ""


def _say(text: str) -> None:
    sys.stderr.write(f"run_fno_paper: {text}\n")


if __name__ == "__main__":
    main()
