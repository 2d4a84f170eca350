"""Bugs that somebody might write: each as one change of one line or two, and who must notice."""

from __future__ import annotations

from typing import Final, NamedTuple


class Bug(NamedTuple):
    """`old` must be in `file` exactly once; with `new` in its place one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


_ORACLE: Final = ("tests/properties/test_differential.py",)
_TO_COST: Final = ("tests/unit/test_break_even.py", "tests/properties/test_break_even.py")
_LIVE: Final = ("tests/simulation/test_simulation.py",)
_EXCHANGE: Final = ("tests/oracle/test_exchange_differential.py",)
_MARGIN: Final = ("tests/oracle/test_margin_differential.py",)
_POSITIONS: Final = ("tests/oracle/test_positions_differential.py",)
_GTT: Final = ("tests/oracle/test_gtt_differential.py",)
_RISK: Final = ("tests/oracle/test_risk_differential.py",)
_CARRY: Final = ("tests/broker/test_carry.py",)
_PLANS: Final = (
    "tests/oracle/test_plan_examples_by_engine.py",
    "tests/oracle/test_plan_engine_rules.py",
)

BUGS: Final = (
    Bug(
        "a stop is not breached by its own price",
        "daemon/execution/exits/stop_loss.py",
        "position.sign * (ltp_paise - stop) <= 0",
        "position.sign * (ltp_paise - stop) < 0",
        _ORACLE,
    ),
    Bug(
        "a fact is published before it is on disk",
        "daemon/journal/writer.py",
        """            await self._commit(committed, operations)
            seq = self._store.last_seq
            await self._publish(msgspec.structs.replace(committed, seq=seq))
""",
        """            seq = self._store.last_seq + len(committed.events)
            await self._publish(msgspec.structs.replace(committed, seq=seq))
            await self._commit(committed, operations)
""",
        (*_LIVE, "tests/unit/test_journal_writer.py"),
    ),
    Bug(
        "the trail goes by the moved risk",
        "daemon/execution/exits/partial.py",
        "return numerator * position.r_paise, denominator",
        "return numerator * (abs(position.anchor_paise - (position.stop_paise or 0)) or 1),"
        " denominator",
        _ORACLE,
    ),
    Bug(
        "a partial exit splits a lot",
        "daemon/execution/exits/partial.py",
        "    part = quantity * pct // (whole * lot_size) * lot_size\n",
        "    part = quantity * pct // whole\n",
        _ORACLE,
    ),
    Bug(
        "slippage is in the trader's favour",
        "daemon/exchange/slippage.py",
        "nearest_tick(base_half * (self._unit + self._bps), double, tick, ties_up=True)",
        "nearest_tick(base_half * (self._unit - self._bps), double, tick, ties_up=True)",
        _ORACLE,
    ),
    Bug(
        "the first tick after a gap has no mark",
        "daemon/market/book.py",
        "        self.expects_gap_tick = True\n",
        "        self.expects_gap_tick = False\n",
        (*_ORACLE, "tests/unit/test_execution_worked_examples.py"),
    ),
    Bug(
        "inputs are on disk after the events decided from them",
        "daemon/journal/writer.py",
        """                self._prepare()
                self._store.append(facts.events, input_no=facts.input_no, operations=operations)
""",
        """                self._store.append(
                    facts.events, input_no=facts.input_no, operations=operations
                )
                self._prepare()
""",
        (*_LIVE, "tests/unit/test_journal_writer.py"),
    ),
    Bug(
        "the cursor is not committed with its events",
        "daemon/journal/appender.py",
        """            if start + CHUNK_EVENTS >= len(events):
                tail = self._finish(tail, input_no, operations)
            began = time.monotonic()
            execute("COMMIT")
""",
        """            began = time.monotonic()
            execute("COMMIT")
            if start + CHUNK_EVENTS >= len(events):
                tail = self._finish(tail, input_no, operations)
