"""Runs of the shipped strategies on real data against arithmetic that knows nothing of `orchestrate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.results import RunResult
from tests.backtest.oracle import Outcome, Prices, Terms, buy_and_hold, momentum, read, rsi, simulate
from tests.backtest.plans import CENT, CONTRACTS, ENGINES, FILES, REAL, part, plan_of, real, run_plan

#: long runs of what short tests cover
pytestmark = pytest.mark.uncounted

D = Decimal
STOCK_FEE = {"fee_percent": D("0.1")}
SHARE_FEE = {"fee_per_share": D("0.005"), "fee_minimum": D(1)}
SPANS = {"EURUSD": ("2017-01-01", "2018-12-31")}

#: symbol, terms, percents: above 100 only where margin lets the book carry more than it has
CASES: list[tuple[str, Terms, Sequence[int]]] = [
    ("SPY", Terms(**STOCK_FEE, slip_percent=D("0.05")), (95, 100)),
    ("SPY", Terms(**SHARE_FEE, at_close=True, slip_ticks=D(1)), (95, 100)),
    ("SPY", Terms(**STOCK_FEE, lot=D("0.000001")), (95, 100)),
    ("AAPL", Terms(**SHARE_FEE, slip_ticks=D(2)), (95, 100)),
    ("CL", Terms(fee_per_share=D("2.5"), slip_ticks=D(1), margin=D("0.1")), (95, 1000)),
    ("EURUSD", Terms(fee_percent=D("0.002"), slip_percent=D("0.003")), (95, 100)),
    ("ZN", Terms(fee_percent=D("0.001"), slip_ticks=D(1), margin=D("0.1")), (95, 1000)),
    ("ZN", Terms(fee_per_share=D("1.5"), slip_percent=D("0.001"), margin=D("0.1"), at_close=True), (95, 100)),
]
TICKS = {"SPY": "0.0001", "AAPL": "0.0001", "CL": "0.01", "ZN": "0.015625", "EURUSD": "0.000001"}


def terms_of(symbol: str, terms: Terms) -> Terms:
    contract = CONTRACTS.get(symbol)
    return replace(
        terms,
        tick=D(TICKS[symbol]),
        multiplier=(contract and contract.multiplier) or D(1),
        pays_notional=contract is None,
    )


def rules_of(terms: Terms) -> ExecutionRules:
    return ExecutionRules(
        fill="close" if terms.at_close else "next_open",
        commission=Commission(float(terms.fee_percent), float(terms.fee_per_share), float(terms.fee_minimum)),
        slippage=Slippage(float(terms.slip_percent), float(terms.slip_ticks)),
        lots="integer" if terms.lot == 1 else "fractional",
    )


NAMES = {"hold": "BUY_AND_HOLD", "trend": "MOMENTUM", "rsi": "RSI"}
CONFIGS: dict[str, dict[str, object]] = {
    "hold": {},
    "trend": {"fast": 10, "slow": 30},
    "rsi": {"period": 14, "buy_below": 35.0, "sell_above": 65.0},
}


def flags(name: str, prices: Prices) -> tuple[list[bool], list[bool]]:
    if name == "hold":
        return buy_and_hold(prices.closes)
    if name == "trend":
        return momentum(prices.closes, 10, 30)
    return rsi(prices.closes, 14, 35.0, 65.0)


def check(result: RunResult, strategy_id: str, expected: Outcome) -> float:
    """Trade by trade, and equity bar by bar; how far the equity is off at most."""
    actual = result.strategies[strategy_id]
    trades = [(t.entered, t.exited, t.quantity, t.entry_price, t.exit_price, t.profit) for t in actual.trades]
    assert len(trades) == len(expected.trades)
    for mine, theirs in zip(trades, expected.trades, strict=True):
        assert mine[:2] == theirs[:2]
        assert mine[2:5] == pytest.approx([float(value) for value in theirs[2:5]], rel=1e-12, abs=1e-9)
        assert mine[5] == pytest.approx(float(theirs[5]), abs=CENT)
    off = np.abs(actual.equity - np.array([float(value) for value in expected.equity]))
    assert float(off.max()) <= CENT
    assert sum(record.fill.strategy_id == strategy_id for record in result.fills) == expected.fills
    return float(off.max())


@pytest.mark.parametrize(("symbol", "terms", "percents"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
@pytest.mark.parametrize("engine", ENGINES)
def test_trade_by_trade_and_bar_by_bar(engine: str, symbol: str, terms: Terms, percents: Sequence[int]) -> None:
    data = real(symbol)
    terms = terms_of(symbol, terms)
    first, last = SPANS.get(symbol, ("", "9999"))
    prices = read(REAL / FILES[symbol], first, last)
    names = [(name, percent) for name in NAMES for percent in percents]
    capital = D(2_000_000)
    parts = [
        part(f"{name}{percent}", NAMES[name], engine, percent=percent, weight=D(1) / len(names), **CONFIGS[name])
        for name, percent in names
    ]
    spans = {"start": first, "end": last} if first else {}
    result = run_plan(plan_of(parts, data, rules_of(terms), capital=capital * len(names), **spans), lookahead=False)
    assert result.labels.tolist() == prices.labels
    for name, percent in names:
        expected = simulate(prices, *flags(name, prices), replace(terms, percent=D(percent)), capital)
        check(result, f"{name}{percent}", expected)
        if percent == 100 and symbol in ("SPY", "AAPL") and name != "hold" and not terms.at_close:
            assert expected.cuts_at_open > len(expected.trades) / 3  # every second open is above the close
        if percent > 100 and name == "trend" and symbol == "CL":
            assert expected.cuts_at_open > 0
        if percent > 100 and name == "rsi":
            assert expected.calls > 2
    assert result.portfolio_equity == pytest.approx(sum(each.equity for each in result.strategies.values()), abs=1e-6)
