"""What a rebalance does where something stands in its way; the market and the numbers are those of the golden runs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrate.domain.events import SignalResizedEvent, StrategyConflictDetectedEvent
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.orders.order import Reason
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.strategies.protocols import Context, Signal
from orchestrate.orchestration.loop.cross_framework import CrossFrameworkOrchestrator
from orchestrate.orchestration.risk.limits.sizes import MaxPositionPct
from tests.engines.builders import series
from tests.orchestration.harness import AT_CLOSE, Flags, Part, Scripted, fixed
from tests.orchestration.loop.rebalancing.rebalances import dated, journal, line, rebalancing, run, trades, walk
from tests.orchestration.loop.rebalancing.test_golden_rebalances import MONTH, WEDNESDAY, pair, stage


def own(done: Any) -> list[tuple[int, str, float]]:
    """(bar, strategy, quantity) of the trades of rebalances."""
    return [(trade[0], trade[1], trade[3]) for trade in trades(done) if trade[-1]]


@pytest.mark.parametrize("full", [(), ("in_memory",)], ids=["jumping", "dense"])
def test_it_waits_for_the_bar_at_which_its_trims_fill(full: tuple[str, ...]) -> None:
    """A has no bar on 2 and 3 February; meanwhile `still` would be beyond the threshold, and nothing starts."""
    a = [(40, 40), (40, 40), (40, 50), (50, 50), (50, 50), (50, 50)]
    b = [(30, 30)] * 4 + [(30, 38), (38, 38), (38, 38), (38, 38)]
    gap = dated(series("A", a, days=[0, 1, 2, 3, 6, 7], start=WEDNESDAY), series("B", b, start=WEDNESDAY))
    done = run(gap, pair(), rebalancing("month", "0.06"), full=full)
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 60_000, "still": 48_000}, {"up": 55_000, "still": 52_000}, 10_000, 11_000)
    ]
    assert own(done) == [(6, "up", -83), (7, "still", 83)]  # 4,000 of 48,000


def test_a_position_that_an_order_closes_is_not_trimmed() -> None:
    """`up` leaves at the open of bar 4 by itself: its 60,000 are in cash, of which the excess goes."""
    done = run(stage(), pair() | {"up": Part(Flags(long=[0], out=[3]), ("A",), 50, fixed(1000))}, MONTH)
    assert own(done) == [(5, "still", 100)]
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_a_position_that_an_order_closes_is_not_enlarged() -> None:
    """`still` leaves at bar 4, where it receives 4,000; that its order is on its way is known."""
    done = run(stage(), pair() | {"still": Part(Flags(long=[0], out=[4]), ("B",), 40, fixed(1000))}, MONTH)
    assert own(done) == [(4, "up", -83)]
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_an_exit_takes_what_the_trim_leaves() -> None:
    """At closes, `up` decides at bar 4 to leave while the trim of bar 3 waits for that very close."""
    parts = pair() | {"up": Part(Flags(long=[0], out=[4]), ("A",), 50, fixed(1000))}
    done = run(stage((40, 50, 50, 50, 50, 50)), parts, MONTH, AT_CLOSE)
    assert [trade[3] for trade in trades(done) if trade[1] == "up"] == [1000, -83, -917]
    assert journal(done)[0]["after"] == {"up": 55_000, "still": 44_000}


def test_an_ended_series_is_not_traded() -> None:
    """A's last bar is bar 3, at which the rebalance is decided: of the excess goes what is in cash, 2,000."""
    a = [(40, 40), (40, 40), (40, 50), (50, 50)]
    ended = dated(series("A", a, start=WEDNESDAY), series("B", [(30.0, 30.0)] * 7, start=WEDNESDAY))
    done = run(ended, pair(up=1200), MONTH)
    assert own(done) == [(5, "still", 40)]
    assert journal(done)[0]["after"] == {"up": 60_000, "still": 41_600}
    assert journal(done)[0]["reserve"] == {"before": 10_000, "after": 10_400}


def _fail(_context: Context) -> None:
    raise RuntimeError("no more")


def test_a_failed_strategy_takes_no_part() -> None:
    """`third` fails at bar 2, flat, with 10,000; of 110,000 the others' targets are 55,000 and 44,000, no reserve."""
    parts = pair() | {"third": Part(Scripted({2: _fail}), ("B",), 10)}
    done = run(stage(), parts, MONTH)
    [line] = journal(done)
    assert line["before"]["third"] == line["after"]["third"] == 10_000
    assert line["after"] == {"up": 56_000, "still": 44_000, "third": 10_000}  # 1,000 have nobody to go to


