"""Strategies that asked for positions in vain are reported; those that have their money at work are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.analytics.orders.refusals import unable_to_trade
from orchestrate.domain.books import Position
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.order import Decision, Demand, Fill, Outcome, Reason, StageOutcome
from orchestrate.domain.results import DecisionRecord, FillRecord

DAY = 86_400 * 1_000_000_000


def refused(day, reason=Reason.CAPITAL, detail="100 is available", *, trail=True):
    demand = Demand("a", "IBM", 5.0, False, 100.0, 0, 0)
    stages = (StageOutcome("capital", 5.0, 0.0, reason, detail),) if trail else ()
    return DecisionRecord(day * DAY, Decision(demand, Outcome.REJECTED, 0.0, reason, detail, stages))


def approved(day, quantity=5.0):
    demand = Demand("a", "IBM", quantity, quantity < 0, 100.0, 0, 0)
    return DecisionRecord(day * DAY, Decision(demand, Outcome.APPROVED, quantity), f"a-{day}")


def fill(day, quantity=5.0):
    return FillRecord(
        day * DAY, Fill(f"a-{day}", "a", "IBM", quantity, 100.0, 0.0, day * DAY), "backtrader", quantity < 0
    )


@pytest.fixture
def messages(result_of, hand_made):
    """The messages about a strategy with these decisions and fills, and a position if it is `held` at the end."""
    plain = result_of({"a": hand_made([1000.0] * 5)})

    def of(*decisions, fills=(), held=False):
        open_positions = (Position(Instrument("IBM"), 5.0, 100.0),) if held else ()
        own = replace(plain.strategies["a"], blocked=1, open_positions=open_positions)
        result = replace(plain, strategies={"a": own}, decisions=decisions, fills=fills)
        return [finding.message for finding in unable_to_trade(result)]

    return of


def test_all_its_orders_were_refused(messages):
    not_tradable = (Reason.NOT_TRADABLE, "IBM is an index")
    assert messages(refused(1, *not_tradable), refused(2, *not_tradable)) == [
        "all 2 orders were refused, the last at 1970-01-03 (not_tradable: IBM is an index)"
    ]
    assert messages(refused(1, Reason.LIMIT, "")) == ["the only order was refused, the last at 1970-01-02 (limit)"]


def test_it_became_unable_to_pay_for_a_lot(messages):
    decisions = (approved(1), refused(2), approved(3, -5.0), refused(4), refused(5, Reason.BELOW_ONE_LOT))
    assert messages(*decisions, fills=(fill(1), fill(3, -5.0))) == [
        "holds nothing and can't pay for one lot since 1970-01-05: "
        "2 entries were refused (below_one_lot: 100 is available)"
    ]


def test_money_at_work_is_no_lack(messages):
    decisions = (approved(1), refused(2), refused(3), refused(4))
    assert messages(*decisions, fills=(fill(1),), held=True) == []


def test_one_refusal_after_trades_is_no_finding(messages):
    decisions = (approved(1), approved(2, -5.0), refused(3))
    assert messages(*decisions, fills=(fill(1), fill(2, -5.0))) == []


class ReadOnce(tuple):
    """Records that may be gone through once."""

    read = 0

    def __iter__(self):
        self.read += 1
        assert self.read == 1
        return super().__iter__()


def test_records_of_all_strategies_are_gone_through_once(result_of, hand_made):
    plain = result_of({"a": hand_made([1000.0] * 5), "b": hand_made([1000.0] * 5)})
    blocked = {name: replace(one, id=name, blocked=1) for name, one in plain.strategies.items()}
    result = replace(plain, strategies=blocked, decisions=ReadOnce([refused(1)]), fills=ReadOnce([]))
    assert [finding.where for finding in unable_to_trade(result)] == ["strategies.a"]


def test_what_a_limit_refuses_is_no_lack_of_money(messages):
    decisions = (approved(1), approved(2, -5.0), refused(3, Reason.LIMIT), refused(4, Reason.LIMIT))
    assert messages(*decisions, fills=(fill(1), fill(2, -5.0))) == []


def test_an_order_that_its_strategy_cancelled_was_not_refused(messages):
    assert messages(refused(1), refused(2, Reason.CANCELLED, trail=False)) == []
