"""What counts as a signal, which strategy is called when, and how calendars and the end of data treat orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestrate.domain.events import StrategySignalledEvent
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.strategies.protocols import Context, Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, Part, Scripted, Stateless, fixed, prepare, run_harness
from tests.orchestration.one_symbol import ENTER, EXIT, FLAT, RISING, SHORT, one, quantities

# ---- what a signal is


@pytest.mark.parametrize(
    ("strategy", "traded"),
    [
        (Flags(long=[1, 2, 3], out=[5, 6]), [5, -5]),  # once in, entries say nothing; once out, exits
        (Flags(long=[1], out=[1]), []),  # both at once while flat: nothing
        (Flags(long=[1, 4], out=[4]), [5, -5]),  # both at once while in: exit
        (Flags(out=[1, 2]), []),
        (Flags(long=[1], short=[1]), []),  # which way? neither
        (Flags(long=[1], short=[3]), [5]),  # an entry is one only while flat
        (Flags(long=[1], out=[3], short=[3]), [5, -5]),  # flags exit only; `on_bar` turns, see below
        (Flags(short=[1], cover=[3], long=[3]), [-5, 5]),
        (Flags(long=[1], out=[3], short=[3, 4]), [5, -5, -5]),
        (Flags(short=[1], cover=[3], long=[3], out=[3]), [-5, 5]),
        (Flags(short=[1], out=[3]), [-5]),  # a long's exit is no short's
        (Flags(long=[1], cover=[3]), [5]),
        (Flags(long=[1], out=[2, 3], short=[5]), [5, -5, -5]),
        (Stateless([1, 2], [4]), [5, -5]),
        (Stateless([1, 3], [3]), [5, -5]),
        (Stateless([], [1]), []),
        (Scripted({1: [ENTER], 2: [ENTER], 4: [EXIT], 5: [EXIT]}), [5, -5]),
        (Scripted({1: [ENTER, EXIT]}), []),
        (Scripted({1: [ENTER], 3: [ENTER, EXIT]}), [5, -5]),
        (Scripted({1: [ENTER], 3: [EXIT, SHORT]}), [5, -5, -5]),
        (Scripted({1: [ENTER], 3: [SHORT, EXIT]}), [5, -5, -5]),
        (Scripted({1: [ENTER], 3: [SHORT]}), [5]),
        (Scripted({1: [EXIT]}), []),
        (Scripted({1: [ENTER, ENTER]}), [5]),
        (Scripted({1: [Signal.enter("A", quantity=3)], 3: [EXIT]}), [3, -3]),
        (Scripted({1: [Signal.enter("A", quantity=np.float32(3.7))]}), [3]),
        (Scripted({1: lambda context: ENTER}), [5]),
        (Scripted({1: lambda context: iter([ENTER])}), [5]),
        (Scripted({1: lambda context: None}), []),
    ],
)
def test_signals(strategy: object, traded: list[float]) -> None:
    assert quantities(strategy) == traded
    if isinstance(strategy, Scripted):
        strategy.calls = 0
    assert quantities(strategy, rules=AT_CLOSE) == traded


def test_a_pending_order_counts_as_held() -> None:
    """B's bar comes three days after A's decision on it: requested again meanwhile, it is not ordered again."""
    market = market_of(series("A", FLAT), series("B", [(20.0, 20.0), (22.0, 22.0)], days=[0, 5]))
    strategy = Scripted({key: [Signal.enter("B")] for key in range(1, 5)})
    done = run_harness(market, {"s": Part(strategy, ("A", "B"), sizing=fixed(5))})
    assert done.fills() == [(5.0, 22.0)]
    assert len(done.of(StrategySignalledEvent)) == 1


def test_an_exit_takes_back_an_entry_on_its_way() -> None:
    market = market_of(series("A", FLAT), series("B", [(20.0, 20.0), (22.0, 22.0)], days=[0, 5]))
    strategy = Scripted({1: [Signal.enter("B")], 3: [Signal.exit("B")]})
    done = run_harness(market, {"s": Part(strategy, ("A", "B"), sizing=fixed(5))})
    assert done.fills() == []
    assert done.reasons("s") == [("approved", "", 5.0), ("rejected", "cancelled", 0.0)]
    assert [event.signal_type for event in done.of(StrategySignalledEvent)] == ["entry", "exit"]


def test_a_turn_on_its_way_can_be_turned_back() -> None:
    """Long B, turning short while B has no bar; then out: the short is taken back, the close happens once."""
    market = market_of(series("A", FLAT), series("B", [(20.0, 20.0), (21.0, 21.0), (22.0, 22.0)], days=[0, 1, 6]))
    plan = {0: [Signal.enter("B")], 2: [Signal.exit("B"), Signal.enter("B", "short")], 4: [Signal.exit("B")]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"), sizing=fixed(5))})
    assert done.fills() == [(5.0, 21.0), (-5.0, 22.0)]
    assert done.results["s"].open_positions == ()
    approved, cancelled = ("approved", "", -5.0), ("rejected", "cancelled", 0.0)
    assert done.reasons("s") == [("approved", "", 5.0), approved, approved, cancelled]


def test_a_turn_back_and_forth_closes_once_and_opens_whole_lots() -> None:
    """As before, and then long again: nothing more is closed than what is held, so all of the entry opens."""
    market = market_of(series("A", FLAT), series("B", [(20.0, 20.0), (21.0, 21.0), (22.0, 22.0)], days=[0, 1, 6]))
    plan = {0: [Signal.enter("B")], 2: [Signal.exit("B"), Signal.enter("B", "short")], 4: [Signal.exit("B")]}
    plan[5] = [Signal.enter("B", quantity=2.7)]
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"), sizing=fixed(5))})
    assert done.fills() == [(5.0, 21.0), (-5.0, 22.0), (2.0, 22.0)]
    assert done.reasons("s")[-1] == ("approved", "", 2.0)


def test_signals_are_reported_with_the_available_capital() -> None:
    done = run_harness(one(FLAT), {"s": Part(Flags(long=[1], out=[4]), sizing=fixed(5))}, capital=1_000)
    signalled = [(e.strategy_id, e.signal_type, e.symbol, e.capital_available) for e in done.of(StrategySignalledEvent)]
    assert signalled == [("s", "entry", "A", 1000.0), ("s", "exit", "A", 950.0)]


# ---- calls of strategies


class Noting:
    """Notes which strategy is called, and which facts it could read."""

    def __init__(self, notes: list[tuple[str, object]], listens_to: str = "") -> None:
        self.notes, self.listens_to = notes, listens_to

    def on_bar(self, context: Context) -> None:
        context.publish("bars", len(context.bars()))
        seen = context.fact(self.listens_to, "bars", "nothing") if self.listens_to else None
        self.notes.append((context.strategy_id, seen))


def test_dependencies_first_then_priority_then_id() -> None:
    notes: list[tuple[str, object]] = []
    parts = {
        "b": Part(Noting(notes), pct=10, priority=2),
        "z": Part(Noting(notes), pct=10, priority=1),
        "a": Part(Noting(notes), pct=10, priority=2),
        "first": Part(Noting(notes, "late"), pct=10, priority=0, depends_on=("late",)),
        "late": Part(Noting(notes), pct=10, priority=9),
    }
    run_harness(one([(1.0, 1.0)] * 2), parts)
    order = ["z", "a", "b", "late", "first"]
    assert [name for name, _ in notes] == order * 2
    assert [seen for name, seen in notes if name == "first"] == [1, 2]  # today's fact, not yesterday's


def test_a_circle_of_dependencies_is_refused() -> None:
    parts = {"a": Part(Scripted({}), pct=10, depends_on=("b",)), "b": Part(Scripted({}), pct=10, depends_on=("a",))}
    with pytest.raises(ValueError, match="a, b depend on one another in a circle"):
        run_harness(one(), parts)


def test_only_called_when_one_of_its_symbols_has_a_bar() -> None:
    market = market_of(series("A", FLAT, days=range(8)), series("B", FLAT[:3], days=[1, 4, 6]))
    days: list[int] = []

    class Counting:
        def on_bar(self, context: Context) -> None:
            days.append((context.t - market.timeline.stamps[0]) // 86_400_000_000_000)

    run_harness(market, {"s": Part(Counting(), ("B",))})
    assert days == [1, 4, 6]


def test_what_a_context_shows() -> None:
    market = market_of(series("A", RISING), series("B", [(20.0, 21.0), (22.0, 23.0)], days=[2, 4]))
    seen: list[Any] = []

    def look(context: Context) -> list[Signal]:
        position = context.position("A")
        if position is not None:
            position.quantity = 1e9  # a copy: nothing comes of it
        seen.append(
            (
                context.updated,
                len(context.bars()),
                len(context.bars("B")),
                context.cash,
                context.equity,
                context.available,
                context.position("B"),
                context.instrument().symbol,
            )
        )
        return [Signal.enter("A")] if len(seen) == 2 else []

    done = run_harness(
        market, {"s": Part(Scripted(dict.fromkeys(range(9), look)), ("A", "B"), sizing=fixed(5))}, capital=1_000
    )
    assert seen[0] == (("A",), 1, 0, 1000.0, 1000.0, 1000.0, None, "A")
    assert seen[2] == (("A", "B"), 3, 1, 1000.0 - 60, 1000.0, 940.0, None, "A")
    assert seen[3] == (("A",), 4, 1, 940.0, 1005.0, 940.0, None, "A")
    assert done.fills() == [(5.0, 12.0)]


@pytest.mark.parametrize("ask", [lambda c: c.bars("B"), lambda c: c.position("B"), lambda c: c.instrument("B")])
def test_other_peoples_symbols_are_not_shown(ask: Any) -> None:
    market = market_of(series("A", FLAT), series("B", FLAT))
    done = run_harness(market, {"s": Part(Scripted({1: ask}))})
    error = done.results["s"].error
    assert error is not None
    assert "'B' is not a symbol of s; it has A" in error.message


# ---- calendars, the end


def test_an_order_waits_for_its_symbols_next_bar() -> None:
    market = market_of(series("A", FLAT), series("B", [(20.0, 20.5), (23.0, 23.5)], days=[1, 6]))
    done = run_harness(
        market, {"s": Part(Flags(long=[0]), ("B",), sizing=fixed(5)), "o": Part(Scripted({}), pct=0)}, capital=1_000
    )
    assert done.fills() == [(5.0, 23.0)]
    assert done.results["s"].equity.tolist() == [1_000.0] * 6 + [1_002.5, 1_002.5]
    assert done.results["s"].has_bar.tolist() == [False, True, False, False, False, False, True, False]


def test_a_series_that_starts_late_and_one_that_ends_early() -> None:
    market = market_of(series("A", [(10.0, 11.0)] * 3, days=[0, 1, 2]), series("B", [(20.0, 21.0)] * 3, days=[4, 5, 6]))
    parts = {
        "early": Part(Flags(long=[0]), ("A",), pct=50, sizing=fixed(5)),
        "late": Part(Flags(long=[0]), ("B",), pct=50, sizing=fixed(5)),
    }
    done = run_harness(market, parts, capital=2_000)
    assert done.results["early"].equity.tolist() == [1000, 1005, 1005, 1005, 1005, 1005]  # stays at the last close
    assert done.results["late"].equity.tolist() == [1000, 1000, 1000, 1000, 1005, 1005]
    assert done.results["early"].exposed.tolist() == [False] + [True] * 5
    assert len(done.results["early"].open_positions) == 1


def test_orders_on_a_series_that_has_ended() -> None:
    market = market_of(series("A", FLAT), series("B", FLAT[:3]))
    plan = {1: [Signal.enter("B")], 2: [Signal.exit("B")], 4: [Signal.exit("B")], 7: [Signal.enter("A")]}
    done = run_harness(market, {"s": Part(Scripted(plan), ("A", "B"), sizing=fixed(5))})
    assert done.fills() == [(5.0, 10.0)]
    assert [(str(r), q) for _, r, q in done.reasons("s")] == [
        ("", 5.0),
        ("", -5.0),
        ("series_ended", 0.0),
        ("", -5.0),
        ("series_ended", 0.0),
        ("", 5.0),
        ("unfilled_at_end", 0.0),
    ]


def test_close_at_end() -> None:
    """Each position is closed at its own series' last close; orders for other symbols are left alone."""
    market = market_of(series("A", [(10.0, 11.0)] * 4), series("B", [(20.0, 21.0)] * 8))
    parts = {
        "a": Part(Flags(long=[0]), ("A",), pct=40, sizing=fixed(5)),
        "b": Part(Flags(long=[3]), ("B",), pct=40, sizing=fixed(5)),
    }
    done = run_harness(market, parts, ExecutionRules(close_at_end=True))
    assert done.fills("a") == [(5.0, 10.0), (-5.0, 11.0)]
    assert done.fills("b") == [(5.0, 20.0), (-5.0, 21.0)]  # decided when A ended, filled at the next open
    assert [str(record.reason) for record in done.orchestrator.fills] == ["", "close_at_end", "", "close_at_end"]
    assert [len(result.trades) for result in done.results.values()] == [1, 1]
    assert done.results["a"].exposed.tolist() == [False, True, True, False, False, False, False, False]


