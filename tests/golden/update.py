"""`python -m tests.golden.update`: pin the exports as they are now.

A changed hash means that the same recording is traded differently: say why in the change.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.broker.test_carry import Week
from tests.kit import golden, plan_golden
from tests.plans.real_chain import chain_file


def main() -> None:
    hashes = golden.pinned()
    with tempfile.TemporaryDirectory() as place:
        done = golden.replay(golden.SAMPLE, Path(place) / "sample")
        hashes["sample"] = done.sha256
        for name in golden.RECORDINGS:
            if reason := golden.missing(name):
                print(f"{name}: kept as it was, {reason}")
                continue
            hashes[name] = golden.replay(golden.example(name), Path(place) / name).sha256
    hashes["nrml-week"] = Week(restarts=False).run().sha256
    update_plans()
    for name, sha256 in sorted(hashes.items()):
        print(f"{name}: {sha256}{'' if golden.pinned().get(name) == sha256 else '  (new)'}")
    golden.HASHES.write_text(json.dumps(hashes, indent=2, sort_keys=True) + "\n")


def update_plans() -> None:
    """Pin what shipped plans do; on the real chain where it is."""
    found = plan_golden.pinned() if plan_golden.KEPT.exists() else {}
    with tempfile.TemporaryDirectory() as place:
        found["made-up days"] = plan_golden.on_made_up_days(Path(place) / "days")
        for name in plan_golden.OVER_EXPIRIES:
            found[name] = plan_golden.over_two_expiries(name, Path(place) / name)
    if chain_file() is None:
        print("plans on the real chain: kept as they were, it is not here")
    else:
        found["real chain"] = plan_golden.on_the_real_chain()
    plan_golden.pin(found)


if __name__ == "__main__":
    main()
