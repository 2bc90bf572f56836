"""One account for all strategies, on runs that a person can check.

Total 100,000. Mostly `c` buys for its 40,000, then the price of C rises: all is worth more, and so are the rooms of the
others, but what is free is only the cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.accounts import PooledAccount, StrategyAllocation
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.plan import Sizing
from orchestrate.domain.strategies.protocols import Context, Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import AT_CLOSE, PLAIN, Flags, HarnessRun, Part, Scripted, fixed
from tests.orchestration.risk.pool import MIXES, pooled

Engines = tuple[str, str, str]
FEES = ExecutionRules(commission=Commission(minimum=5.0))
FLAT = series("A", [(10.0, 10.0)] * 6)
on_each_engine = pytest.mark.parametrize("engines", MIXES.values(), ids=list(MIXES))


def gain(
    engines: Engines = MIXES["in_memory"],
    rules: ExecutionRules = PLAIN,
    *,
    rise: float = 22.5,
    weights: tuple[int, int, int] = (40, 20, 40),
    sizing: Sizing | None = None,
    b_in: Sequence[int] = (2,),
    c_out: Sequence[int] = (),
) -> HarnessRun:
    """c buys for 40,000 at bar 1, C rises at bar 2, where a and b want all they can get of A at 10.

    At 22.5 c's 4,000 are worth 90,000: all is worth 150,000, of which 60,000, or 40%, is left for a and b. Their rooms
    are 40% and 20% of all: 60,000 and 30,000.
    """
    stage = market_of(FLAT, series("C", [(10.0, 10.0)] * 2 + [(rise, rise)] * 4))
    flags = {"a": Flags(long=[2]), "b": Flags(long=b_in), "c": Flags(long=[0], out=c_out)}
    sizes = {"a": sizing or fixed(9_000), "b": sizing or fixed(9_000), "c": fixed(4_000)}
    parts = {
        name: Part(flags[name], ("C" if name == "c" else "A",), weight, sizes[name], framework=engine)
        for name, weight, engine in zip("abc", weights, engines, strict=True)
    }
    return pooled(stage, parts, rules)


def cash(done: HarnessRun) -> dict[str, float]:
    return {name: entry.book.cash for name, entry in done.orchestrator.strategies.items()}


@on_each_engine
def test_the_40_percent_that_is_left_is_shared_by_weight(engines: Engines) -> None:
    """60,000 for weights of 40 and 20."""
    done = gain(engines)
    assert [done.fills(name) for name in "abc"] == [[(4_000.0, 10.0)], [(2_000.0, 10.0)], [(4_000.0, 10.0)]]
    assert done.reasons("a") == [("resized", "capital", 4_000.0)]
    assert done.reasons("b") == [("resized", "capital", 2_000.0)]
    assert cash(done) == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert isinstance(done.orchestrator.strategies["a"].account, PooledAccount)


@on_each_engine
def test_grants_are_money_with_fees_and_whole_lots(engines: Engines) -> None:
    """Each order costs 5.00: c gets 3,999 for its 40,000. Of the 60,005 left a may spend 40,003.33, b 20,001.67."""
    done = gain(engines, FEES)
    assert [done.fills(name) for name in "abc"] == [[(3_999.0, 10.0)], [(1_999.0, 10.0)], [(3_999.0, 10.0)]]
    assert sum(cash(done).values()) == pytest.approx(100_000 - 3_999 * 10 - 3_999 * 10 - 1_999 * 10 - 15)


@on_each_engine
def test_what_one_does_not_want_is_shared_again(engines: Engines) -> None:
    """b's room is 30,000, and it wants half of it: a gets 45,000."""
    stage = market_of(FLAT, series("C", [(10.0, 10.0)] * 2 + [(22.5, 22.5)] * 4))
    parts = {
        "a": Part(Flags(long=[2]), ("A",), 40, fixed(9_000), framework=engines[0]),
        "b": Part(Flags(long=[2]), ("A",), 20, fixed(1_500), framework=engines[1]),
        "c": Part(Flags(long=[0]), ("C",), 40, fixed(4_000), framework=engines[2]),
    }
    done = pooled(stage, parts, PLAIN)
    assert [done.fills(name) for name in "ab"] == [[(4_500.0, 10.0)], [(1_500.0, 10.0)]]
    assert done.reasons("b") == [("approved", "", 1_500.0)]


@on_each_engine
def test_nobody_gets_more_than_its_room(engines: Engines) -> None:
    """At 12.5 all is worth 110,000; the rooms of a and b, 44,000 and 22,000, are more than the 60,000 that are free."""
    done = gain(engines, rise=12.5, weights=(40, 5, 40))
    assert [done.fills(name) for name in "ab"] == [[(4_400.0, 10.0)], [(550.0, 10.0)]]


