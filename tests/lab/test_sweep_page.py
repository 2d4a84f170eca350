"""The page of a sweep: what it says is so, and nothing in it can run but its own script."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from statistics import median, variance

import pytest
from msgspec.structs import replace

from daemon.lab.numbers import deflated_sharpe, sharpe
from daemon.lab.numbers.deflated import shape_of
from daemon.lab.numbers.neighbours import Axis, Params, around, neighbours
from daemon.lab.numbers.walk_forward import WalkForward
from daemon.lab.page.columns import KNOWN, column_of, shown
from daemon.lab.page.heat import shade
from daemon.lab.page.html import render_page
from daemon.lab.page.judged import judge
from daemon.lab.page.model import SweptRun
from daemon.lab.page.param_names import short_names
from daemon.lab.page.tables import MOST_ROWS
from daemon.lab.sweep.numbers import NUMBERS
from tests.lab.made_sweep import FAST, SLOW, made_sweep
from tests.unit.test_report_html import EVIL, Page, without_scripts


def test_neighbours_are_one_step_away_on_one_axis() -> None:
    axes = [Axis("fast", (5, 10, 15)), Axis("mode", ("mid", "depth"))]
    grid: list[Params] = [
        {"fast": fast, "mode": mode} for fast in (5, 10, 15) for mode in ("mid", "depth")
    ]
    beside: list[Params] = [
        {"fast": 10, "mode": "ltp"},
        {"fast": 10},
        {"fast": 15},
        {"slow": 1},
        {},
    ]
    found = neighbours([*grid, *beside], axes)
    assert found[:6] == [[1, 2], [0, 3], [0, 3, 4], [1, 2, 5], [2, 5], [3, 4]]
    assert found[6:] == [[], [8], [7], [], []]  # those that set the same keys are compared


def test_what_was_kept_as_another_kind_of_number_is_the_same_place() -> None:
    axes = [Axis("fast", (5, 10)), Axis("on", (False, True))]
    assert neighbours([{"fast": 5.0, "on": "false"}, {"fast": "10", "on": False}], axes) == [
        [1],
        [0],
    ]


def test_median_and_worst_are_of_a_variant_and_its_neighbours() -> None:
    ring = around(4.0, [1.0, None, 2.0])
    assert ring == (2.0, 1.0, 2)
    assert around(None, [1.0]) is around(4.0, [None]) is None


def sharpe_of(run: SweptRun) -> float:
    found = run.numbers["sharpe"]
    assert isinstance(found, float)
    return found


def test_the_best_is_told_from_the_best_by_its_neighbours() -> None:
    judged = judge(made_sweep())
    best, steady = judged.best, judged.best_by_neighbours
    assert best is not None
    assert steady is not None
    assert judged.variants[best].params == {FAST.key: 25, SLOW.key: 90}
    assert judged.variants[steady].params == {FAST.key: 10, SLOW.key: 50}
    medians = [
        median([sharpe_of(judged.variants[each]) for each in [at, *near]])
        for at, near in enumerate(judged.near)
    ]
    assert medians[steady] == max(medians)


def test_the_deflated_sharpe_is_that_of_all_tries() -> None:
    judged = judge(made_sweep())
    days = [list(run.days.values()) for run in judged.variants]
    daily = [(sharpe(each) or 0) / math.sqrt(252) for each in days]
    shape = shape_of(days[0])
    assert shape is not None
    expected = deflated_sharpe(
        daily[0], days=80, tries=46, variance=variance(daily), skewness=shape[0], kurtosis=shape[1]
    )
    assert judged.deflated == expected


def test_a_variant_outside_the_constraint_is_not_chosen() -> None:
    sweep = made_sweep(where="max_drawdown < 41000")
    judged = judge(sweep)
    assert judged.best is not None
    drawdown = judged.variants[judged.best].numbers["max_drawdown_rupees"]
    assert isinstance(drawdown, float)
    assert drawdown < 41_000
    none = judge(replace(sweep, where="trades > 1000000"))
    assert none.best is None
    assert "No variant fulfils trades &gt; 1000000" in render_page(none.sweep)


def test_walk_forward_names_the_variants_as_the_page_lists_them() -> None:
    judged = judge(made_sweep())
    walked = judged.out_of_sample
    assert walked is not None
    assert len(walked.windows) == 5
    joined = 0
    for window in walked.windows:
        assert window.chosen is not None
        run = judged.variants[window.chosen]
        joined += sum(run.days[date] for date in judged.dates[slice(*window.test)])
    assert sum(walked.changes_paise) == joined


def test_n8_nothing_is_chosen_by_net_where_the_capital_is_swept() -> None:
    sweep = made_sweep(
        select="net", sweeps_capital=True, walk_forward=WalkForward(train=30, select="net")
    )
    judged = judge(sweep)
    assert judged.out_of_sample is None
    assert "capital_rupees is swept" in render_page(sweep)
    assert judged.select == "sharpe"


def test_too_few_sessions_for_a_window_are_told() -> None:
    page = render_page(made_sweep(days=12, where=""))
    assert "12 sessions are too few for one window, which takes 40" in page
    assert "Too few days: 12" in page


def test_the_page_is_whole_and_shows_what_is_asked_for() -> None:
    page = Page(render_page(made_sweep()))
    words = page.words()
    for text in (
        "Sharpe by slow and fast", "All variants", "Walk forward", "1 failed or not run",
        "The best under every fill profile", "How far to trust the best one", "Tries overall",
        "ZeroDivisionError: division by zero", "trades >= 30 and max_drawdown < 50000",
        "Neighbours, worst Sharpe", "27% of its gross", "It is the best of 46 tries",
    ):  # fmt: skip
        assert text in words, text
    assert page.count("tr") == 5 + 6 + 21 + 6 + 2  # map, windows, variants, profiles, failed


def test_one_axis_is_a_line_and_none_is_no_map() -> None:
    sweep = made_sweep()
    runs = [replace(run, params={FAST.key: run.params[FAST.key]}) for run in sweep.runs[1:20:4]]
    page = render_page(replace(sweep, axes=[FAST], runs=runs))
    assert len(re.findall(r"<circle ", page)) == 5
    assert 'class="heat"' not in page
    assert 'id="map"' not in render_page(replace(sweep, axes=[]))


def test_a_sweep_without_a_done_variant_says_why() -> None:
    sweep = made_sweep()
    failed = [run for run in sweep.runs if run.status == "failed"]
    words = Page(render_page(replace(sweep, runs=failed))).words()
    assert "No variant ran to its end" in words
    assert "ZeroDivisionError" in words


def test_the_same_sweep_gives_the_same_page() -> None:
    assert render_page(made_sweep()) == render_page(made_sweep())


def test_nothing_comes_from_outside_and_only_named_scripts_run() -> None:
    page = render_page(made_sweep())
    assert "//" not in re.sub(r"sha256-[A-Za-z0-9+/=]+", "", without_scripts(page))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        for text in re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    for _, attrs in Page(page).tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style"]


def test_markup_in_any_name_is_inert() -> None:
    sweep = made_sweep()
    runs = [
        replace(run, key=EVIL, reproduce=EVIL, cause=EVIL, params={EVIL: EVIL, SLOW.key: EVIL})
        for run in sweep.runs[:3]
    ] + [replace(run, cause=EVIL) for run in sweep.runs if run.status == "failed"]
    axes = [Axis(EVIL, (EVIL, 2)), Axis(SLOW.key, (EVIL, 3))]
    text = render_page(
        replace(sweep, name=EVIL, runs=runs, axes=axes, about={EVIL: EVIL}, walk_forward=None)
    )
    page = Page(text)
    assert page.count("img") == 0
    assert EVIL in page.words()


def test_a_large_sweep_shows_the_best_and_says_where_the_rest_is() -> None:
    sweep = made_sweep(days=3)
    runs = [replace(sweep.runs[at % 20], key=f"k{at}") for at in range(MOST_ROWS + 5)]
    page = render_page(replace(sweep, runs=runs, axes=[], walk_forward=None))
    assert "5 more are in runs.parquet" in page
    assert len(page) < 3_500_000


def test_every_number_of_a_sweep_has_a_name_on_the_page() -> None:
    assert set(NUMBERS) <= {column.name for column in KNOWN}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("net_rupees", -12_345.5, "\u221212,345.50"),
        ("max_drawdown_rupees", 50_000.0, "50,000.00"),
        ("win_rate", 0.4567, "45.7%"),
        ("trades", 1_234_567, "12,34,567"),
        ("sharpe", -1.5, "\u22121.50"),
        ("sharpe", None, "\u2013"),
        ("too_few_days", True, "yes"),
    ],
)
def test_numbers_read_as_in_the_report(name: str, value: float | None, text: str) -> None:
    assert shown(column_of(name), value) == text


def test_shades_go_from_the_deepest_loss_to_the_highest_gain() -> None:
    found = [shade(number, 10.0) for number in (-10, -3, -1, 0, 1, 4, 10)]
    assert found == ["m4", "m1", "z", "z", "z", "p2", "p4"]


def test_names_of_parameters_are_as_short_as_can_be() -> None:
    keys = ["strategies.a.params.fast", "strategies.b.params.fast", "execution.slippage_bps"]
    assert list(short_names(keys).values()) == ["a.params.fast", "b.params.fast", "slippage_bps"]
