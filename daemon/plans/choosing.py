"""Choose contracts: the first batch at once, each other leg for itself (P5a, P10)."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.chain.choice import Choice, Chosen, Never, NotYet
from daemon.chain.choose_strike import leg_named
from daemon.domain.plan_round import LegWait, RoundState
from daemon.plans.batch import send_batch
from daemon.plans.momentum import momentum_of
from daemon.plans.run import PlanRun, changed, told_of


def choose_leg(run: PlanRun, leg_id: str, strikes: Mapping[str, int]) -> Choice:
    """Return the contract that a leg means now; `strikes` are of legs chosen at the same moment.

    A leg that names another whose strike is not known yet is not choosable yet.
    """
    leg = run.plan.leg(leg_id)
    rule = leg.strike_rule
    named = None if rule is None else leg_named(rule)
    base: int | None = None
    if named is not None:
        base = strikes.get(named, _known_strike(run, named))
        if base is None:
            return NotYet("no_strike", f"leg {named} has no strike yet")
        if not base:
            return Never("no_strike", f"leg {named} is a future, which has no strike")
    return run.market.choose(leg, _expiry_of(run, leg_id), base)


def _expiry_of(run: PlanRun, leg_id: str) -> str:
    """Return the word or date of a leg's expiry: after a roll that of its last attempt (P47)."""
    round_, word = run.round, run.plan.leg(leg_id).expiry
    if round_ is None or leg_id not in round_.expiries:
        return word
    wait, last = round_.waits.get(leg_id), round_.last_of(leg_id)
    if last is None or (wait is not None and wait.goal == "roll"):
        return round_.expiries[leg_id]
    return run.desk.universe[run.index_of(last.symbol)].expiry


def _known_strike(run: PlanRun, leg_id: str) -> int | None:
    """Return the strike of a leg's last attempt, else the one chosen for it, paise."""
    round_ = run.round
    if round_ is None:
        return None
    last = round_.last_of(leg_id)
    symbol = round_.batch.get(leg_id, "") if last is None else last.symbol
    return run.desk.universe[run.index_of(symbol)].strike_paise if symbol else None


def choose_batch(run: PlanRun) -> None:
    """Choose the first batch in one moment, or nothing of it; send it once it is chosen (P10)."""
    found: dict[str, Chosen] = {}
    left = list(run.active.batch)
    while left:
        leg_id = next(each for each in left if _named(run, each) not in left)
        strikes = {each: chosen.strike_paise for each, chosen in found.items()}
        choice = choose_leg(run, leg_id, strikes)
        match choice:
            case Chosen():
                found[leg_id] = choice
                left.remove(leg_id)
            case NotYet(reason):
                run.cannot(reason, f"{leg_id}: {choice.text}")
                return
            case Never(reason):
                run.move(RoundState.SKIPPED, reason, {"leg": leg_id, "because": choice.text})
                return
    if _takes_both_sides(run, found):
        run.move(RoundState.SKIPPED, "same_contract")
        return
    symbols = {each: run.symbol_of(found[each].index) for each in run.active.batch}
    send_batch(run, symbols, {each: chosen.basis for each, chosen in found.items()})


def _named(run: PlanRun, leg_id: str) -> str | None:
    rule = run.plan.leg(leg_id).strike_rule
    return None if rule is None else leg_named(rule)


def _takes_both_sides(run: PlanRun, found: Mapping[str, Chosen]) -> bool:
    """Return whether a bought leg's contract is also sold."""
    sides: dict[int, set[str]] = {}
    for leg_id, chosen in found.items():
        sides.setdefault(chosen.index, set()).add(run.side_of(leg_id))
    return any(len(each) > 1 for each in sides.values())


def choices(run: PlanRun) -> None:
    """Choose what waits to be chosen: the batch, then each leg in order (P30a, 5)."""
    round_ = run.active
    if round_.state is RoundState.WAITING and not round_.is_chosen:
        choose_batch(run)
    for wait in run.by_leg():
        if run.round is None or round_.waits.get(wait.leg) is not wait or wait.goal != "choose":
            continue
        choice = choose_leg(run, wait.leg, {})
        match choice:
            case Chosen():
                _take(run, wait, choice)
            case NotYet(reason):
                run.cannot(reason, choice.text)
            case Never(reason):
                run.drop(wait, reason, choice.text)


def _take(run: PlanRun, wait: LegWait, chosen: Chosen) -> None:
    """Enter a chosen contract, or take the reference of its momentum (P12)."""
    symbol = run.symbol_of(chosen.index)
    momentum = momentum_of(run.plan, wait)
    wait = changed(wait, basis=told_of(chosen.basis))
    if momentum is None:
        enter(run, wait, symbol)
        return
    if momentum.of == "underlying":
        price = run.market.reference()
    else:
        quote = run.desk.last(chosen.index)
        price = quote.ltp_paise if quote is not None and quote.is_believed else None
    if price is None:
        run.cannot("no_reference", "its price is not believed now")
        return
    run.cannot("not_triggered")
    until = run.until_of_first() if wait.is_first else 0
    waits = changed(
        wait,
        goal="momentum",
        symbol=symbol,
        reference_paise=price,
        since=run.desk.now,
        until=until,
    )
    run.note("reference", wait.leg, {"reference_paise": price, "symbol": symbol}, waits)


def enter(run: PlanRun, wait: LegWait, symbol: str) -> None:
    """Send what a leg waited for; a re-entry that is refused is not tried again."""
    attempt = run.send(wait.leg, symbol, wait.side, wait.why, wait.basis)
    if attempt.state == "FAILED" and not wait.is_first:
        run.note("not_reentered", wait.leg, {"code": attempt.reason})
