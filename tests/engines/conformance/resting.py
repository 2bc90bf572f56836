"""Orders that rest: when a bar reaches them, at which price they fill, how they end, under both fill rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.order import Ended, Fill, Order, OrderType, Reason, StrategyCommand
from orchestrate.orchestration.orders.ports import OrchestrationPort
from tests.engines.builders import DAY, START, accounts, cancel, market_of, order, submit
from tests.engines.conformance.candidate import AT_CLOSE, FEEDS, PLAIN, Candidate, Feed, near
from tests.engines.conformance.path_walk import Bar, WalkedOrder, walk

Commands = Mapping[int, Sequence[StrategyCommand]]
#: Nothing here comes near 20 or 5.
CALM: list[Bar] = [(10.0, 11.0, 9.0, 10.0)] * 4


def bars(prices: Sequence[Bar], symbol: str = "A", days: Sequence[int] = ()) -> BarSeries:
    """Daily bars of (open, high, low, close)."""
    opens, highs, lows, closes = (np.array(column, dtype=np.float64) for column in zip(*prices, strict=True))
    label = START + np.array(days or range(len(prices)), dtype=np.int64) * DAY
    known = label + DAY - 1_000_000
    return BarSeries(symbol, label, opens, highs, lows, closes, np.full(len(prices), 3.0), known, DAY)


def resting(name: str, quantity: float, symbol: str = "A", *, closing: bool = False, **prices: Any) -> Order:
    """An order that rests, as the blotter makes it."""
    limit, trigger, trail = (prices.get(part) for part in ("limit", "trigger", "trail"))
    kind = OrderType.LIMIT if trigger is None else OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    placed = order(name, quantity, symbol)
    placed.closing, placed.type = closing, OrderType.TRAILING_STOP if trail is not None else kind
    placed.limit, placed.trigger, placed.trail, placed.until = limit, trigger, trail, prices.get("until")
    return placed


class Lived:
    """What an engine reported over all bars: fills as (step, order, quantity, price), ends, states."""

    def __init__(
        self, engine: OrchestrationPort, market: Market, commands: Commands, rules: ExecutionRules = PLAIN
    ) -> None:
        self.fills: list[Fill] = []
        self.ended: list[tuple[int, Ended]] = []
        self._steps = {int(t): step for step, t in enumerate(market.timeline.stamps)}
        engine.begin(market, accounts(market), rules)
        for event in market.timeline.events():
            if rules.fill == "next_open":
                engine.execute_commands(commands.get(event.step, ()))
            report = engine.advance(event.t, event.rows)
            self.fills += report.fills
            self.ended += [(event.step, ended) for ended in report.ended]
            if rules.fill == "close":
                engine.execute_commands(commands.get(event.step, ()))
                self.fills += engine.close(event.t)
        self.state = engine.get_portfolio_state()
        engine.end()

    @property
    def happened(self) -> list[tuple[int, str, float, float]]:
        return [(self._steps[fill.t], fill.order_id, fill.quantity, fill.price) for fill in self.fills]


class Resting(Candidate):
    """Limits, stops, stop-limits, trailing stops."""

    def _one(self, prices: Sequence[Bar], each: Order, rules: ExecutionRules = PLAIN) -> list[tuple[int, float]]:
        """The step and price of the fill of an order that rests from the first bar on."""
        lived = Lived(self.engine(), market_of(bars(prices)), {0: submit(each)}, rules)
        return [(step, price) for step, _, _, price in lived.happened]

    @pytest.mark.parametrize(
        ("quantity", "limit", "bar", "price"),
        [
            (5, 9.5, (10.0, 10.5, 9.0, 10.0), 9.5),
            (5, 9.0, (10.0, 10.5, 9.0, 10.0), 9.0),  # touched is reached
            (5, 9.5, (9.2, 10.0, 9.0, 10.0), 9.2),  # the open is better
            (5, 9.5, (9.5, 10.0, 9.5, 10.0), 9.5),
            (5, 8.99, (10.0, 10.5, 9.0, 10.0), None),
            (-5, 10.5, (10.0, 11.0, 9.0, 10.0), 10.5),
            (-5, 10.5, (10.8, 11.0, 9.0, 10.0), 10.8),
            (-5, 11.01, (10.0, 11.0, 9.0, 10.0), None),
        ],
    )
    def test_limit(self, quantity: float, limit: float, bar: Bar, price: float | None) -> None:
        expected = [] if price is None else [(0, price)]
        slipping = ExecutionRules(slippage=Slippage(ticks=3))
        assert self._one([bar], resting("x", quantity, limit=limit), slipping) == near_pairs(expected)

    @pytest.mark.parametrize(
        ("quantity", "trigger", "bar", "price"),
        [
            (5, 10.5, (10.0, 11.0, 9.0, 10.0), 10.53),
            (5, 11.0, (10.0, 11.0, 9.0, 10.0), 11.03),
            (5, 10.5, (10.8, 11.0, 9.0, 10.0), 10.83),  # the open is beyond
            (5, 11.01, (10.0, 11.0, 9.0, 10.0), None),
            (-5, 9.5, (10.0, 11.0, 9.0, 10.0), 9.47),
            (-5, 9.5, (9.1, 11.0, 9.0, 10.0), 9.07),
            (-5, 8.99, (10.0, 11.0, 9.0, 10.0), None),
        ],
    )
    def test_stop_slips(self, quantity: float, trigger: float, bar: Bar, price: float | None) -> None:
        expected = [] if price is None else [(0, price)]
        slipping = ExecutionRules(slippage=Slippage(ticks=3))
        assert self._one([bar], resting("x", quantity, trigger=trigger), slipping) == near_pairs(expected)

    @pytest.mark.parametrize(
        ("quantity", "trigger", "limit", "prices", "expected"),
        [
            (5, 10.5, 10.7, [(10.0, 11.0, 9.0, 10.0)], [(0, 10.5)]),
            (5, 10.5, 10.7, [(10.6, 11.0, 9.0, 10.0)], [(0, 10.6)]),
            (5, 10.5, 10.7, [(10.9, 11.0, 10.6, 10.9)], [(0, 10.7)]),  # beyond the limit, the path comes back
            (5, 10.5, 10.7, [(10.9, 11.0, 10.8, 10.9)], []),
            (5, 10.5, 10.7, [(10.9, 11.0, 10.8, 10.9), (10.2, 10.3, 10.1, 10.2)], [(1, 10.2)]),  # stays triggered
            (5, 10.5, 10.0, [(10.1, 10.6, 9.0, 9.5)], [(0, 10.0)]),  # up first, then down to the limit
            (5, 10.5, 10.0, [(9.9, 11.0, 9.8, 10.8)], []),  # down first: the limit was before the trigger
            (5, 10.5, 10.0, [(10.1, 10.6, 9.6, 10.5)], [(0, 10.0)]),  # equally near: the high first
            (-5, 9.5, 9.3, [(10.0, 11.0, 9.0, 10.0)], [(0, 9.5)]),
            (-5, 9.5, 9.3, [(9.1, 9.4, 9.0, 9.1)], [(0, 9.3)]),
        ],
    )
    def test_stop_limit_never_slips(
        self, quantity: float, trigger: float, limit: float, prices: list[Bar], expected: list[tuple[int, float]]
    ) -> None:
        slipping = ExecutionRules(slippage=Slippage(ticks=3))
        each = resting("x", quantity, trigger=trigger, limit=limit)
        assert self._one(prices, each, slipping) == near_pairs(expected)

    @pytest.mark.parametrize(
        ("quantity", "begins", "prices", "expected"),
        [
            (-5, 9.0, [(10.0, 12.0, 9.5, 11.0), (11.0, 11.2, 10.9, 11.0)], [(1, 11.0)]),  # 12 − 1
            (-5, 9.0, [(10.0, 10.5, 9.0, 10.0)], [(0, 9.0)]),
            (-5, 9.0, [(10.0, 12.0, 9.5, 11.5), (11.5, 11.6, 11.1, 11.2), (10.8, 11.0, 10.0, 10.0)], [(2, 10.8)]),
            (-5, 9.0, [(10.0, 12.0, 11.5, 11.5), (11.5, 11.6, 11.1, 11.2), (11.1, 11.1, 10.5, 10.5)], [(2, 11.0)]),
            (5, 11.0, [(10.0, 10.5, 8.0, 8.5), (8.5, 9.5, 8.4, 9.0)], [(1, 9.0)]),
        ],
    )
    def test_trailing_stop_follows_at_the_end_of_a_bar(
        self, quantity: float, begins: float, prices: list[Bar], expected: list[tuple[int, float]]
    ) -> None:
        each = resting("x", quantity, trigger=begins, trail=1.0)
        assert self._one(prices, each) == near_pairs(expected)

    def test_a_level_is_a_decimal_of_the_instruments_precision(self) -> None:
        prices: list[Bar] = [(10.0, 10.1, 9.9, 10.0), (99.8, 100.1, 99.9, 100.0), (100.0, 100.0, 99.8, 99.9)]
        market = market_of(bars(prices), A=Instrument("A", precision=1))
        script = {
            0: submit(resting("limit", 5, limit=9.94)),
            1: submit(resting("trail", -5, closing=True, trigger=90.04, trail=0.3)),
        }
        assert Lived(self.engine(), market, script).happened == [(0, "limit", 5, 9.9), (2, "trail", -5, 99.8)]

    def test_market_orders_come_first_then_what_the_open_reaches_then_the_rest(self) -> None:
        orders = [
            resting("touched", 1, limit=9.5),
            resting("open", 1, limit=10.5),
            resting("touched too", 1, trigger=10.4),
            resting("open too", 1, trigger=10.0),
            order("market", 1),
        ]
        lived = Lived(self.engine(), market_of(bars(CALM)), {0: submit(*orders)})
        assert [name for _, name, _, _ in lived.happened] == ["market", "open", "open too", "touched", "touched too"]

    @pytest.mark.parametrize("feed", FEEDS)
    def test_an_order_rests_until_it_is_reached(self, feed: Feed) -> None:
        prices = [*CALM, (10.0, 10.0, 7.5, 8.0)]
        rules = ExecutionRules(commission=Commission(percent=1.0))
        lived = Lived(self.engine(feed), market_of(bars(prices)), {1: submit(resting("x", 5, limit=8.0))}, rules)
        assert lived.happened == [(4, "x", 5.0, 8.0)]
        assert (lived.fills[0].fee, lived.fills[0].part, lived.state.realised) == (near(0.4), 0, near(-0.4))
        assert lived.state.quantities == {"A": 5.0}

    def test_orders_of_a_close_rest_from_the_next_bar_on(self) -> None:
        script = {1: submit(resting("x", 5, limit=9.5), order("now", 1))}
        lived = Lived(self.engine(), market_of(bars(CALM)), script, AT_CLOSE)
        assert lived.happened == [(1, "now", 1.0, 10.0), (2, "x", 5.0, 9.5)]

    def test_an_order_rests_over_steps_without_a_bar_of_its_symbol(self) -> None:
        market = market_of(bars(CALM), bars([(20.0, 21.0, 19.0, 20.0)] * 2, "B", [0, 3]))
        script = {1: submit(resting("b", 1, "B", limit=19.5), resting("a", 1, limit=9.5))}
        assert Lived(self.engine(), market, script).happened == [(1, "a", 1.0, 9.5), (3, "b", 1.0, 19.5)]

    @pytest.mark.parametrize("at", [0, 1, 3])
    def test_a_cancel_removes_it_at_any_time(self, at: int) -> None:
        each = resting("x", 5, limit=8.0)
        script: dict[int, list[StrategyCommand]] = {0: submit(each)}
        script[at] = [*script.get(at, []), *cancel(each)]
        lived = Lived(self.engine(), market_of(bars([*CALM, (8.0, 8.0, 8.0, 8.0)])), script)
        assert (lived.happened, lived.ended) == ([], [])

    def test_a_cancel_of_what_is_filled_changes_nothing(self) -> None:
        each = resting("x", 5, limit=9.5)
        lived = Lived(self.engine(), market_of(bars(CALM)), {0: submit(each), 2: cancel(each)})
        assert lived.happened == [(0, "x", 5.0, 9.5)]
        assert lived.state.quantities == {"A": 5.0}

    @pytest.mark.parametrize(("days", "step"), [(0, 1), (1, 2), (1.5, 2)])
    def test_it_expires_at_the_first_bar_after_its_last_moment(self, days: float, step: int) -> None:
        market = market_of(bars([*CALM[:step], (8.0, 8.0, 8.0, 8.0), *CALM]))
        until = int(START + days * DAY)
        lived = Lived(self.engine(), market, {0: submit(resting("x", 5, limit=8.0, until=until))})
        assert lived.happened == []
        assert lived.ended == [(step, Ended("one", "x", Reason.EXPIRED))]

    def test_its_last_moment_counts(self) -> None:
        market = market_of(bars([*CALM[:2], (8.0, 8.0, 8.0, 8.0)]))
        until = START + 2 * DAY
        lived = Lived(self.engine(), market, {0: submit(resting("x", 5, limit=8.0, until=until))})
        assert (lived.happened, lived.ended) == ([(2, "x", 5.0, 8.0)], [])

    def test_an_exit_closes_at_most_what_is_held(self) -> None:
        exits = [resting(name, -4, closing=True, limit=10.5) for name in ("first", "second", "third")]
        lived = Lived(self.engine(), market_of(bars(CALM)), {0: submit(order("in", 6)), 1: submit(*exits)})
        assert [(name, q) for _, name, q, _ in lived.happened] == [("in", 6.0), ("first", -4.0), ("second", -2.0)]
        assert lived.fills[-1].part == 0
        assert lived.ended == [(1, Ended("one", "third", Reason.POSITION_CLOSED))]
        assert {symbol: held for symbol, held in lived.state.quantities.items() if held} == {}

    def test_an_entry_that_is_reached_while_the_other_side_is_held_ends(self) -> None:
        script = {0: submit(order("in", 6)), 1: submit(resting("short", -8, limit=10.5))}
        lived = Lived(self.engine(), market_of(bars(CALM)), script)
        assert [name for _, name, _, _ in lived.happened] == ["in"]
        assert lived.ended == [(1, Ended("one", "short", Reason.CANCELLED))]

    def test_any_order_fills_as_on_the_path_of_its_bars(self) -> None:
        @given(run=walked_runs())
        @settings(max_examples=150, deadline=None, derandomize=True, database=None)
        def every(run: tuple[list[Bar], WalkedOrder]) -> None:
            prices, walked = run
            each = resting("x", walked.quantity, limit=walked.limit, trigger=walked.trigger, trail=walked.trail)
            expected = walk(prices, walked)
            assert self._one(prices, each) == near_pairs([] if expected is None else [expected])

        every()


def near_pairs(expected: list[tuple[int, float]]) -> list[tuple[int, object]]:
    """Steps exactly, prices to a millionth."""
    return [(step, near(price)) for step, price in expected]


@st.composite
def walked_runs(draw: st.DrawFn) -> tuple[list[Bar], WalkedOrder]:
    """A few bars of whole ticks around 100, and one order near them."""
    tick = st.integers(9_985, 10_015)
    prices: list[Bar] = []
    for _ in range(draw(st.integers(1, 5))):
        four = draw(st.lists(tick, min_size=4, max_size=4))
        first, last = draw(st.permutations(sorted(four)[1:3]))
        prices.append((first / 100, max(four) / 100, min(four) / 100, last / 100))
    level = tick.map(lambda count: count / 100)
    kind = draw(st.sampled_from(["limit", "stop", "stop_limit", "trailing"]))
    quantity = draw(st.sampled_from([5.0, -5.0]))
    limit = draw(level) if "limit" in kind else None
    trigger = draw(level) if kind != "limit" else None
    trail = draw(st.integers(1, 12)) / 100 if kind == "trailing" else None
    return prices, WalkedOrder(quantity, limit, trigger, trail)
