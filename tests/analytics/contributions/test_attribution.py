"""What strategies, frameworks, symbols and months gave: it adds up to the total exactly, whatever the portfolio."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrate import brinson_fachler
from orchestrate.analytics.contributions.gains import gains_of_symbols
from orchestrate.analytics.summary import summarise
from orchestrate.domain.instruments.instrument import Instrument
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.portfolio import Appointment, PortfolioPlan
from orchestrate.domain.results import RunResult
from tests.analytics.exposures import result_of_run
from tests.analytics.test_exposure_properties import stepped
from tests.engines.builders import market_of, series
from tests.orchestration.harness import Flags, HarnessRun, Part, fixed, run_harness
from tests.orchestration.instruments.plain_cases import case
from tests.orchestration.instruments.test_plain_books import run as run_case

EACH = ("strategies", "frameworks", "symbols", "months")


def require_sums(result: RunResult) -> dict[str, Any]:
    """Require that all parts add up to the return and to the risk, and that symbols do before they are rounded."""
    document: dict[str, Any] = summarise(replace(result, periods_per_year={"": 252.0}))
    metrics, found = document["portfolio"]["metrics"], document["attribution"]
    for name in EACH:
        assert math.fsum(found[name].values()) == metrics["total_return"], name
    initial = document["portfolio"]["initial_capital"]
    gained = math.fsum(gains_of_symbols(result).values())
    assert gained == pytest.approx(document["portfolio"]["final_equity"] - initial, abs=1e-6)
    require_gains(result, found["strategies"], initial)
    if metrics["volatility"] is not None:
        assert math.fsum(found["risk"].values()) == pytest.approx(metrics["volatility"], rel=1e-15)
        covariances(result, found["risk"])
    if found["equal_weights"] is not None:
        against = found["equal_weights"]
        effects = [
            *against["reserve"].values(),
            *(one for own in against["strategies"].values() for one in own.values()),
        ]
        assert math.fsum(effects) == pytest.approx(against["excess"], rel=1e-15, abs=1e-18)
        assert against["excess"] == metrics["total_return"] - against["total_return"]
    return document


def require_gains(result: RunResult, found: Mapping[str, float], initial: float) -> None:
    """Where one symbol is traded by one strategy alone, both gained the same, transfers left out."""
    gains = gains_of_symbols(result)
    for name, part in found.items():
        own = result.strategies[name]
        assert part * initial == pytest.approx(float(own.earned[-1]) - float(own.allocated), abs=1e-6)
        others = [symbol for one in result.strategies.values() if one.id != name for symbol in one.holdings]
        if len(own.holdings) == 1 and not {*own.holdings} & {*others}:
            assert part * initial == pytest.approx(gains[next(iter(own.holdings))], abs=1e-6)


def covariances(result: RunResult, found: Mapping[str, float]) -> None:
    """A strategy that gained nothing at any step has no part in the risk."""
    for name, part in found.items():
        if not result.strategies[name].exposed.any():
            assert part == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(25))
def test_random_portfolios_add_up(seed: int) -> None:
    """With a reserve, transfers, common accounts, margin calls and positions that stay open."""
    market, done, _ = stepped(seed, full=False)
    require_sums(result_of_run(market, done))


@pytest.mark.parametrize("seed", range(10))
def test_the_order_in_the_file_changes_no_digit(seed: int) -> None:
    market, done, _ = stepped(seed, full=False)
    result = replace(result_of_run(market, done), periods_per_year={"": 252.0})
    turned = replace(result, strategies=dict(reversed(result.strategies.items())))
    first, second = summarise(result), summarise(turned)
    for part in ("portfolio", "strategies", "frameworks", "attribution", "peaks"):
        assert first[part] == second[part], part


@pytest.mark.parametrize("seed", range(8))
def test_random_portfolios_in_several_currencies_add_up(seed: int) -> None:
    """Shares and futures, with borrow; futures convert each profit when it is made."""
    made = case(seed)
    fill: Any = ("next_open", "close")[seed % 2]
    result = result_of_run(made.market, run_case(made, fill, "backtrader", full=False))
    assert {"A", "B", "C"} <= {*require_sums(result)["attribution"]["symbols"]}


SHARE = Instrument("A", currency="EUR", fx="R", borrow=0.365)
PAIR = Instrument("A", currency="EUR", fx="R", asset_class="fx", margin_rate=0.1, multiplier=10.0, borrow=0.365)


def kept(instrument: Instrument) -> tuple[Market, HarnessRun]:
    """A short that stays when its strategy leaves after day 2, on to day 5, beside another strategy."""
    bars = [(10.0, 10.0), (10.0, 11.0), (12.0, 12.0), (13.0, 13.0), (9.0, 9.5)]
    rates = [(9.0, 1.1), (9.0, 1.2), (9.0, 1.25), (9.0, 1.3), (9.0, 1.5)]
    market = market_of(series("A", bars), series("B", bars), series("R", rates), A=instrument)
    parts = {
        "s": Part(Flags(short=[0]), symbols=("A",), sizing=fixed(10), pct=40),
        "t": Part(Flags([1], [3]), symbols=("B",), sizing=fixed(10), pct=40),
    }
    plan = PortfolioPlan(schedule=(Appointment("2020-01-03", "remove", "s", "keep"),))
    rules = ExecutionRules(commission=Commission(percent=0.1))
    return market, run_harness(market, parts, rules, capital=10_000, portfolio=plan)


@pytest.mark.parametrize("instrument", [SHARE, PAIR], ids=["share", "pair"])
def test_what_a_strategy_left_behind_is_part_of_its_symbol(instrument: Instrument) -> None:
    result = result_of_run(*kept(instrument))
    document = require_sums(result)
    found = document["attribution"]
    assert found["strategies"]["UNMANAGED"] != 0.0
    of_symbol = found["strategies"]["s"] + found["strategies"]["UNMANAGED"]
    assert found["symbols"]["A"] == pytest.approx(of_symbol, abs=1e-12)
    assert found["symbols"]["B"] == pytest.approx(found["strategies"]["t"], abs=1e-12)
    assert found["equal_weights"]["strategies"]["UNMANAGED"].keys() == {"allocation", "selection", "interaction"}


def test_by_hand(two_strategies: RunResult) -> None:
    """600 and 300 with a reserve of 100: the wave lost 11.94, the climber gained 15, all in January."""
    found: Any = summarise(two_strategies)["attribution"]
    assert found["strategies"] == pytest.approx({"wave": -0.01194, "climb": 0.015})
    assert found["frameworks"] == pytest.approx({"backtrader": -0.01194, "nautilus": 0.015})
    assert found["months"] == pytest.approx({"2020-01": 0.00306})
    against = found["equal_weights"]
    half_and_half = math.prod(1.0 + (wave + climb) / 2.0 for wave, climb in returns_of(two_strategies))
    assert against["total_return"] == pytest.approx(half_and_half - 1.0)
    assert against["strategies"]["wave"]["selection"] == against["strategies"]["climb"]["interaction"] == 0.0
    assert against["reserve"]["allocation"] != 0.0


def test_equal_weights_are_those_of_brinson_fachler(two_strategies: RunResult) -> None:
    """Three segments: both strategies and the reserve, which the benchmark does not hold."""
    found: Any = summarise(two_strategies)["attribution"]["equal_weights"]
    curves = np.array([*(two_strategies.strategies[name].equity for name in ("wave", "climb")), np.full(5, 100.0)]).T
    returns = curves[1:] / curves[:-1] - 1.0
    held = np.tile([0.5, 0.5, 0.0], (4, 1))
    effects = brinson_fachler(curves[:-1] / curves[:-1].sum(axis=1, keepdims=True), held, returns, returns)
    ours = [found["strategies"]["wave"], found["strategies"]["climb"], found["reserve"]]
    assert [one["allocation"] for one in ours] == pytest.approx(effects.allocation.tolist())
    assert found["excess"] == pytest.approx(effects.total)


def returns_of(result: RunResult) -> list[tuple[float, float]]:
    wave, climb = ([*result.strategies[name].equity] for name in ("wave", "climb"))
    return [(wave[at] / wave[at - 1] - 1.0, climb[at] / climb[at - 1] - 1.0) for at in range(1, len(wave))]


def test_equal_weights_have_nothing_above_themselves(result_of: Any, hand_made: Any) -> None:
    same = {name: hand_made([100.0, 110.0, 99.0, 105.0]) for name in "ab"}
    found = summarise(result_of(same))["attribution"]["equal_weights"]
    assert found["excess"] == pytest.approx(0.0, abs=1e-15)


def test_without_capital_of_its_own_there_are_no_equal_weights(result_of: Any, hand_made: Any) -> None:
    ruined = {"a": hand_made([100.0, -10.0, -5.0]), "b": hand_made([100.0, 110.0, 120.0])}
    document: Any = summarise(result_of(ruined))
    assert document["attribution"]["equal_weights"] is None
    message = "no value for attribution.equal_weights: a gained or lost without capital of its own"
    assert message in [finding["message"] for finding in document["findings"]]
    assert math.fsum(document["attribution"]["strategies"].values()) == document["portfolio"]["metrics"]["total_return"]


def test_without_a_bar_there_is_none(result_of: Any, hand_made: Any) -> None:
    document: Any = summarise(result_of({"a": hand_made([])}))
    assert document["attribution"] is None
    messages = [finding["message"] for finding in document["findings"]]
    assert "no value for attribution: there is no bar" in messages
