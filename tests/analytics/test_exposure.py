"""Exposure of runs that can be checked on paper: closes rise from 10 by 1 a bar, orders fill at the next open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrate.analytics.exposure import Extremes, groups
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.results import RunResult
from orchestrate.domain.strategies.protocols import Signal
from tests.analytics.exposures import figures_of, result_of_run, rows_of
from tests.engines.builders import market_of, series
from tests.engines.conformance.in_memory import InMemoryAdapter
from tests.orchestration.harness import PLAIN, Flags, Part, Scripted, fixed, run_harness
from tests.orchestration.loop.test_lifecycle import day
from tests.orchestration.one_symbol import RISING, one

FUTURE = Instrument("A", multiplier=10.0, margin_rate=0.1, asset_class="future")
LONG, SHORT = Flags([0], [3]), Flags(short=[0], cover=[3])


def run(
    parts: Mapping[str, Part], market: Market | None = None, rules: ExecutionRules = PLAIN, **how: Any
) -> RunResult:
    stage = market or one(RISING[:6])
    return result_of_run(stage, run_harness(stage, parts, rules, **{"capital": 1_000, **how}))


def part(strategy: object, quantity: int = 5, pct: int = 100, **more: Any) -> Part:
    return Part(strategy, pct=pct, sizing=fixed(quantity), **more)


def test_a_long_uses_its_cost_and_is_worth_its_close() -> None:
    """5 bought at 11, sold at 14: a profit of 15. The order reserves 5 × 10, the close it was decided at."""
    result = run({"s": part(LONG)})
    expected = [
        (0, 0.0, 0.0, 0.0, 50.0, 950.0, 0.0, 0.0),
        (1, 55.0, 55.0, 55.0, 0.0, 945.0, 55.0, 0.0),
        (2, 60.0, 60.0, 55.0, 0.0, 945.0, 60.0, 0.0),
        (3, 65.0, 65.0, 55.0, 0.0, 945.0, 65.0, 0.0),
        (4, 0.0, 0.0, 0.0, 0.0, 1015.0, 0.0, 0.0),
    ]
    assert rows_of(result, "strategy", "s") == expected
    for scope, name in (("portfolio", ""), ("framework", "in_memory"), ("symbol", "A")):
        assert rows_of(result, scope, name) == expected


def test_a_short_holds_back_its_margin_and_an_open_loss() -> None:
    """5 sold at 11: at 12 its equity is 995, of which 60 are held back; maintenance is 0.3 of the worth."""
    assert rows_of(run({"s": part(SHORT)}), "strategy", "s") == [
        (0, 0.0, 0.0, 0.0, 50.0, 950.0, 0.0, 0.0),
        (1, 55.0, -55.0, 55.0, 0.0, 945.0, 55.0, 16.5),
        (2, 60.0, -60.0, 55.0, 0.0, 935.0, 60.0, 18.0),
        (3, 65.0, -65.0, 55.0, 0.0, 925.0, 65.0, 19.5),
        (4, 0.0, 0.0, 0.0, 0.0, 985.0, 0.0, 0.0),
    ]


def test_a_future_uses_its_margin() -> None:
    """2 of 10 units each at 11: 22 are held for 220; an open profit can't be spent before it is realised."""
    result = run({"s": part(LONG, 2)}, market_of(series("A", RISING[:6]), A=FUTURE))
    assert [tuple(round(figure, 9) for figure in row) for row in rows_of(result, "strategy", "s")] == [
        (0, 0.0, 0.0, 0.0, 20.0, 980.0, 0.0, 0.0),
        (1, 220.0, 220.0, 22.0, 0.0, 978.0, 22.0, 17.6),
        (2, 240.0, 240.0, 22.0, 0.0, 978.0, 24.0, 19.2),
        (3, 260.0, 260.0, 22.0, 0.0, 978.0, 26.0, 20.8),
        (4, 0.0, 0.0, 0.0, 0.0, 1060.0, 0.0, 0.0),
    ]


def test_opposite_positions_in_one_symbol_add_up_and_offset() -> None:
    """5 long on one engine and 3 short on another; half of the capital each, the profits 15 and −9."""
    adapters = {"one": InMemoryAdapter(), "two": InMemoryAdapter()}
    parts = {"s": part(LONG, pct=50, framework="one"), "t": part(SHORT, 3, 50, framework="two")}
    result = run(parts, adapters=adapters)
    for scope, name in (("portfolio", ""), ("symbol", "A")):
        assert [tuple(round(figure, 9) for figure in row) for row in rows_of(result, scope, name)] == [
            (0, 0.0, 0.0, 0.0, 80.0, 920.0, 0.0, 0.0),
            (1, 88.0, 22.0, 88.0, 0.0, 912.0, 88.0, 9.9),
            (2, 96.0, 24.0, 88.0, 0.0, 906.0, 96.0, 10.8),
            (3, 104.0, 26.0, 88.0, 0.0, 900.0, 104.0, 11.7),
            (4, 0.0, 0.0, 0.0, 0.0, 1006.0, 0.0, 0.0),
        ]
    assert [row[:3] for row in rows_of(result, "framework", "two")[1:4]] == [
        (1, 33.0, -33.0),
        (2, 36.0, -36.0),
        (3, 39.0, -39.0),
    ]
    assert [(group.scope, group.id) for group in groups(result)] == [
        ("portfolio", "portfolio"),
        ("strategy", "s"),
        ("strategy", "t"),
        ("framework", "one"),
        ("framework", "two"),
        ("symbol", "A"),
    ]


