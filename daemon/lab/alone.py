"""A variant run by itself: in this process, or in one of its own (`python -m daemon.lab.alone`)."""

from __future__ import annotations

import os
import pickle  # nosec B403
import subprocess
import sys
from pathlib import Path

from daemon.domain.ledger import Ledger
from daemon.lab.outcome import Outcome, failed
from daemon.lab.variant_fold import StrategyErrors, VariantFold
from daemon.runtime.machine import StrategyClasses
from daemon.runtime.simulate import run
from daemon.settings.config import Config


def run_alone(
    config: Config, data_dir: Path | None = None, classes: StrategyClasses | None = None
) -> Outcome:
    """Return the outcome of a variant that is run by itself, in this process."""
    try:
        ran = run(config, data_dir=data_dir, classes=classes)
        ledger, errors = Ledger(), StrategyErrors()
        fold = VariantFold(config.capital_rupees, ledger)
        for event in ran.events:
            ledger.apply(event)
            fold.add(event)
        for strategy_id, error in ran.faults:
            errors.add(strategy_id, error)
        assert ran.series.drawdown is not None
        told = fold.told(ran.closes, ran.series.drawdown, ran.rules, ran.facts.margin)
        return Outcome(status="done", warning=errors.line(), told=told)
    except Exception as error:  # noqa: BLE001 - whatever ends a variant is its cause
        return failed(error)


def run_apart(config: Config, data_dir: Path | None = None) -> Outcome:
    """Return the outcome of a variant that is run in a process of its own.

    No module has been imported there, so it finds what a run of its own would find.
    """
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", __name__],
        input=pickle.dumps((config, data_dir)),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        cause = lines[-1] if lines else f"exit status {done.returncode}"
        return Outcome(status="failed", cause=f"a process of its own ended: {cause}")
    outcome = pickle.loads(done.stdout)  # noqa: S301 - of our own child  # nosec B301
    assert isinstance(outcome, Outcome)
    return outcome


def main() -> None:
    """Run the variant that comes in, and write its outcome."""
    config, data_dir = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - of our own parent  # nosec B301
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # a strategy may print
    out.write(pickle.dumps(run_alone(config, data_dir)))


if __name__ == "__main__":
    main()
