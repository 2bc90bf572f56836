"""The shipped strategies in options: on a synthetic chain and on real ones, on both engines, by their own rules."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from orchestrate import Fill
from orchestrate.domain.results import RunResult
from orchestrate.usecases.running.run import run
from orchestrate.wiring import load_class, read_plan, shipped

REAL = Path(__file__).parents[4] / "shared" / "data" / "options"
ENGINES = ("backtrader", "nautilus")
OPTIONS = sorted(name for name, one in shipped().items() if one.traits.get("asset_class") == "option")
DAILY = [name for name in OPTIONS if name != "OPTIONS_SCALPING"]
DAYS = """\
capital: 2000000
data:
  ALPHA: {{synthetic: {{bars: 130, seed: 7, start: "2018-01-01", volatility: 0.25}}}}
  AO: {{synthetic: {{underlying: ALPHA, seed: 3, rate: 0.02, strikes: 30, surface: {{level: 0.3}}}}}}
strategies:
{strategies}
"""
MINUTES = """\
capital: 100000
data:
  ALPHA: {{synthetic: {{bars: 1400, seed: 7, start: "2018-01-01", frequency: 1min, week: 7}}}}
  AO: {{synthetic: {{underlying: ALPHA, seed: 3, strikes: 12, expiries: 2}}}}