def test_of_a_pool_each_may_spend_its_room_and_all_together_what_is_free() -> None:
    """Rooms are 60 % and 40 % of 1,000, then of what it is worth; `t` does nothing, a profit raises its room."""
    result = run({"s": part(LONG, pct=60), "t": part(Flags(), pct=40)}, pooled=True)
    assert figures_of(result, "strategy", "s").available.tolist() == [550.0, 545.0, 548.0, 551.0, 609.0, 609.0]
    assert figures_of(result, "strategy", "t").available.tolist() == [400.0, 400.0, 402.0, 404.0, 406.0, 406.0]
    assert figures_of(result, "portfolio").available.tolist() == [950.0, 945.0, 945.0, 945.0, 1015.0, 1015.0]
    assert [row[0] for row in rows_of(result, "strategy", "t")] == [0, 2, 3, 4]


def test_a_new_share_of_a_pool_counts_from_the_step_before_it() -> None:
    """At the opens of bars 2 and 4 `t` is removed and `u`, which waited, gets its 30 %."""
    schedule = (Appointment(day(2), "remove", "t"), Appointment(day(4), "add", "u"))
    parts = {name: part(Flags(), pct=pct) for name, pct in (("s", 20), ("t", 50), ("u", 30))}
    result = run(parts, pooled=True, portfolio=PortfolioPlan(schedule=schedule), full=["in_memory"])
    assert figures_of(result, "strategy", "s").available.tolist() == [200.0] * 6
    assert figures_of(result, "strategy", "t").available.tolist() == [500.0, *[0.0] * 5]
    assert figures_of(result, "strategy", "u").available.tolist()[3:] == [300.0] * 3


def test_a_reserve_waits_over_a_gap_of_its_symbol() -> None:
    """A has no bar on days 1 and 2, B has; the order for A reserves 5 × 10 until it fills on day 3."""
    market = market_of(series("A", [(10.0, 10.0), (12.0, 12.0)], days=[0, 3]), series("B", [(7.0, 7.0)] * 5))
    strategy = Scripted({0: [Signal.enter("A")]})
    result = run({"s": part(strategy, symbols=("A", "B"))}, market)
    assert rows_of(result, "strategy", "s") == [
        (0, 0.0, 0.0, 0.0, 50.0, 950.0, 0.0, 0.0),
        (3, 60.0, 60.0, 60.0, 0.0, 940.0, 60.0, 0.0),
    ]
    assert [(group.scope, group.id) for group in groups(result)][-1] == ("symbol", "A")


def test_a_resting_order_reserves_until_it_is_changed_filled_or_cancelled() -> None:
    """A limit at 8 for 5, raised to 9, then cancelled; a stop at 15.5 that fills at 16; the fee of 1 is held, too."""
    script = {
        0: [Signal.enter("A", limit=8.0, tag="low")],
        2: [Signal.replace("low", limit=9.0)],
        3: [Signal.cancel("low")],
        4: [Signal.enter("A", stop=15.5)],
    }
    result = run({"s": part(Scripted(script))}, one(RISING), ExecutionRules(commission=Commission(minimum=1.0)))
    assert figures_of(result, "portfolio").reserved.tolist() == [41.0, 41.0, 46.0, 0.0, 78.5, 78.5, 0.0, 0.0]
    assert figures_of(result, "portfolio").used.tolist() == [0.0] * 6 + [80.0] * 2


def test_kept_positions_stay_in_the_exposure_of_their_framework() -> None:
    """`s` is removed before bar 3 with its 5; the step before still is its own."""
    schedule = (Appointment(day(3), "remove", "s", "keep"),)
    result = run({"s": part(Flags([0]))}, portfolio=PortfolioPlan(schedule=schedule))
    assert figures_of(result, "strategy", "s").gross.tolist() == [0.0, 55.0, 60.0, 0.0, 0.0, 0.0]
    assert figures_of(result, "strategy", "UNMANAGED").gross.tolist() == [0.0, 0.0, 0.0, 65.0, 70.0, 75.0]
    assert figures_of(result, "strategy", "UNMANAGED").used.tolist() == [0.0] * 3 + [55.0] * 3
    for scope, name in (("portfolio", ""), ("framework", "in_memory"), ("symbol", "A")):
        assert figures_of(result, scope, name).gross.tolist() == [0.0, 55.0, 60.0, 65.0, 70.0, 75.0]
    assert not figures_of(result, "strategy", "UNMANAGED").available.any()
    assert not figures_of(result, "portfolio").available[2:].any()
    assert Extremes(result).peaks["strategies"]["UNMANAGED"]["gross"] == {"value": 75.0, "label": day(5)}