@on_each_engine
def test_closings_of_the_same_bar_pay_for_openings(engines: Engines) -> None:
    """c sells at 22.5 as a and b buy: 150,000 are free, and both get their rooms."""
    done = gain(engines, c_out=[2])
    assert [done.fills(name) for name in "ab"] == [[(6_000.0, 10.0)], [(3_000.0, 10.0)]]
    assert cash(done) == {"a": -20_000.0, "b": -10_000.0, "c": 90_000.0}


def test_what_a_closing_brings_is_known_when_the_opening_is_released() -> None:
    """b is released at an open at which c's proceeds of 80,000 turn out to be 40,000: its room is 20,000 then."""
    c = [(10.0, 10.0)] * 2 + [(20.0, 20.0)] + [(10.0, 10.0)] * 3
    parts = {
        "b": Part(Flags(long=[2]), ("A",), 20, fixed(9_000)),
        "c": Part(Flags(long=[0], out=[2]), ("C",), 40, fixed(4_000)),
    }
    done = pooled(market_of(FLAT, series("C", c)), parts, PLAIN)
    assert done.fills("b") == [(2_000.0, 10.0)]
    assert done.reasons("b") == [("resized", "capital", 2_800.0), ("resized", "open_gap", 2_000.0)]


@on_each_engine
def test_openings_of_one_strategy_share_its_grant_in_order(engines: Engines) -> None:
    """a's 40,000 pay for 3,000 of A, and then for 1,000 of B."""
    stage = market_of(FLAT, series("B", [(10.0, 10.0)] * 6), series("C", [(10.0, 10.0)] * 2 + [(22.5, 22.5)] * 4))
    parts = {
        "a": Part(Flags(long=[2]), ("A", "B"), 40, fixed(3_000), framework=engines[0]),
        "b": Part(Flags(long=[2]), ("A",), 20, fixed(9_000), framework=engines[1]),
        "c": Part(Flags(long=[0]), ("C",), 40, fixed(4_000), framework=engines[2]),
    }
    done = pooled(stage, parts, PLAIN)
    assert done.fills("a") == [(3_000.0, 10.0), (1_000.0, 10.0)]
    assert done.fills("b") == [(2_000.0, 10.0)]


@on_each_engine
def test_percent_is_of_the_cap_not_of_the_book(engines: Engines) -> None:
    """c holds 90,000 of 150,000: half of b's cap is 15,000, though its book has 20,000; half of a's is 30,000."""
    done = gain(engines, sizing=Sizing("percent", Decimal(50)))
    assert [done.fills(name) for name in "ab"] == [[(3_000.0, 10.0)], [(1_500.0, 10.0)]]


@on_each_engine
def test_a_book_may_owe_what_the_others_have(engines: Engines) -> None:
    """All of b's cap of 30,000, from a book of 20,000; the sum of all cash is 30,000."""
    done = gain(engines, weights=(40, 20, 40), b_in=[3], sizing=Sizing("percent", Decimal(50)))
    assert done.fills("b") == [(1_500.0, 10.0)]
    done = gain(engines, weights=(1, 20, 40), sizing=Sizing("percent", Decimal(100)))
    assert done.fills("b") == [(3_000.0, 10.0)]
    assert cash(done)["b"] == -10_000.0
    assert done.results["b"].equity.tolist() == [20_000.0] * 6


def test_the_reserve_is_common_money() -> None:
    """30 + 30 of 100: a's 3,000 of A double, all is worth 130,000. b may use 39,000, 9,000 of it from the reserve."""
    stage = market_of(series("A", [(10.0, 10.0)] * 2 + [(20.0, 20.0)] * 4), series("B", [(10.0, 10.0)] * 6))
    parts = {
        "a": Part(Flags(long=[0]), ("A",), 30, fixed(9_000)),
        "b": Part(Flags(long=[2]), ("B",), 30, fixed(9_000)),
    }
    done = pooled(stage, parts, PLAIN)
    assert done.fills("b") == [(3_900.0, 10.0)]
    assert cash(done)["b"] == -9_000.0
    assert done.orchestrator.capital_manager.reserve.cash == 40_000.0


def test_a_gap_at_the_open_is_shared_in_plan_order() -> None:
    """At 10 both could pay for 3,000; at the open of 16 the first takes its room, the other what is left of its own."""
    bars = [(10.0, 10.0), (10.0, 10.0), (16.0, 16.0), (16.0, 16.0)]
    parts = {name: Part(Flags(long=[1]), ("A",), 50, fixed(5_000)) for name in "ab"}
    done = pooled(market_of(series("A", bars)), parts, PLAIN)
    assert done.fills() == [(3_125.0, 16.0), (3_125.0, 16.0)]
    assert done.reasons("b")[-1] == ("resized", "open_gap", 3_125.0)