def test_a_strategy_that_fails_on_the_way_gets_nothing() -> None:
    parts = pair() | {"third": Part(Scripted({4: _fail}), ("B",), 10)}
    done = run(stage(), parts, MONTH)
    [line] = journal(done)
    assert line["after"] == {"up": 56_000, "still": 44_000, "third": 10_000}
    assert own(done) == [(4, "up", -83), (5, "still", 100)]


def test_nobody_gives_what_its_open_orders_are_to_cost() -> None:
    """58,000 of 108,000: 4,000 too much. 55 A sold make 20,750 in cash, of which 600 B are to cost 18,000."""
    wants = {0: [Signal.enter("A", quantity=800)], 4: [Signal.enter("B", quantity=600)]}
    done = run(stage(), pair() | {"up": Part(Scripted(wants), ("A", "B"), 50)}, MONTH)
    assert own(done) == [(4, "up", -55), (5, "still", 55)]
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 58_000, "still": 40_000}, {"up": 55_250, "still": 42_200}, 10_000, 10_550)
    ]
    assert (5, "up", "B", 600, 30, False) in trades(done)


def test_losers_get_from_the_others_and_the_reserve() -> None:
    """A at 30: `up` 40,000 of 90,000, `still` 40,000; 4,000 come from `still`, 1,000 from the reserve."""
    done = run(stage((40, 40, 30, 30, 30, 30)), pair(), MONTH)
    assert own(done) == [(4, "still", -100), (5, "up", 125)]
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 40_000, "still": 40_000}, {"up": 45_000, "still": 36_000}, 10_000, 9_000)
    ]


def test_a_top_up_is_cut_to_what_can_be_paid() -> None:
    """`still` is fully invested and B opens at 33 at bar 5: 4,000 pay for 121 of 133."""
    b = [(30, 30)] * 5 + [(33, 33), (33, 33)]
    gap = dated(stage((40, 40, 50, 50, 50, 50, 50)).series["A"], series("B", b, start=WEDNESDAY))
    done = run(gap, pair(still=1333), MONTH)
    assert own(done) == [(4, "up", -83), (5, "still", 121)]
    assert [event.decision.reason for event in done.of(SignalResizedEvent)] == [Reason.OPEN_GAP]


def test_a_top_up_obeys_limits_and_a_trim_does_not() -> None:
    """B at 36: `still` has 78 % of its 46,400 in B, and may have 76 %. `up` has 83 %, and may have 81 %."""
    b = [(30, 30)] * 3 + [(30, 36), (36, 36), (36, 36)]
    prices = dated(stage((40, 40, 50, 50, 50, 50)).series["A"], series("B", b, start=WEDNESDAY))
    most = {"up": 81.0, "still": 76.0}
    parts = {
        name: replace(part, limits={"max_position_pct": MaxPositionPct(most[name])}) for name, part in pair().items()
    }
    done = run(prices, parts, MONTH)
    assert own(done) == [(4, "up", -33)]
    assert journal(done)[0]["after"] == {"up": 58_000, "still": 46_400}
    assert done.reasons("still")[-1] == ("rejected", "limit", 0)


def test_top_ups_of_one_symbol_are_no_conflict() -> None:
    parts = pair() | {"too": Part(Flags(long=[1]), ("B",), 10, fixed(200))}
    done = run(stage(), parts, MONTH)
    assert own(done) == [(4, "up", -83), (5, "still", 100), (5, "too", 20)]
    assert done.of(StrategyConflictDetectedEvent) == []


def test_on_margin_the_margin_stays() -> None:
    """10 contracts of 100 × 40 at a tenth: at 60 they have gained 20,000, of which none is in cash; 6,000 are held."""
    future = Instrument("A", multiplier=100.0, margin_rate=0.1, asset_class="future")
    plain = stage((40, 40, 60, 60, 60, 60))
    on_margin = dated(*plain.series.values(), A=future)
    done = run(on_margin, pair(up=10), MONTH)
    # 70,000 of 120,000: 10,000 too much, a seventh of 10
    assert own(done) == [(4, "up", -1), (5, "still", 200)]
    assert journal(done)[0]["after"] == {"up": 60_000, "still": 48_000}