def test_peaks_have_the_label_of_their_first_bar() -> None:
    """Closes of the long: 55 of 1,000, 60 of 1,005, 65 of 1,010; the short is 3 of it."""
    adapters = {"one": InMemoryAdapter(), "two": InMemoryAdapter()}
    parts = {"s": part(LONG, pct=50, framework="one"), "t": part(SHORT, 3, 40, framework="two")}
    found: Any = Extremes(run(parts, adapters=adapters)).peaks
    assert list(found) == ["portfolio", "strategies", "frameworks", "symbols"]
    assert found["portfolio"] == {
        "gross": {"value": 104.0, "label": day(3)},
        "net": {"value": 26.0, "label": day(3)},
        "gross_leverage": {"value": pytest.approx(104 / 1004), "label": day(3)},
        "net_leverage": {"value": pytest.approx(26 / 1004), "label": day(3)},
    }
    assert found["symbols"] == {"A": found["portfolio"]}
    assert found["strategies"]["t"]["net"] == {"value": 39.0, "label": day(3)}
    assert found["strategies"]["t"]["gross_leverage"]["value"] == pytest.approx(39 / 394)
    assert found["frameworks"]["two"]["gross_leverage"]["value"] == pytest.approx(39 / 1004)


def test_without_positions_a_peak_is_zero_and_has_no_label() -> None:
    nothing = {"value": 0.0, "label": None}
    found: Any = Extremes(run({"s": part(Flags())})).peaks
    assert found["portfolio"] == dict.fromkeys(("gross", "net", "gross_leverage", "net_leverage"), nothing)
    assert found["symbols"] == {}


def test_a_leverage_of_no_equity_is_no_peak() -> None:
    result = run({"s": part(LONG)})
    lost = replace(result.strategies["s"], equity=np.full(6, -1.0))
    found: Any = Extremes(replace(result, strategies={"s": lost})).peaks
    assert found["strategies"]["s"]["gross_leverage"] == {"value": 0.0, "label": None}
    assert found["strategies"]["s"]["gross"]["value"] == 65.0


def test_idle_cash_is_the_mean_share_that_no_position_held() -> None:
    """5 bought at 11 for 1,000: nothing held at the first close, then 55, 60 and 65, nothing after the exit at 14."""
    found = Extremes(run({"s": part(LONG)}))
    shares = [1.0, 1 - 55 / 1000, 1 - 60 / 1005, 1 - 65 / 1010, 1.0, 1.0]
    for scope, name in (("portfolio", "portfolio"), ("framework", "in_memory"), ("strategy", "s")):
        assert found.idle(scope, name) == pytest.approx(sum(shares) / 6)  # type: ignore[arg-type]


def test_a_future_leaves_idle_what_its_margin_does_not_take() -> None:
    """2 of 10 units each at 11: 22, 24 and 26 are held, and each rise by 1 earns 20."""
    found = Extremes(run({"s": part(LONG, 2)}, market_of(series("A", RISING[:6]), A=FUTURE)))
    shares = [1.0, 1 - 22 / 1000, 1 - 24 / 1020, 1 - 26 / 1040, 1.0, 1.0]
    assert found.idle("strategy", "s") == pytest.approx(sum(shares) / 6)


def test_idle_cash_is_of_the_equity_of_each() -> None:
    """Two with half of the capital each: one holds 55, 60 and 65 of its 500, the other nothing."""
    found = Extremes(run({"s": part(LONG, pct=50), "t": part(Scripted({}), pct=50)}))
    own = [1.0, 1 - 55 / 500, 1 - 60 / 505, 1 - 65 / 510, 1.0, 1.0]
    whole = [1.0, 1 - 55 / 1000, 1 - 60 / 1005, 1 - 65 / 1010, 1.0, 1.0]
    assert found.idle("strategy", "s") == pytest.approx(sum(own) / 6)
    assert found.idle("strategy", "t") == 1.0
    assert found.idle("portfolio", "portfolio") == pytest.approx(sum(whole) / 6)


def test_more_than_all_held_is_no_cash_below_zero_and_no_equity_no_share() -> None:
    result = run({"s": part(LONG)})
    strategy = result.strategies["s"]
    poor = replace(result, strategies={"s": replace(strategy, equity=np.array([10.0, 10, 10, -5, 0, 20]))})
    assert Extremes(poor).idle("strategy", "s") == pytest.approx((1 + 0 + 0 + 1) / 4)
    ruined = replace(result, strategies={"s": replace(strategy, equity=np.zeros(6))})
    assert Extremes(ruined).idle("strategy", "s") is None
