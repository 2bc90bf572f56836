"""Five shapes, one plan."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from orchestrate.config.resolve import Resolution
from orchestrate.domain.plan import Gate, RunPlan, Sizing

Read = Callable[..., Resolution]
DATA = "data: {IBM: IBM.csv, DEMO: {synthetic: {seed: 7}}}\n"


def plan_of(resolution: Resolution) -> RunPlan:
    """The plan, or everything that is wrong as a failed test."""
    assert resolution.plan is not None, "\n".join(str(problem) for problem in resolution.mistakes)
    assert not resolution.mistakes
    return resolution.plan


def test_shape_1_a_name_and_its_parameters(read: Read) -> None:
    plan = plan_of(read(DATA + "strategy: MOMENTUM\nconfig: {fast: 10}\ncapital: 5000\n"))
    (strategy,) = plan.strategies
    assert plan.mode == "single"
    assert (strategy.id, strategy.name, strategy.weight) == ("MOMENTUM", "MOMENTUM", Decimal(1))
    assert strategy.config == {"fast": 10, "slow": 50}
    assert strategy.symbols == ("IBM", "DEMO")
    assert strategy.framework == "backtrader"
    assert plan.capital.total == 5000


def test_shape_2_one_strategy_in_full(read: Read) -> None:
    text = (
        "mode: single\nstrategy:\n  name: RSI\n  framework: nautilus\n  allocation: 100\n  config: {buy_below: 25.5}\n"
    )
    plan = plan_of(read(DATA + text))
    (strategy,) = plan.strategies
    assert (plan.mode, strategy.id, strategy.framework) == ("single", "RSI", "nautilus")
    assert strategy.config == {"period": 14, "buy_below": 25.5, "sell_above": 70.0}


def test_shape_3_names_as_keys(read: Read) -> None:
    text = """
strategies:
  MOMENTUM: {enabled: true, allocation_pct: 60, config: {fast: 5, slow: 9}}
  RSI: {enabled: true, allocation_pct: 30}
  BUY_AND_HOLD: {enabled: false, allocation_pct: 70}
"""
    plan = plan_of(read(DATA + text))
    assert plan.mode == "multi"
    assert [(s.id, s.name, s.weight) for s in plan.strategies] == [
        ("MOMENTUM", "MOMENTUM", Decimal("0.6")),
        ("RSI", "RSI", Decimal("0.3")),
    ]


def test_shape_4_ids_of_ones_own(read: Read) -> None:
    text = """
mode: multi
strategies:
  slow_trend: {name: MOMENTUM, framework: nautilus, allocation: 33.3, symbol: DEMO, priority: 2, depends_on: [dip]}
  dip: {name: RSI, allocation: 12.25, symbols: [DEMO, IBM], sizing: {method: fixed, quantity: 10}}
"""
    trend, dip = plan_of(read(DATA + text)).strategies
    assert (trend.id, trend.name, trend.framework, trend.symbols) == ("slow_trend", "MOMENTUM", "nautilus", ("DEMO",))
    assert (trend.priority, trend.depends_on, trend.weight) == (2, ("dip",), Decimal("0.333"))
    assert (dip.symbols, dip.sizing, dip.weight) == (("DEMO", "IBM"), Sizing("fixed", Decimal(10)), Decimal("0.1225"))


def test_shape_5_the_live_runners_file(read: Read) -> None:
    text = """
global: {default_balance: 10000}
strategies:
  - {name: a, strategy: THRESHOLD, symbol: IBM, model_path: m/a.pt, enabled: true, threshold: 0.65}
  - {name: b, strategy: THRESHOLD, symbol: DEMO, enabled: true}
  - {name: c, strategy: BUY_AND_HOLD, symbol: IBM}
  - {name: d, strategy: THRESHOLD, symbol: IBM, enabled: false}
