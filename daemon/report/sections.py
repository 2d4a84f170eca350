"""The upper part of the page: what the run was, what it came to, how far to believe it."""

from __future__ import annotations

from daemon.domain.money import rupees_text
from daemon.metrics.fill_quality import FillQuality
from daemon.report.bars import bar
from daemon.report.blocks import data_text, trading_text
from daemon.report.markup import html_text
from daemon.report.summary import RunSummary
from daemon.report.tables import money_class, money_text
from daemon.report.text import ABSENT, count, ist_time


def header(summary: RunSummary) -> str:
    """Return the top of the page: who ran what, when, and with which fills."""
    facts = summary.facts
    shown = {
        "Data": data_text(summary),
        "Trading": trading_text(summary),
        "Account": facts.account,
        "Engine": facts.engine,
        "Feed": facts.feed,
        "Fills": facts.profile.text(),
        "Ticks": count(facts.ticks),
        "Journal": f"{count(summary.seq)} events",
        "Version": facts.version,
    }
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{html_text(text)}</dd></div>"
        for name, text in shown.items()
        if text
    )
    return (
        '<header><p class="brand">Paper trading report</p>'
        f'<h1>{html_text(facts.run_id)}</h1><dl class="facts">{rows}</dl></header>'
    )


def tiles(summary: RunSummary) -> str:
    """Return the ten numbers that a trader looks for first."""
    judged, quality = summary.numbers, summary.fill_quality
    net = quality.net_paise
    still_open = len(summary.open_rows)
    note = "no position left open"
    if still_open:
        with_open = summary.net_with_open_paise
        known = "unknown" if with_open is None else money_text(with_open)
        note = f"{known} with {count(still_open)} open at the last price"
    if not summary.untraded.is_empty:
        note += f"; {money_text(summary.account_net_paise)} with what is of no trade"
    rate = ABSENT if judged.win_rate is None else f"{judged.win_rate:.1%}"
    won_lost = f"{count(judged.wins)} won, {count(judged.losses)} lost"
    hero = (
        f'<div class="tile hero"><h2>Net P&amp;L</h2><b class="{money_class(net)}">'
        f"{money_text(net)}</b><small>{note}</small></div>"
    )
    return "".join(
        [
            '<section class="tiles" aria-label="Key figures">',
            hero,
            _tile("Gross", money_text(quality.gross_paise), "before charges"),
            _tile("Charges", rupees_text(quality.charges_paise), _share_of_gross(quality)),
            _tile("Trades", count(judged.trades), f"{count(len(summary.exits))} exit fills"),
            _tile("Win rate", rate, won_lost),
            _tile("Profit factor", _profit_factor(summary), "won over lost, net"),
            _tile(
                "Max drawdown", rupees_text(summary.drawdown.depth_paise), _drawdown_note(summary)
            ),
            _tile("Average win", _money_or_absent(judged.average_win_paise), "net per won trade"),
            _tile(
                "Average loss", _money_or_absent(judged.average_loss_paise), "net per lost trade"
            ),
            _tile("Expectancy", _money_or_absent(judged.expectancy_paise), "net per trade"),
            "</section>",
        ]
    )


def _tile(name: str, value: str, note: str) -> str:
    return f'<div class="tile"><h2>{name}</h2><b>{value}</b><small>{note}</small></div>'


def _share_of_gross(quality: FillQuality) -> str:
    if quality.gross_paise <= 0:
        return "of every executed order"
    return f"{quality.charges_paise / quality.gross_paise:.0%} of gross"


def _profit_factor(summary: RunSummary) -> str:
    factor = summary.numbers.profit_factor
    if factor is None:
        return "no loss" if summary.numbers.wins else ABSENT
    return f"{factor:.2f}"


def _drawdown_note(summary: RunSummary) -> str:
    if not summary.drawdown.depth_paise:
        return "never below its peak"
    seen = "open at market" if summary.is_marked else "closed trades"
    return f"{seen}, lowest {ist_time(summary.drawdown.trough_ts)[:5]}"


def _money_or_absent(paise: int | None) -> str:
    return ABSENT if paise is None else money_text(paise)


def fill_quality_box(summary: RunSummary) -> str:
    """Return how the fills were made and what bid_ask would have paid, shown before any curve."""
    quality = summary.fill_quality
    fills = quality.fills
    state = "doubt" if quality.is_optimistic else "plain"
    checks = "".join(
        _check(name, number, fills.fills)
        for name, number in (
            ("mid or last price, spread not paid", fills.optimistic),
            ("quote older than 1 s", fills.quote_older_than_1s),
            ("forced on a stale quote", fills.stale),
            ("priced inside a candle", fills.walked),
            ("first after a gap", fills.after_gap),
            ("no bid or ask to fill at", fills.no_book),
        )
    )
    notes = "".join(f"<li>{html_text(note)}</li>" for note in summary.facts.notes)
    return (
        f'<section class="card fill-quality {state}"><div class="says">'
        f"<h2>How far to trust these numbers</h2><p>{_verdict(quality)}</p>"
        f'<p class="quiet">Fill profile: {html_text(quality.profile.text())}.</p>'
        f"{f'<ul>{notes}</ul>' if notes else ''}</div>"
        f'{_comparison(quality)}<ul class="checks">{checks}</ul></section>'
    )


def _verdict(quality: FillQuality) -> str:
    fills = quality.fills
    if not fills.fills:
        return "Nothing was filled in this run, so there is nothing to doubt."
    if quality.is_optimistic:
        return (
            f"<strong>Optimistic fills: {count(fills.optimistic)} of {count(fills.fills)}</strong> "
            "were made at mid or last price, where a real order would have paid the spread. "
            "The figure with the spread paid is the safer one."
        )
    if not quality.knows_bid_ask:
        return (
            "<strong>The data has no bid and ask.</strong> What crossing the spread would have "
            "cost is not known: expect less than this."
        )
    return "No fill took a better price than an order that pays the spread would have got."


def _comparison(quality: FillQuality) -> str:
    chosen, strict = quality.gross_paise, quality.bid_ask_paise
    if quality.profile.mode == "bid_ask" or not quality.knows_bid_ask:
        said = (
            "every fill paid the spread"
            if quality.knows_bid_ask
            else "with the spread paid: unknown: no bid and ask in the data"
        )
        return (
            '<div class="compare"><h3>Gross P&amp;L</h3>'
            f"{_compared(f'{quality.profile.mode} fills', chosen, abs(chosen) or 1)}"
            f'<p class="quiet">{said}</p></div>'
        )
    largest = max(abs(chosen), abs(strict)) or 1
    return (
        '<div class="compare"><h3>Gross P&amp;L</h3>'
        f"{_compared(f'{quality.profile.mode} fills', chosen, largest)}"
        f"{_compared('every fill with the spread paid', strict, largest)}"
        f'<p class="quiet">Difference {money_text(strict - chosen)}</p></div>'
    )


def _compared(name: str, paise: int, largest: int) -> str:
    width = 100 * abs(paise) / largest
    kind = money_class(paise)
    drawn = bar(kind, 0, width) if paise else ""
    return (
        f'<div class="pair"><span>{html_text(name)}</span><b class="{kind}">{money_text(paise)}</b>'
        f"{drawn}</div>"
    )


def _check(name: str, number: int, total: int) -> str:
    share = f"{number / total:.0%} of fills" if total else "no fills"
    state = "some" if number else "none"
    return (
        f'<li class="{state}"><b>{count(number)}</b><span>{name}</span><small>{share}</small></li>'
    )
