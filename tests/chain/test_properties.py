"""What holds for every chain: order says nothing, sides are mirrors, a naive choice agrees."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from daemon.chain.choice import Choice, Chosen
from daemon.chain.strikes import OptionKind
from tests.chain.market import market_of, option, pick, strike_of, universe_of

CENTRE = 24_000
KINDS: st.SearchStrategy[OptionKind] = st.sampled_from(["CE", "PE"])
LEVELS = st.integers(1, 24).map(lambda each: each * 5.0)
RULES = st.one_of(
    st.builds(lambda steps: {"atm": steps}, st.integers(-6, 6)),
    st.builds(lambda percent: {"atm_percent": percent / 8}, st.integers(-20, 20)),
    st.builds(lambda x: {"premium_closest": x}, LEVELS),
    st.builds(lambda x: {"premium_at_least": x}, LEVELS),
    st.builds(lambda x: {"premium_at_most": x, "only": "otm"}, LEVELS),
    st.builds(lambda x, more: {"premium_between": [x, x + more]}, LEVELS, LEVELS),
    st.builds(lambda times: {"straddle_width": times / 8}, st.integers(0, 16)),
    st.builds(lambda percent: {"straddle_percent": percent}, st.integers(1, 150)),
    st.builds(lambda d: {"delta_closest": d / 20}, st.integers(1, 19)),
    st.builds(lambda d: {"delta_between": [d / 20, (d + 4) / 20]}, st.integers(1, 15)),
)


class Story(NamedTuple):
    """A chain around 24,000: premiums and deltas by the distance from it, None where unseen."""

    distances: tuple[int, ...]
    calls: tuple[float | None, ...]
    puts: tuple[float | None, ...]
    spot: float


@st.composite
def stories(draw: st.DrawFn, reach: int = 7) -> Story:
    steps = draw(st.lists(st.integers(-reach, reach), min_size=2, max_size=12, unique=True))
    distances = tuple(50 * step for step in sorted(steps))
    few = st.none() | LEVELS
    sides = [
        tuple(draw(st.lists(few, min_size=len(distances), max_size=len(distances))))
        for _ in range(2)
    ]
    spot = draw(st.integers(distances[0] * 4, distances[-1] * 4)) / 4
    return Story(distances, sides[0], sides[1], spot)


def chosen_of(
    story: Story, rule: object, kind: OptionKind, order: int = 1, mirrored: bool = False
) -> Choice:
    sign = -1 if mirrored else 1
    strikes = [CENTRE + sign * distance for distance in story.distances]
    sides: dict[OptionKind, tuple[float | None, ...]] = {
        "PE" if mirrored else "CE": story.calls,
        "CE" if mirrored else "PE": story.puts,
    }
    told = {
        option(strike, side): premium
        for side, premiums in sides.items()
        for strike, premium in zip(strikes, premiums, strict=True)
        if premium is not None
    }
    deltas = {symbol: round(premium / 125, 4) for symbol, premium in told.items()}
    prices = {"NIFTY 50": CENTRE + sign * story.spot} | told
    universe = universe_of(strikes[::order], order=order)
    return pick(market_of(universe, dict([*prices.items()][::order]), deltas=deltas), rule, kind)


@given(story=stories(), rule=RULES, kind=KINDS)
def test_rows_in_any_order_choose_the_same(story: Story, rule: object, kind: OptionKind) -> None:
    forward, back = (chosen_of(story, rule, kind, order) for order in (1, -1))
    if isinstance(forward, Chosen):
        assert isinstance(back, Chosen)
        assert (forward.strike_paise, forward.basis) == (back.strike_paise, back.basis)
    else:
        assert forward == back


@given(story=stories(reach=60), rule=RULES, kind=KINDS)
def test_calls_and_puts_are_mirrors_apart_from_ties_that_go_lower(
    story: Story, rule: dict[str, object], kind: OptionKind
) -> None:
    assume("atm_percent" not in rule)  # its sign is arithmetic for both types
    assume(not goes_lower(story))
    other: OptionKind = "PE" if kind == "CE" else "CE"
    one, mirror = chosen_of(story, rule, kind), chosen_of(story, rule, other, mirrored=True)
    assert type(one) is type(mirror)
    if isinstance(one, Chosen):
        level = one.basis.numbers.get("level")
        if level is None or not is_tie(level, story):
            assert strike_of(one) - CENTRE == CENTRE - strike_of(mirror)


def goes_lower(story: Story) -> bool:
    """Return whether ATM is a tie, or two strikes as far from it could leave the lower one."""
    atm = min(story.distances, key=lambda each: abs(each - story.spot))
    apart = [abs(each - atm) for each in story.distances]
    return is_tie(CENTRE + story.spot, story) or len(set(apart)) < len(apart)


def is_tie(level: float, story: Story) -> bool:
    """Return whether a level lies in the middle of two listed strikes."""
    apart = sorted(abs(Fraction(CENTRE + each) - Fraction(level)) for each in story.distances)
    return apart[0] == apart[1]


@settings(max_examples=200)
@given(
    story=stories(),
    kind=KINDS,
    word=st.sampled_from(["premium_closest", "premium_at_least", "premium_at_most"]),
    x=LEVELS,
)
def test_p5_agrees_with_the_rule_read_out_naively(
    story: Story, kind: OptionKind, word: str, x: float
) -> None:
    found = chosen_of(story, {word: x}, kind)
    side = story.calls if kind == "CE" else story.puts
    atm = min(story.distances, key=lambda each: (abs(each - story.spot), each))
    at = story.distances.index(atm)
    near = side[max(0, at - 5) : at + 6]
    told = [
        (premium, abs(distance - atm), distance)
        for distance, premium in zip(story.distances, side, strict=True)
        if premium is not None
    ]
    match word:
        case "premium_closest":
            told.sort(key=lambda each: (abs(each[0] - x), *each))
        case "premium_at_least":
            told = sorted(each for each in told if each[0] >= x)
        case _:
            told = sorted(
                (each for each in told if each[0] <= x), key=lambda each: (-each[0], *each[1:])
            )
    covered = 2 * sum(each is not None for each in near) >= len(near)
    assert isinstance(found, Chosen) == (covered and bool(told))
    if isinstance(found, Chosen):
        assert strike_of(found) == CENTRE + told[0][2]