"""
    plan = plan_of(read(DATA + text))
    assert (plan.mode, plan.allocation.method, plan.capital.total) == ("multi", "equal", 30000)
    assert [(s.id, s.symbols) for s in plan.strategies] == [("a", ("IBM",)), ("b", ("DEMO",)), ("c", ("IBM",))]
    assert plan.strategies[0].config == {"threshold": 0.65, "model_path": "m/a.pt"}
    assert sum(s.weight for s in plan.strategies) == 1
    assert {round(s.weight * plan.capital.total, 2) for s in plan.strategies} == {Decimal("10000.00")}


def test_one_strategy_under_strategies_is_multi(read: Read) -> None:
    assert plan_of(read(DATA + "strategies: {RSI: {allocation: 100}}\n")).mode == "multi"


def test_an_entry_may_be_empty(read: Read) -> None:
    plan = plan_of(read(DATA + "portfolio: {allocation: equal}\nstrategies:\n  RSI:\n  MOMENTUM:\n  BUY_AND_HOLD:\n"))
    assert [s.id for s in plan.strategies] == ["RSI", "MOMENTUM", "BUY_AND_HOLD"]
    assert sum(s.weight for s in plan.strategies) == 1
    assert {s.weight.quantize(Decimal("1e-9")) for s in plan.strategies} == {Decimal("0.333333333")}


def test_allocations_are_exact(read: Read) -> None:
    text = DATA + "strategies:\n" + "".join(f"  s{i}: {{name: RSI, allocation: 0.1}}\n" for i in range(3))
    assert sum(s.weight for s in plan_of(read(text)).strategies) == Decimal("0.003")


@pytest.mark.parametrize("figures", [(60, 60), (100, 100, 100), (33.3, 99.9, 70), (250, 1)])
def test_normalised_allocations_add_up_to_one(read: Read, figures: tuple[float, ...]) -> None:
    rows = "".join(f"  s{i}: {{name: RSI, allocation: {figure}}}\n" for i, figure in enumerate(figures))
    resolution = read(DATA + "portfolio: {over_100: normalize}\nstrategies:\n" + rows)
    weights = [s.weight for s in plan_of(resolution).strategies]
    assert sum(weights) == 1
    for weight, figure in zip(weights, figures, strict=True):
        assert float(weight) == pytest.approx(figure / sum(figures), abs=1e-11)
    assert any(finding.where == "portfolio.over_100" for finding in resolution.findings)


def test_omitted_entries_are_reported(read: Read) -> None:
    resolution = read("strategy: RSI\n")
    plan = plan_of(resolution)
    assert plan.capital.total == 100000
    assert plan.strategies[0].symbols == ()
    assert [(f.severity, f.where) for f in resolution.findings] == [("warning", "data"), ("info", "capital")]


def test_resampled_series_are_no_symbols_to_trade(read: Read) -> None:
    text = DATA + "strategy: RSI\n"
    text = text.replace("DEMO:", "HOURLY: {resample: {of: IBM, to: 4h}}, DEMO:")
    assert plan_of(read(text)).strategies[0].symbols == ("IBM", "DEMO")


def test_the_rest_of_the_file(read: Read) -> None:
    text = """
start: 2010-01-01
end: 2020-12-31 15:30:00Z
periods_per_year: 252
strategy: RSI
instruments: {IBM: {tick_size: 0.05, multiplier: 10, margin_rate: 0.1, asset_class: future, currency: USD}}
execution:
  fill: close
  commission: {per_share: 0.005, minimum: 1.0}
  slippage: {ticks: 1}
  lots: fractional
  close_at_end: true
  strategy_timeout: 2.5
frameworks: {backtrader: {feed: full}, nautilus: {feed: full}}
gates: {sharpe: ">= 0.5", max_drawdown: ">= -0.40", strategies.RSI.trades: ">5"}
logging: {level: warning, path: out/log.jsonl, user: kim}
benchmark: IBM
"""
    plan = plan_of(read(DATA + text))
    assert (plan.start, plan.end, plan.periods_per_year, plan.benchmark) == (
        "2010-01-01",
        "2020-12-31 15:30:00Z",
        252.0,
        "IBM",
    )
    rules = plan.execution
    assert (rules.fill, rules.lots, rules.close_at_end, rules.strategy_timeout) == ("close", "fractional", True, 2.5)
    assert (rules.commission.per_share, rules.commission.minimum, rules.slippage.ticks) == (0.005, 1.0, 1.0)
    assert plan.frameworks == {"backtrader": {"feed": "full"}}
    assert plan.gates == (
        Gate("sharpe", ">=", 0.5),
        Gate("max_drawdown", ">=", -0.4),
        Gate("strategies.RSI.trades", ">", 5.0),
    )
    assert plan.instruments["IBM"].tick_size == Decimal("0.05")
    assert (plan.logging.path, plan.logging.level, plan.logging.user) == ("out/log.jsonl", "warning", "kim")


def test_tickers_stay_what_they_are(read: Read) -> None:
    text = "data: {NO: IBM.csv, ON: IBM.csv, 0123: IBM.csv, 12:30: IBM.csv, Y: IBM.csv, 1_0: IBM.csv}\nstrategy: RSI\n"
    assert plan_of(read(text)).strategies[0].symbols == ("NO", "ON", "0123", "12:30", "Y", "1_0")


def test_splits_by_date_or_from_a_file(read: Read) -> None:
    text = """
