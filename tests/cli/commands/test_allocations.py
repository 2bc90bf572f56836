"""Runs whose weights are estimated from the bars before their start, by a method or by a user's function."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from orchestrate.analytics.weights import formulas
from orchestrate.domain.market.timeline import Floats

LOOKBACK = 30
BARS, START = 120, 60
DAYS = [str(day) for day in np.datetime64("2024-01-01") + np.arange(BARS)]
CONFIG = f"""\
capital: 90000
start: {DAYS[START]}
data: {{A: {{path: A.csv}}, B: {{path: B.csv}}, C: {{path: C.csv}}}}
strategies:
  waves: {{name: MOMENTUM, framework: FRAMEWORK, symbols: [A], config: {{fast: 2, slow: 5}}}}
  calm:  {{name: BUY_AND_HOLD, framework: FRAMEWORK, symbols: [B]}}
  both:  {{name: BUY_AND_HOLD, framework: FRAMEWORK, symbols: [C, A]}}
portfolio: {{allocation: {{method: METHOD, lookback: {LOOKBACK}}}}}
"""


def config(method: str, framework: str = "backtrader") -> str:
    return CONFIG.replace("METHOD", method).replace("FRAMEWORK", framework)


def closes() -> dict[str, Floats]:
    """Three walks, of which A and C go together."""
    steps = np.random.default_rng(4).normal(size=(3, BARS)) * [[0.02], [0.01], [0.005]]
    steps[2] += 0.4 * steps[0]
    return {symbol: np.round(100 * np.exp(np.cumsum(walk)), 2) for symbol, walk in zip("ABC", steps, strict=True)}


def write_bars(prompt: Any, prices: dict[str, Floats]) -> None:
    for symbol, column in prices.items():
        rows = (f"{day},{price},{price},{price},{price},1000\n" for day, price in zip(DAYS, column, strict=True))
        prompt.write(f"{symbol}.csv", "timestamp,open,high,low,close,volume\n" + "".join(rows))


@pytest.fixture
def bars(prompt: Any) -> dict[str, Floats]:
    """The closes that are in the folder."""
    prices = closes()
    write_bars(prompt, prices)
    return prices


@pytest.fixture
def run(prompt: Any) -> Callable[..., dict[str, Any]]:
    """Run a configuration and return its document."""

    def call(text: str, *words: str) -> dict[str, Any]:
        prompt.write("plan.yaml", text)
        done = prompt("backtest", "plan.yaml", "--format", "json", *words)
        assert done.code == 0, done.err
        return dict(done.document)

    return call


def capitals(document: dict[str, Any]) -> dict[str, float]:
    return {name: one["allocated_capital"] for name, one in document["strategies"].items()}


def returns_before_start(bars: dict[str, Floats]) -> Floats:
    """The last `LOOKBACK` bars before the start, as returns; `both` has the mean of two symbols."""
    simple = {
        symbol: np.diff(p[START - LOOKBACK : START]) / p[START - LOOKBACK : START - 1] for symbol, p in bars.items()
    }
    return np.column_stack([simple["A"], simple["B"], (simple["C"] + simple["A"]) / 2])


@pytest.mark.parametrize("framework", ["backtrader", "nautilus"])
@pytest.mark.parametrize("method", ["inverse_volatility", "risk_parity", "hrp"])
def test_capital_is_split_by_the_returns_before_start(
    prompt: Any, run: Any, bars: dict[str, Floats], method: str, framework: str
) -> None:
    result = run(config(method, framework))
    assert result["bars"] == BARS - START
    assert sum(map(round, (100 * capital for capital in capitals(result).values()))) == 9_000_000
    returns, order = returns_before_start(bars), [2, 1, 0]  # in the order of ids, which decides how hrp halves three
    expected = 90_000 * getattr(formulas, method)(returns[:, order])[order]
    assert list(capitals(result).values()) == pytest.approx(expected, abs=0.02)
    (stored,) = prompt.runs
    plan = json.loads((stored / "plan.json").read_text())
    assert plan["allocation"] == {"method": method, "lookback": LOOKBACK, "every": None}
    weights = {strategy["id"]: strategy["weight"] for strategy in plan["strategies"]}
    assert [line["weights"] for line in prompt.journal if line["event"] == "orchestrator.backtest_started"] == [weights]
    assert [90_000 * weight for weight in weights.values()] == pytest.approx(list(capitals(result).values()), abs=0.01)


def test_inverse_volatility_by_hand(run: Any, bars: dict[str, Floats]) -> None:
    inverse = 1 / returns_before_start(bars).std(axis=0, ddof=1)
    result = run(config("inverse_volatility"))
    assert list(capitals(result).values()) == pytest.approx(list(90_000 * inverse / inverse.sum()), abs=0.02)


def test_returns_of_a_foreign_symbol_have_those_of_its_rate(run: Any, bars: dict[str, Floats]) -> None:
    """B is quoted in the currency that C rates."""
    returns = returns_before_start(bars | {"B": bars["B"] * bars["C"]})
    inverse = 1 / returns.std(axis=0, ddof=1)
    result = run("instruments: {B: {currency: EUR, fx: C}}\n" + config("inverse_volatility"))
    assert list(capitals(result).values()) == pytest.approx(list(90_000 * inverse / inverse.sum()), abs=0.02)


def test_only_the_bars_of_the_lookback_are_looked_at(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    before = capitals(run(config("risk_parity")))
    far = np.r_[np.zeros(START - LOOKBACK), np.ones(LOOKBACK), np.full(BARS - START, 3.0)]
    write_bars(
        prompt, {symbol: np.where(far == 1.0, prices, 50 + np.arange(BARS) % 7) for symbol, prices in bars.items()}
    )
    assert capitals(run(config("risk_parity"))) == before
    near = np.where(np.arange(BARS) == START - 2, bars["B"] * 1.5, bars["B"])
    write_bars(prompt, bars | {"B": near})
    assert capitals(run(config("risk_parity"))) != before


def test_the_run_is_that_of_the_same_weights_written(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    estimated = run(config("hrp"))
    plan = json.loads((prompt.runs[0] / "plan.json").read_text())
    text = config("custom").replace(f", lookback: {LOOKBACK}", "")
    words = [f"strategies.{one['id']}.allocation={100 * one['weight']:.10f}" for one in plan["strategies"]]
    written = run(text, *(part for word in words for part in ("--set", word)))
    for name in ("strategies", "portfolio", "correlation", "bars", "start", "data_hash"):
        assert estimated[name] == written[name]


def test_a_short_form_and_the_key_beside_it(run: Any, bars: dict[str, Floats]) -> None:
    long = config("risk_parity")
    short = long.replace(
        f"{{allocation: {{method: risk_parity, lookback: {LOOKBACK}}}}}",
        f"{{allocation: risk_parity, lookback: {LOOKBACK}}}",
    )
    assert "allocation: risk_parity, lookback" in short
    assert capitals(run(short)) == capitals(run(long))


# ---- where there is nothing to estimate from


def findings(document: dict[str, Any]) -> list[str]:
    return [one["message"] for one in document["findings"] if one["where"] == "portfolio.allocation"]


def test_too_few_bars_are_equal_weights_and_a_finding(run: Any, bars: dict[str, Floats]) -> None:
    result = run(config("risk_parity"), "--set", "portfolio.allocation.lookback=61")
    assert set(capitals(result).values()) == {30_000}
    message = "risk_parity looks at 61 bars before start, and all strategies have 60 in common: equal weights"
    assert findings(result) == [message]
    exact = run(config("risk_parity"), "--set", "portfolio.allocation.lookback=60")
    assert len(set(capitals(exact).values())) == 3
    assert findings(exact) == []


def test_bars_that_not_all_have_are_no_bars(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    lines = (prompt.folder / "B.csv").read_text().splitlines(keepends=True)
    prompt.write("B.csv", "".join(lines[:1] + lines[START - 9 :]))
    message = "hrp looks at 30 bars before start, and all strategies have 10 in common: equal weights"
    assert findings(run(config("hrp"))) == [message]


def test_without_start_weights_are_equal(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    text = config("hrp").replace("start:", "end:")
    result = run(text)
    assert set(capitals(result).values()) == {30_000}
    message = "hrp looks at the bars before 'start', which is not given: equal weights"
    assert findings(result) == [message]
    shown = prompt("validate", "plan.yaml").out
    assert message in shown
    assert shown.count("33.33 %") == 3


def test_prices_that_stand_still_are_equal_weights(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    flat = np.where(np.arange(BARS) < START, 40.0, bars["B"])
    write_bars(prompt, bars | {"B": flat})
    result = run(config("inverse_volatility"))
    assert set(capitals(result).values()) == {30_000}
    assert findings(result) == ["inverse_volatility: the returns of calm do not vary: equal weights"]


def test_nobody_gets_less_than_a_cent(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    quiet = np.where(np.arange(BARS) < START, 1e6 + np.arange(BARS) % 2 * 1e-2, bars["B"])
    write_bars(prompt, bars | {"B": quiet})
    result = run(config("inverse_volatility"), "--set", "capital=10000")
    assert findings(result) == ["inverse_volatility: waves, both would get less than a cent: equal weights"]


def test_a_single_strategy_has_everything(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    text = f"strategy: BUY_AND_HOLD\ncapital: 1000\ndata: {{A: {{path: A.csv}}}}\nstart: {DAYS[60]}\n"
    assert capitals(run(text + "portfolio: {allocation: hrp}\n")) == {"BUY_AND_HOLD": 1000}


def test_a_resampled_symbol_counts_as_its_source(run: Any, bars: dict[str, Floats]) -> None:
    plain = run(config("risk_parity"))
    text = config("risk_parity").replace("C: {path: C.csv}", "C: {path: C.csv}, W: {resample: {of: B, to: 7d}}")
    both = run(text.replace("symbols: [B]", "symbols: [B, W]"))
    assert capitals(both) == capitals(plain)


def test_data_that_cannot_be_read_is_journalled_without_weights(prompt: Any, bars: dict[str, Floats]) -> None:
    prompt.write("B.csv", "timestamp,open\n")
    prompt.write("plan.yaml", config("risk_parity"))
    assert prompt("backtest", "plan.yaml").code == 3
    events = [line["event"] for line in prompt.journal]
    assert events == [
        "backtest_started",
        "orchestrator.backtest_started",
        "backtest_failed",
        "orchestrator.backtest_failed",
    ]
    assert prompt.journal[1]["weights"] is None


# ---- a user's function

FUNCTIONS = '''\
"""Ways to split the capital."""

import time


def by_need(returns, strategies):
    print("asked about", strategies, returns.shape, returns.index[-1].date())
    assert list(returns.columns) == strategies
    return {"waves": 0.25, "calm": 0.125, "both": returns["both"].count() / 58}


def raises(returns, strategies):
    return divided(returns)


def divided(returns):
    return 1 / (len(returns) - 29)


def leaves(returns, strategies):
    raise SystemExit(0)


def hangs(returns, strategies):
    while True:
        time.sleep(0.01)


def forgets(returns, strategies):
    return {"waves": 0.25, "both": 0.25}


def answers(returns, strategies):
    return {"waves": ANSWER, "calm": 0.5, "both": 0.5}


def too_little(returns, strategies):
    return {"waves": 0, "calm": 0.5, "both": 0.5}


def takes_one(returns):
    return {}


def interrupts(returns, strategies):
    raise KeyboardInterrupt


NUMBER = 3
'''


def test_a_function_gives_the_weights(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    prompt.write("mine.py", FUNCTIONS)
    result = run(config("mine.py:by_need"))
    assert capitals(result) == {"waves": 22_500, "calm": 11_250, "both": 45_000}
    assert result["portfolio"]["reserve"] == 11_250
    done = prompt("backtest", "plan.yaml", "-q")
    assert f"asked about ['waves', 'calm', 'both'] (29, 3) {DAYS[START - 1]}" in done.err


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raises", "mine.py:17:5: portfolio.allocation: raises failed: ZeroDivisionError: division by zero"),
        ("leaves", "mine.py:21:5: portfolio.allocation: leaves failed: SystemExit: 0"),
        (
            "hangs",
            "mine.py:26:9: portfolio.allocation: hangs failed: StrategyTimeout: "
            "no answer within 0.2 seconds (execution.strategy_timeout)",
        ),
        ("forgets", "mine.py:29:1: portfolio.allocation: forgets: no weight for calm"),
        ("answers", "mine.py:33:1: portfolio.allocation: answers: the weight of waves is -1.0, expected 0 or more"),
        ("too_little", "mine.py:37:1: portfolio.allocation: too_little: waves would get less than a cent"),
        (
            "takes_one",
            "mine.py:41:1: portfolio.allocation: takes_one failed: TypeError: "
            "takes_one() takes 1 positional argument but 2 were given",
        ),
        ("interrupts", "mine.py:46:5: portfolio.allocation: interrupts failed: KeyboardInterrupt"),
        ("NUMBER", "mine.py: portfolio.allocation: NUMBER failed: TypeError: NUMBER is no function once loaded"),
    ],
)
def test_a_function_that_fails_ends_the_run_before_any_bar(
    prompt: Any, bars: dict[str, Floats], function: str, message: str
) -> None:
    prompt.write("mine.py", FUNCTIONS.replace("ANSWER", "-1.0"))
    prompt.write("plan.yaml", config(f"mine.py:{function}") + "execution: {strategy_timeout: 0.2}\n")
    done = prompt("backtest", "plan.yaml", "--format", "json")
    assert done.code == 2
    assert done.err.startswith(message + "\n")
    assert [error["message"] for error in done.document["errors"]] == [message.partition(": ")[2]]
    assert (prompt.runs, prompt.journal) == ([], [])


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("float('nan')", "the weight of waves is NaN, expected 0 or more"),
        ("'much'", "the weight of waves is no number, but str"),
        ("0.01", "weights add up to 1.01, more than 1"),
    ],
)
def test_weights_that_cannot_be(prompt: Any, bars: dict[str, Floats], answer: str, wrong: str) -> None:
    prompt.write("mine.py", FUNCTIONS.replace("ANSWER", answer))
    prompt.write("plan.yaml", config("mine.py:answers"))
    done = prompt("backtest", "plan.yaml")
    assert (done.code, done.err.partition("\n")[0]) == (2, f"mine.py:33:1: portfolio.allocation: answers: {wrong}")


def test_a_file_that_fails_as_it_is_loaded(prompt: Any, bars: dict[str, Floats]) -> None:
    prompt.write("mine.py", "import helper_that_is_not_there\n\n\ndef weights(returns, strategies): ...\n")
    prompt.write("plan.yaml", config("mine.py:weights"))
    done = prompt("backtest", "plan.yaml")
    wrong = "ModuleNotFoundError: No module named 'helper_that_is_not_there'"
    assert done.err.startswith(f"mine.py:1:1: portfolio.allocation: weights failed: {wrong}\n")
    assert done.code == 2


def test_a_function_is_not_called_on_too_few_bars(prompt: Any, run: Any, bars: dict[str, Floats]) -> None:
    prompt.write("mine.py", FUNCTIONS)
    result = run(config("mine.py:raises"), "--set", "portfolio.allocation.lookback=100")
    assert set(capitals(result).values()) == {30_000}


def test_validate_does_not_run_a_function(prompt: Any, bars: dict[str, Floats]) -> None:
    prompt.write("mine.py", "raise RuntimeError\n\n\ndef weights(returns, strategies): ...\n")
    prompt.write("plan.yaml", config("mine.py:weights"))
    done = prompt("validate", "plan.yaml")
    assert done.code == 0
    assert "mine.py:weights  of 30 bars" in done.out
