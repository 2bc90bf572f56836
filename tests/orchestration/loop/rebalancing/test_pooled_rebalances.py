"""Rebalances of common capital: trims and top-ups alone, each made once, and only where it can be paid.

`flat` holds nothing, so that it is not off its target; `other` has 40 % of 100,000 and trades B.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrate.domain.orders.order import Reason
from orchestrate.domain.portfolio import PortfolioPlan
from tests.engines.builders import series
from tests.orchestration.harness import Flags, HarnessRun, Part, fixed
from tests.orchestration.loop.rebalancing.rebalances import dated, journal, rebalancing, run, trades


def rebalanced(closes: Sequence[float], quantity: int, plan: PortfolioPlan, framework: str = "in_memory") -> HarnessRun:
    """`other` buys at the second bar; bars open, stay and close at one price."""
    parts = {
        "flat": Part(Flags(), ("B",), 60, framework=framework),
        "other": Part(Flags(long=[0]), ("B",), 40, fixed(quantity), framework=framework),
    }
    return run(dated(series("B", [(price, price) for price in closes])), parts, plan, pooled=True)


def own(done: HarnessRun) -> list[tuple[int, float]]:
    """(bar, quantity) of the trades of rebalances."""
    return [(bar, quantity) for bar, _, _, quantity, _, is_own in trades(done) if is_own]


def refused(done: HarnessRun) -> list[Reason]:
    records = done.orchestrator.session.log.decisions
    return [record.decision.reason for record in records if not record.decision.quantity]


@pytest.mark.parametrize("framework", ["in_memory", "backtrader", "nautilus"])
def test_a_shortage_is_topped_up_once(framework: str) -> None:
    """Each bar begins a day. At bar 1 other lacks 30,000: 2,500 at 12 at bar 3. Then it has 42,000, 1,200 too much.

    Its room, 40,800 less the 10,000 of its position, would pay for 66 more of the same shortage at bar 4.
    """
    done = rebalanced((10, 10, 12, 12, 12, 12, 12, 12), 1000, rebalancing("day"), framework)
    assert own(done) == [(3, 2500), (4, -100)]
    assert [one["bar_date"] for one in journal(done)] == ["2020-01-02", "2020-01-04"]
    assert refused(done) == []


@pytest.mark.parametrize("plan", [rebalancing(threshold="0.03"), rebalancing("day")])
def test_what_nothing_pays_for_is_not_tried_at_every_bar(plan: PortfolioPlan) -> None:
    """B falls to 8: other has 32,000 of 92,000 and may use 36,800; its position has cost 40,000."""
    done = rebalanced((10, 10, 8, 8, 8, 8, 8, 8), 4000, plan)
    assert (own(done), journal(done), refused(done)) == ([], [], [])
    assert done.results["other"].blocked == 0


def test_a_shortage_is_topped_up_as_far_as_it_can_be_paid() -> None:
    """At 8 other lacks 13,600 of 37,600, and 7,600 of them are not used: 950. At 6 nothing is left of its 34,440."""
    done = rebalanced((10, 10, 8, 8, 8, 8, 6, 6, 6, 6), 3000, rebalancing(threshold="0.12"))
    assert own(done) == [(4, 950)]
    assert [one["bar_date"] for one in journal(done)] == ["2020-01-03"]
    assert refused(done) == []