data:
  A: {path: IBM.csv, adjust: {splits: {2014-06-09: 7}}}
  B: {path: IBM.csv, adjust: {splits: IBM.csv, dividends: true}}
strategy: RSI
"""
    data = plan_of(read(text)).data
    assert data["A"].adjust is not None and data["A"].adjust.splits == (("2014-06-09", Decimal(7)),)
    assert data["B"].adjust is not None
    assert (data["B"].adjust.factors, data["B"].adjust.dividends) == ("IBM.csv", True)


def test_a_file_of_ones_own(read: Read) -> None:
    plan = plan_of(read(DATA + "strategy: mine/trend.py:Trend\nconfig: {n: 1.50}\n", files={"mine/trend.py": ""}))
    (strategy,) = plan.strategies
    assert (strategy.id, strategy.reference, strategy.config) == ("Trend", "mine/trend.py:Trend", {"n": 1.5})


def test_the_order_of_unrelated_keys_changes_nothing(read: Read) -> None:
    first = plan_of(read("capital: 5\nstrategy: RSI\n" + DATA))
    second = plan_of(read(DATA + "strategy: {name: RSI}\ncapital: {total: 5.0}\n"))
    assert first.hash == second.hash


def test_a_single_strategys_id_is_judged_where_the_strategy_is_known(read: Read) -> None:
    own = "class Größe:\n    def signals(self, bars): ...\n"
    (unknown,) = read(f"strategy: '1,000'\n{DATA}").mistakes
    assert unknown.message == "strategy: Unknown strategy: 1,000"
    (odd,) = read(f"strategy: own.py:Größe\n{DATA}", files={"own.py": own}).mistakes
    assert (odd.message, odd.column) == ("'Größe' can't be a strategy's id", 11)


def test_who_takes_the_place_of_another_may_have_as_much(read: Read) -> None:
    """Half each; one leaves and a third comes. Without the first change, three halves are too much."""
    rows = "".join(f"  {name}: {{name: MOMENTUM, allocation: 50}}\n" for name in "abc")
    leaves, comes = "{at: 2015-01-02, remove: b}", "{at: 2015-02-02, add: c}"
    text = DATA + "strategies:\n" + rows + "portfolio: {schedule: ["
    resolution = read(f"{text}{leaves}, {comes}]}}\n")
    assert resolution.plan is not None, resolution.problems
    assert [strategy.weight for strategy in resolution.plan.strategies] == [Decimal("0.5")] * 3
    [problem] = read(f"{text}{comes}]}}\n").problems
    assert "from 2015-02-02 on allocations add up to 150 percent" in problem.message


@pytest.mark.parametrize(
    ("entry", "execution", "lot"),
    [
        ("asset_class: crypto", "", "fractional"),
        ("asset_class: crypto", "execution: {lots: integer}", None),
        ("asset_class: crypto, lot: 0.01", "", Decimal("0.01")),
        ("asset_class: equity, lot: fractional", "", "fractional"),
        ("asset_class: equity", "", None),
    ],
)
def test_lots_are_of_the_symbol_then_the_run_then_the_class(
    read: Read, entry: str, execution: str, lot: object
) -> None:
    plan = plan_of(read(DATA + f"strategy: RSI\ninstruments: {{DEMO: {{{entry}}}}}\n{execution}\n"))
    assert plan.instruments["DEMO"].lot == lot