""",
        ("tests/unit/test_journal_store.py", "tests/unit/test_journal_recovery.py"),
    ),
    Bug(
        "the chain leaves out what came before",
        "daemon/journal/schema.py",
        "blake2b(previous + body, digest_size=HASH_BYTES)",
        "blake2b(body, digest_size=HASH_BYTES)",
        ("tests/unit/test_journal_tamper.py", "tests/unit/test_journal_store.py"),
    ),
    Bug(
        "a damaged snapshot is trusted",
        "daemon/journal/snapshots.py",
        "if check != digest(content).hex().encode():",
        "if not check:",
        ("tests/unit/test_journal_snapshots.py",),
    ),
    Bug(
        "an order fills on a stale quote",
        "daemon/execution/quotes.py",
        "if at.now - at.feed_last > self._stale_after_ns or at.now - quote.ts > self._max_age_ns:",
        "if at.now - at.feed_last > self._stale_after_ns:",
        _ORACLE,
    ),
    Bug(
        "a restart does not compare what it decides with the journal",
        "daemon/runtime/rerun.py",
        "if known != event:",
        "if known.seq != event.seq:",
        ("tests/unit/test_account_taken_up.py",),
    ),
    Bug(
        "a late row moves the clock back",
        "daemon/market/intake.py",
        "            on_time: npt.NDArray[np.bool_] = ts >= before\n",
        "            on_time: npt.NDArray[np.bool_] = ts >= 0\n",
        _ORACLE,
    ),
    Bug(
        "a partial exit happens twice",
        "daemon/execution/exits/stop_loss.py",
        "not rules.enable_partial_exit or position.on_rest or position.initial_stop_paise is None",
        "not rules.enable_partial_exit or position.initial_stop_paise is None",
        _ORACLE,
    ),
    Bug(
        "a number that is none is accepted as a price",
        "daemon/domain/money.py",
        "    if not exact.is_finite():\n",
        "    if exact.is_infinite():\n",
        ("tests/properties/test_money.py", *_ORACLE),
    ),
    Bug(
        "a secret shows itself in a log line",
        "feeds/kite/credentials.py",
        """    def __repr__(self) -> str:
        return "***"
""",
        """    def __repr__(self) -> str:
        return self.__value
""",
        ("tests/unit/test_kite_credentials.py",),
    ),
    Bug(
        "a subscription does not say its mode",
        "feeds/kite/subscription.py",
        'return [*subscribe, Request("mode", tokens, mode)]',
        'return subscribe or [Request("mode", tokens, mode)]',
        ("tests/unit/test_kite_socket_parts.py", "tests/unit/test_kite_socket.py"),
    ),
    Bug(
        "a heartbeat is counted as a frame",
        "feeds/kite/link.py",
        "if len(data) == HEARTBEAT_BYTES:",
        "if len(data) == HEARTBEAT_BYTES - 1:",
        ("tests/unit/test_kite_frames.py", "tests/unit/test_kite_socket.py"),
    ),
    Bug(
        "the window lets go of what is held",
        "feeds/kite/strike_window.py",
        "self._fixed.union(held) - self._mute",
        "self._fixed - self._mute",
        ("tests/properties/test_kite_atm.py", "tests/unit/test_kite_selection.py"),
    ),
    Bug(
        "a candle takes a tick of the bar before",
        "daemon/market/session_bars.py",
        """            if bar_ts < bar.start:
                late = True
                continue
""",
        """            if bar_ts < bar.start:
                late = True