def test_nothing_is_closed_at_the_end_unless_configured() -> None:
    done = run_harness(one(FLAT), {"s": Part(Flags(long=[0], out=[7]), sizing=fixed(5))})
    assert done.fills() == [(5.0, 10.0)]
    assert done.reasons("s")[-1] == ("rejected", "unfilled_at_end", 0.0)


def test_a_run_that_is_stopped_keeps_what_is_done() -> None:
    harness_run = prepare({"s": Part(Scripted({0: [ENTER]}), sizing=fixed(5))})
    steps: list[tuple[int, int]] = []
    harness_run.orchestrator.run(
        one(), PLAIN, progress=lambda done, total: steps.append((done, total)), stop=lambda: len(steps) == 3
    )
    assert steps == [(1, 8), (2, 8), (3, 8)]
    assert harness_run.orchestrator.steps_done == 3
    assert harness_run.results["s"].equity.tolist() == [100_000, 100_000, 100_005]


# ---- pausing


def test_paused_strategies_open_nothing_but_are_notified_of_fills() -> None:
    strategy = Scripted({key: [ENTER] for key in range(20)})
    harness_run = prepare({"s": Part(strategy, sizing=fixed(5))})
    orchestrator = harness_run.orchestrator
    orchestrator.begin(one(), PLAIN)
    for event in orchestrator.clock():
        if event.step == 1:
            orchestrator.pause_strategy("s")
        orchestrator.step(event)
    orchestrator.finish()
    orchestrator.end()
    assert strategy.calls == len(one().timeline)
    assert harness_run.fills() == [(5.0, 11.0)]
    assert strategy.callbacks == [(5.0, 11.0), "stop"]
    assert harness_run.results["s"].status == "paused"