def test_at_the_open_what_others_have_reserved_is_not_free() -> None:
    """a and b were granted 40,000 and 20,000. A opens at 12: a, first, may not touch b's 20,000, and gets 3,333."""
    stage = market_of(
        series("A", [(10.0, 10.0)] * 3 + [(12.0, 12.0)] * 3), series("C", [(10.0, 10.0)] * 2 + [(22.5, 22.5)] * 4)
    )
    parts = {
        "a": Part(Flags(long=[2]), ("A",), 40, fixed(9_000)),
        "b": Part(Flags(long=[2]), ("A",), 20, fixed(9_000)),
        "c": Part(Flags(long=[0]), ("C",), 40, fixed(4_000)),
    }
    done = pooled(stage, parts, PLAIN)
    assert done.fills("a") == [(3_333.0, 12.0)]
    assert done.fills("b") == [(1_667.0, 12.0)]  # 20,000, and the 4 that a could not use


def test_openings_at_the_close_are_funded_together_too() -> None:
    """The close of bar 2 decides and fills."""
    done = gain(rules=AT_CLOSE)
    assert [done.fills(name) for name in "ab"] == [[(4_000.0, 10.0)], [(2_000.0, 10.0)]]


def test_a_flip_is_funded_by_its_own_close() -> None:
    """a is short 4,000 from 10 to 5: all is worth 120,000, of which a may use 48,000. At 5 they buy 9,600."""
    bars = [(10.0, 10.0)] * 2 + [(5.0, 5.0)] * 4
    turn = [Signal.exit("A"), Signal.enter("A", "long", quantity=20_000)]
    parts = {
        "a": Part(Scripted({0: [Signal.enter("A", "short", quantity=4_000)], 2: turn}), ("A",), 40),
        "b": Part(Flags(), ("A",), 60),
    }
    done = pooled(market_of(series("A", bars)), parts, PLAIN)
    assert done.fills("a") == [(-4_000.0, 10.0), (4_000.0, 5.0), (9_600.0, 5.0)]


def test_the_order_of_the_file_changes_nothing() -> None:
    stage = market_of(FLAT, series("C", [(10.0, 10.0)] * 2 + [(22.5, 22.5)] * 4))
    parts = {
        "a": Part(Flags(long=[2]), ("A",), 33, fixed(9_000)),
        "b": Part(Flags(long=[2]), ("A",), 27, fixed(9_000)),
        "c": Part(Flags(long=[0]), ("C",), 40, fixed(4_000)),
    }
    first = pooled(stage, parts, FEES)
    for order in ("cba", "bca"):
        other = pooled(stage, {name: parts[name] for name in order}, FEES)
        assert [other.fills(name) for name in "abc"] == [first.fills(name) for name in "abc"]
        assert cash(other) == {name: cash(first)[name] for name in order}


def test_a_strategy_sees_its_allocation() -> None:
    """Half of 100,000. At bar 0 all is available; then 1,000 at 10 are reserved; they are in use, and worth 12,000."""
    seen: list[Any] = []

    def look(context: Context) -> list[Signal]:
        seen.append((context.allocation, context.available, context.cash))
        return [Signal.enter("A", quantity=1_000)] if context.position() is None and len(seen) == 1 else []

    bars = [(10.0, 10.0), (10.0, 12.0), (12.0, 12.0)]
    parts = {"a": Part(Scripted(dict.fromkeys(range(3), look)), pct=50), "b": Part(Scripted({}), pct=40)}
    done = pooled(market_of(series("A", bars)), parts, PLAIN)
    assert done.results["a"].error is None
    assert seen == [
        (StrategyAllocation("a", 50_000.0, 0.0, 50_000.0, 0.0), 50_000.0, 50_000.0),
        (StrategyAllocation("a", 51_000.0, 10_000.0, 41_000.0, 0.0), 41_000.0, 40_000.0),
        (StrategyAllocation("a", 51_000.0, 10_000.0, 41_000.0, 0.0), 41_000.0, 40_000.0),
    ]


def test_what_waiting_orders_have_reserved_is_not_granted_again() -> None:
    """B has no bar until day 4: 30,000 of a's 60,000 wait for it, so that 3,000 of A are left for a, 4,000 for b."""
    stage = market_of(FLAT, series("B", [(10.0, 10.0)] * 2, days=[0, 4]))
    first = {0: [Signal.enter("B", quantity=3_000)], 1: [Signal.enter("A", quantity=9_000)]}
    parts = {
        "a": Part(Scripted(first), ("A", "B"), 60),
        "b": Part(Flags(long=[1]), ("A",), 40, fixed(9_000)),
    }
    done = pooled(stage, parts, PLAIN)
    assert done.fills("a") == [(3_000.0, 10.0), (3_000.0, 10.0)]
    assert done.fills("b") == [(4_000.0, 10.0)]


def test_decisions_note_what_was_available() -> None:
    """c could get 40,000 and asks for all of it; later b could get its room of 30,000 and asks for 15,000."""
    done = gain(weights=(40, 20, 40), b_in=(3,), sizing=fixed(1_500))
    decisions = [record.decision for record in done.orchestrator.session.log.decisions]
    noted = [(one.demand.strategy_id, one.available, one.reserve) for one in decisions]
    assert noted == [("c", 40_000.0, 40_000.0), ("a", 60_000.0, 15_000.0), ("b", 30_000.0, 15_000.0)]