def test_what_is_too_coarse_to_be_trimmed_stays_and_is_not_journalled() -> None:
    """One A for all that `up` has; a twelfth of it is no lot, and there is no cash to move."""
    prices = stage((50_000, 50_000, 60_000, 60_000, 60_000, 60_000))
    done = run(prices, pair(up=1), rebalancing("day", "0.01"))
    assert trades(done)[1:] == [(1, "up", "A", 1, 50_000, False)]
    assert journal(done) == []


# ---- at once


SCHEDULED = PortfolioPlan(schedule=(Appointment("2020-02-01", "allocation"),))


def _at_once(orchestrator: CrossFrameworkOrchestrator) -> None:
    rebalancer = orchestrator.session.portfolio.rebalancer
    assert rebalancer is not None
    rebalancer.rebalance_now("schedule", {"up": Decimal("0.22")})


def test_new_targets_at_once() -> None:
    """Of 110,000 `up` is to have 24,200, not 60,000; `still` keeps its 40 %, the rest is reserve."""
    done = walk(stage(), pair(), SCHEDULED, {3: _at_once})
    assert journal(done) == [
        line("schedule", "2020-02-01", {"up": 60_000, "still": 40_000}, {"up": 24_200, "still": 44_000}, 10_000, 41_800)
    ]
    assert own(done) == [(4, "up", -596), (5, "still", 100)]


def test_a_request_waits_for_the_rebalance_under_way() -> None:
    done = walk(stage((40, 40, 50, 50, 50, 50, 50, 50)), pair(), MONTH, {4: _at_once})
    assert [(line["why"], line["bar_date"]) for line in journal(done)] == [
        ("month", "2020-02-01"),
        ("schedule", "2020-02-02"),
    ]
    assert journal(done)[1]["after"] == {"up": 24_200, "still": 44_000}


def test_all_may_be_taken_from_a_strategy() -> None:
    done = walk(
        stage(),
        pair(),
        SCHEDULED,
        {3: lambda o: o.session.portfolio.rebalancer.rebalance_now("schedule", {"up": Decimal(0)})},  # type: ignore[union-attr]
    )
    assert own(done) == [(4, "up", -1000), (5, "still", 100)]
    assert journal(done)[0]["after"] == {"up": 0, "still": 44_000}


# ---- pooled


def test_pooled_only_trims_and_top_ups() -> None:
    """A at 70: exposures 70,000 and 30,000 of 130,000; targets 65,000 and 52,000. Nobody's money moves."""
    done = run(stage((40, 40, 70, 70, 70, 70)), pair(), MONTH, pooled=True)
    assert own(done) == [(4, "up", -71), (5, "still", 733)]
    assert journal(done) == [
        line("month", "2020-02-01", {"up": 80_000, "still": 40_000}, {"up": 80_000, "still": 40_000}, 10_000, 10_000)
    ]
    assert done.results["up"].transfers is None


def test_pooled_the_flat_are_not_off_their_target() -> None:
    parts = pair(up=1200) | {"still": Part(Flags(), ("B",), 40)}
    assert journal(run(stage(), parts, rebalancing(threshold="0.2"), pooled=True)) == []


def test_pooled_by_threshold_jumping_and_dense() -> None:
    """At 50 the exposure of 60,000 is 53.6 % of 112,000; at 60 72,000 are 58.1 % of 124,000."""
    prices = stage((40, 40, 50, 50, 60, 60, 60, 60))
    plan = rebalancing(threshold="0.08", top_up=False)
    parts = {
        "up": Part(Flags(long=[0]), ("A",), 50, fixed(1200)),
        "still": Part(Flags(long=[0]), ("B",), 30, fixed(1000)),
    }
    ways = [run(prices, parts, plan, pooled=True, full=full) for full in ((), ("in_memory",))]
    assert own(ways[0]) == own(ways[1]) == [(5, "up", -166)]
    assert journal(ways[0]) == journal(ways[1])
    assert [line["bar_date"] for line in journal(ways[0])] == ["2020-02-02"]


def test_orders_of_a_rebalance_say_so() -> None:
    done = run(stage(), pair(), MONTH)
    fills = {(record.fill.order_id, record.closing, record.reason) for record in done.orchestrator.fills}
    assert ("up-2", True, Reason.REBALANCE) in fills
    assert ("still-2", False, Reason.REBALANCE) in fills