strategies:
  OPTIONS_SCALPING: {{framework: {engine}, allocation: 100, config: {{tick_resolution: 1ms, move: 0.0005}}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("options")


_RUNS: dict[str, RunResult] = {}


def run_of(folder: Path, text: str) -> RunResult:
    """The run of a configuration, made once."""
    if text not in _RUNS:
        path = folder / "portfolio.yaml"
        path.write_text(text, encoding="utf-8")
        resolution = read_plan(path)
        assert resolution.problems == ()
        assert resolution.plan is not None
        _RUNS[text] = run(resolution.plan)
    return _RUNS[text]


def daily(folder: Path, engine: str = "backtrader") -> RunResult:
    share = round(100 / len(DAILY), 1)
    lines = [f"  {name}: {{framework: {engine}, allocation: {share}}}" for name in DAILY]
    return run_of(folder, DAYS.format(strategies="\n".join(lines)))


def fills_of(result: RunResult, name: str) -> list[Fill]:
    return [record.fill for record in result.fills if record.fill.strategy_id == name]


def traded(result: RunResult, name: str) -> list[tuple[int, str, float, float]]:
    return [(fill.t, fill.symbol, fill.quantity, fill.price) for fill in fills_of(result, name)]


def opened(result: RunResult, name: str) -> list[list[Fill]]:
    """What was filled at each moment, without what settles."""
    steps: dict[int, list[Fill]] = defaultdict(list)
    for record in result.fills:
        if record.fill.strategy_id == name and record.reason != "settlement":
            steps[record.fill.t].append(record.fill)
    return list(steps.values())


def parts(fill: Fill) -> tuple[date, str, float]:
    """The day of expiry, the right and the strike of what was filled."""
    _, day, right, strike = fill.symbol.split()
    return date.fromisoformat(day), right, float(strike)


@pytest.mark.parametrize("name", DAILY)
def test_both_engines_make_the_same_fills(folder: Path, name: str) -> None:
    one, other = (daily(folder, engine) for engine in ENGINES)
    assert one.strategies[name].status == other.strategies[name].status == "completed"
    assert traded(one, name) == traded(other, name)
    assert len(traded(one, name)) >= 6


def test_scalping_makes_the_same_fills_on_both_engines_and_is_flat_by_evening(folder: Path) -> None:
    one, other = (run_of(folder, MINUTES.format(engine=engine)) for engine in ENGINES)
    assert traded(one, "OPTIONS_SCALPING") == traded(other, "OPTIONS_SCALPING")
    trades = one.strategies["OPTIONS_SCALPING"].trades
    assert len(trades) >= 4
    assert max(trade.exited - trade.entered for trade in trades) <= 15 * 60 * 10**9
    assert one.strategies["OPTIONS_SCALPING"].open_positions == ()


@pytest.mark.parametrize("name", ["CBOE_PUT", "CBOE_BXM", "CBOE_CNDR", "CBOE_BFLY"])
def test_index_strategies_hold_third_fridays_to_their_end(folder: Path, name: str) -> None:
    result = daily(folder)
    days = [parts(fill)[0] for step in opened(result, name) for fill in step if fill.symbol != "ALPHA"]
    assert {(day.weekday(), (day.day - 1) // 7) for day in days} == {(4, 2)}
    months = sorted({(day.year, day.month) for day in days})
    assert len(months) >= 5
    assert len(opened(result, name)) == len(months)


def test_puts_are_below_the_price_and_paid_for(folder: Path) -> None:
    for [fill] in opened(daily(folder), "CBOE_PUT"):
        _, right, strike = parts(fill)
        assert (right, fill.quantity < 0) == ("P", True)
        assert -fill.quantity * strike * 100 <= 240_000


def test_shares_are_bought_once_and_calls_sold_on_all_of_them(folder: Path) -> None:
    first, *later = opened(daily(folder), "CBOE_BXM")
    shares = {fill.symbol: fill.quantity for fill in first}.pop("ALPHA")
    assert [fill.quantity * 100 for step in (first, *later) for fill in step if fill.symbol != "ALPHA"] == [-shares] * (
        1 + len(later)
    )


@pytest.mark.parametrize("name", ["CBOE_CNDR", "CBOE_BFLY", "IRON_CONDOR"])
def test_wings_lie_outside_of_what_is_sold(folder: Path, name: str) -> None:
    for step in opened(daily(folder), name):
        if step[0].quantity < 0:
            continue  # it is closed
        low, put, call, high = (parts(fill)[2] for fill in step)
        assert low < put <= call < high
        assert (put == call) == (name == "CBOE_BFLY")
        assert len({abs(fill.quantity) for fill in step}) == 1


@pytest.mark.parametrize("name", ["CBOE_CNDR", "CBOE_BFLY"])
def test_a_month_loses_a_tenth_at_most(folder: Path, name: str) -> None:
    for step in opened(daily(folder), name):
        low, put, call, high = (parts(fill)[2] for fill in step)
        credit = -sum(fill.price * fill.quantity for fill in step)
        loss = max(put - low, high - call) * abs(step[0].quantity) - credit
        assert 0 < loss * 100 <= 0.1 * 300_000


def test_no_more_months_are_held_than_allowed_and_each_has_a_hedge(folder: Path) -> None:
    text = DAYS.format(
        strategies="  OPTIONS_MONTHLY_WEEKLY_HEDGE: {allocation: 100, config: {num_lots: 4, max_positions: 3}}"
    )
    held: dict[str, float] = defaultdict(float)
    most = 0.0
    fills = fills_of(run_of(folder, text), "OPTIONS_MONTHLY_WEEKLY_HEDGE")
    for place, fill in enumerate(fills):
        held[fill.symbol] += fill.quantity
        if place + 1 < len(fills) and fills[place + 1].t == fill.t:
            continue
        sold = -sum(quantity for symbol, quantity in held.items() if quantity < 0 and " P " in symbol)
        bought = sum(quantity for symbol, quantity in held.items() if quantity > 0 and " P " in symbol)
        assert sold <= 12
        assert bought <= sold
        most = max(most, sold)
    assert most == 12


@pytest.mark.parametrize(("name", "right"), [("BULL_CALL_SPREAD", "C"), ("BEAR_PUT_SPREAD", "P")])
def test_a_spread_buys_what_is_nearer_to_the_money(folder: Path, name: str, right: str) -> None:
    bought, sold = opened(daily(folder), name)[0]
    assert (bought.quantity, sold.quantity) == (1, -1)
    assert parts(bought)[:2] == parts(sold)[:2] == (parts(bought)[0], right)
    assert (parts(bought)[2] < parts(sold)[2]) == (right == "C")


@pytest.mark.parametrize("text", ["1", "ms", "0s", "1 s", "1d", ""])
def test_a_resolution_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="tick_resolution"):
        load_class(shipped()["OPTIONS_SCALPING"])(tick_resolution=text)


def test_a_time_of_day_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="flat_at"):
        load_class(shipped()["OPTIONS_SCALPING"])(flat_at="25:00")