""",
        _ORACLE,
    ),
    Bug(
        "break-even waits for a price beyond its trigger",
        "daemon/execution/exits/break_even.py",
        "gain = -(-numerator * position.r_paise // denominator)",
        "gain = numerator * position.r_paise // denominator + 1",
        _TO_COST,
    ),
    Bug(
        "the trigger of break-even is snapped to the price step",
        "daemon/execution/exits/break_even.py",
        """    gain = -(-numerator * position.r_paise // denominator)
""",
        """    gain = ceil_to_tick(numerator * position.r_paise, denominator, position.tick_paise)
""",
        _TO_COST,
    ),
    Bug(
        "cost forgets the charges of the exit",
        "daemon/execution/costs.py",
        "return position.charges + Decimal(closing.total)",
        "return position.charges",
        _TO_COST,
    ),
    Bug(
        "cost forgets the charges of the entry",
        "daemon/execution/costs.py",
        "return position.charges + Decimal(closing.total)",
        "return Decimal(closing.total)",
        _TO_COST,
    ),
    Bug(
        "the order that closes at cost is charged on the side of the entry",
        "daemon/execution/costs.py",
        "transaction_type=position.closing_side",
        'transaction_type="BUY" if position.sign > 0 else "SELL"',
        _TO_COST,
    ),
    Bug(
        "the order that closes at cost is charged at the price of the entry",
        "daemon/execution/costs.py",
        """            price_paise=price_paise,
        )
        return position.charges""",
        """            price_paise=position.entry_paise,
        )
        return position.charges""",
        _TO_COST,
    ),
    Bug(
        "cost pays for one lot only",
        "daemon/execution/exits/break_even.py",
        "(price - entry) * position.quantity",
        "(price - entry) * position.lot_size",
        _TO_COST,
    ),
    Bug(
        "a cost that pays exactly is not enough",
        "daemon/execution/exits/break_even.py",
        "return gain >= costs.to_close",
        "return gain > costs.to_close",
        _TO_COST,
    ),
    Bug(
        "a stop may move onto the price",
        "daemon/execution/exits/break_even.py",
        "sign * cost + position.tick_paise)",
        "sign * cost)",
        _TO_COST,
    ),
    Bug(
        "an exit at cost is charged by the rates of the entry's day",
        "daemon/execution/costs.py",
        """            self.date,
            self._universe[index],""",
        """            dt.datetime.fromtimestamp(position.entry_ts // 10**9, dt.UTC).date(),
            self._universe[index],""",
        _TO_COST,
    ),
    Bug(
        "the ladder wins a tie with break-even",
        "daemon/execution/exits/rules.py",
        """        BreakEvenManager(costs),
        TrailingStopManager(),
""",
        """        TrailingStopManager(),
        BreakEvenManager(costs),
""",
        _TO_COST,
    ),
    Bug(
        "levels that go by the day's rates stay those of the day before",
        "daemon/execution/engine.py",
        """        self.runner.begin_date()
""",
        """""",
        _TO_COST,
    ),
    Bug(
        "taken liquidity is never given back",
        "daemon/exchange/depth_book.py",
        """        if growth and price == ltp and size >= dict(before).get(price, 0):
            left -= growth
""",
        "",
        _EXCHANGE,
    ),
    Bug(
        "taken liquidity outlives its level",
        "daemon/exchange/depth_book.py",
        """        if not size:
            del taken[price]
            continue
""",
        """        if not size:
            continue
""",
        _EXCHANGE,
    ),
    Bug(
        "two orders spend the same growth",
        "daemon/exchange/depth_book.py",
        "self.budget -= quantity",
        "self.budget = self.growth",
        _EXCHANGE,
    ),
    Bug(
        "the queue goes by arrival alone",
        "daemon/exchange/floor.py",
        "for order in resting.near(book):",
        "for order in sorted(resting.near(book), key=lambda near: near.arrival):",
        _EXCHANGE,
    ),
    Bug(
        "protection is rounded away from the market",
        "daemon/exchange/protection.py",
        "limit = floor_to_tick(base_paise * (100 * whole + part), 100 * whole, step)",
        "limit = ceil_to_tick(base_paise * (100 * whole + part), 100 * whole, step)",
        _EXCHANGE,
    ),
    Bug(
        "a limit at the fifth level is still taking",
        "daemon/exchange/walk.py",
        "return limit > levels[-1][0] if is_buy else limit < levels[-1][0]",
        "return limit >= levels[-1][0] if is_buy else limit <= levels[-1][0]",
        _EXCHANGE,
    ),
    Bug(
        "a crossed order has the better price",
        "daemon/exchange/floor.py",
        "self._fill(order, match.quantity, order.limit_paise, match.rule, evidence)",
        """price = book.best_opposite(order.is_buy) if match.rule == "cross" else order.limit_paise
        self._fill(order, match.quantity, price, match.rule, evidence)""",
        _EXCHANGE,
    ),
    Bug(
        "the queue forgets the book",
        "daemon/exchange/queue.py",
        "market = displayed if market is None else min(market, displayed)",
        "market = displayed if market is None else market",
        _EXCHANGE,
    ),
    Bug(
        "a stop that was triggered waits again",
        "daemon/exchange/floor.py",
        "        elif not book.old_row:\n",
        """        elif not book.old_row and (
            not order.triggered or reaches(order.is_buy, book.ltp, order.trigger_paise)
        ):
""",
        _EXCHANGE,
    ),
    Bug(
        "stop and target both leave",
        "daemon/exchange/groups.py",
        "return [cut for root in self._roots for cut in self._cuts(root, self.open)]",
        "return []",
        _EXCHANGE,
    ),
    Bug(
        "a smaller quantity loses the queue",
        "daemon/exchange/modifications.py",
        "    if terms.quantity > order.quantity:\n        return True\n",
        "    if terms.quantity != order.quantity:\n        return True\n",
        _EXCHANGE,
    ),
    Bug(
        "a request overtakes the one ahead of it",
        "daemon/exchange/requests.py",
        "return self._of_order[request.order.order_id][0] is request",
        "return request in self._of_order[request.order.order_id]",
        _EXCHANGE,
    ),
    Bug(
        "an extreme scenario counts in full",
        "daemon/margin/scenario_margin.py",
        "loss * rates.extreme_cover_ppm // MICRO if scenario.is_extreme else loss",
        "loss",
        _MARGIN,
    ),
    Bug(
        "a hedge that waits helps already",
        "daemon/margin/scenario_margin.py",
        "working = max((held, *others), key=lambda margin: margin.blocked)",
        "working = (held, *others)[-1]",
        _MARGIN,
    ),
    Bug(
        "what is carried counts from its cost every day",
        "daemon/broker/positions.py",
        "at_close = abs(held) * mark.close_paise if mark.close_paise else held_paise",
        "at_close = held_paise",
        _POSITIONS,
    ),
    Bug(
        "what was carried brings nothing to the average of what stays",
        "daemon/broker/positions.py",
        "paise = self.day_buy_paise + (self.overnight_paise if held > 0 else 0)",
        "paise = self.day_buy_paise",
        _POSITIONS,
    ),
    Bug(
        "a short pays for its premium",
        "daemon/broker/funds.py",
        "self._premium_paise += execution.sign * execution.value_paise",
        "self._premium_paise += execution.value_paise",
        _POSITIONS,
    ),
    Bug(
        "the cost of a future leaves with its first exit",
        "daemon/domain/open_cost.py",
        "        cost = self.cost_paise * closed // abs(self.quantity)\n",
        "        cost = self.cost_paise\n",
        _POSITIONS,
    ),
    Bug(
        "an upper trigger sends the order of the lower one",
        "daemon/domain/gtt.py",
        "            return len(self.legs)\n",
        "            return 1\n",
        _GTT,
    ),
    Bug(
        "a halted account's GTTs wait on",
        "daemon/execution/risk_states.py",
        '            self._gtts.disable_all("halted")\n',
        "",
        _GTT,
    ),
    Bug(
        "a mark pays again what earlier ones have paid",
        "daemon/domain/open_cost.py",
        "return self.marked_paise - before",
        "return self.marked_paise",
        _CARRY,
    ),
    Bug(
        "a contract without a price today is marked at yesterday's",
        "daemon/execution/carry.py",
        "return None if quote is None or quote.ts < book.open_ts else quote.ltp",
        "return None if quote is None else quote.ltp",
        _CARRY,
    ),
    Bug(
        "what waits is no lot of its strategy",
        "daemon/execution/exposure.py",
        "for entry in self._entries:",
        "for entry in ():",
        _RISK,
    ),
    Bug(
        "a lockout forgets what a person said",
        "daemon/execution/risk_states.py",
        'self._move(self._ledger.risk.ordered, "day_over", until_ts=0)',
        'self._move(RiskState.ACTIVE, "day_over", until_ts=0)',
        _RISK,
    ),
    Bug(
        "a breakout is met at the end of its range",
        "daemon/plans/triggers.py",
        "return Levels(None, range_.high_paise + 1)",
        "return Levels(None, range_.high_paise)",
        _PLANS,
    ),
    Bug(
        "the longs of a round leave before its shorts",
        "daemon/plans/run.py",
        "for attempt in sorted(by_number, key=lambda each: each.sign):",
        "for attempt in sorted(by_number, key=lambda each: -each.sign):",
        _PLANS,
    ),
    Bug(
        "re-entries after stops and targets share one count",
        "daemon/plans/reentry.py",
        'run.active.used.get(f"{left.leg}/{kind}", 0) >= spec.most',
        "sum(run.active.used.values()) >= spec.most",
        _PLANS,
    ),
    Bug(
        "a target moves the stops of the others to cost",
        "daemon/plans/reentry.py",
        'if kind == "stop" and attempt.reason != "to_cost":',
        'if attempt.reason != "to_cost":',
        _PLANS,
    ),
    Bug(
        "a leg that leaves with its round comes back first",
        "daemon/plans/step.py",
        """    round_exits(run)
    legs_left(run)
""",
        """    legs_left(run)
    round_exits(run)
""",
        _PLANS,
    ),
    Bug(
        "a range with a hole in it counts",
        "daemon/plans/ranges.py",
        "            if found.start <= ts < found.end:\n",
        "            if ts < found.start:\n",
        _PLANS,
    ),
    Bug(
        "a leg comes back in the expiry from which it was rolled",
        "daemon/plans/choosing.py",
        "    return run.desk.universe[run.index_of(last.symbol)].expiry\n",
        "    return word\n",
        _PLANS,
    ),
    Bug(
        "a result is compared with the floor that it sets",
        "daemon/levels/floors.py",
        "    floor = floor_of(terms, steps)\n    if",
        "    floor = floor_of(terms, _gained(terms, steps, result))\n    if",
        (*_PLANS, "tests/levels/test_contract_examples.py"),
    ),
    Bug(
        "each leg may move as far as all legs together",
        "daemon/levels/intervals.py",
        "    units = stake.units\n",
        "    units = 1\n",
        (*_PLANS, "tests/levels/test_rearming.py"),
    ),
    Bug(
        "the first batch is entered without the leg that cannot be chosen yet",
        "daemon/plans/choosing.py",
        """                run.cannot(reason, f"{leg_id}: {choice.text}")
                return
            case Never""",
        """                run.cannot(reason, f"{leg_id}: {choice.text}")
                run.active.batch.pop(leg_id)
                left.remove(leg_id)
            case Never""",
        _PLANS,
    ),
)
