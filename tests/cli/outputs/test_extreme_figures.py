"""Figures at the edge of what can be written, all the way to both engines: a stored run, or a message and code 2 or 3.

Never a traceback, a warning of Python's, code 4, or a strategy that fails for what the configuration says.
"""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.whole_runs import whole_runs

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

UNCHECKED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
PRICES = ["1e-30", "1e-9", "1e-8", "0.00001234", "0.5", "99.99", "123456.789", "1e9", "1e12"]
MONEY = ["1e-30", "0.004", "0.01", "1", "99999.99", "1e9", "1e12"]
FACTORS = ["0.000001", "0.001", "3.3333333333", "1000000"]
COSTS = ["0", "1e-30", "0.1", "99.999999"]
#: Beyond every bound, or of no use anywhere; and where that can stand.
ABSURD = ["0", "-1", "1e13", "1e26", "1e30", "'1'", "true", "null", "[]"]
PLACES = [
    *(
        "capital",
        "periods_per_year",
        "start",
        "data.A.synthetic.price",
        "data.A.adjust.splits",
        "strategy.sizing.percent",
    ),
    *("instruments.A.multiplier", "instruments.A.tick_size", "instruments.A.margin_rate", "instruments.A.precision"),
    *(
        "execution.commission.percent",
        "execution.commission.minimum",
        "execution.slippage.ticks",
        "data.A.max_unpacked",
    ),
]
drawn = st.sampled_from


def mapping(**entries: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Any of the entries, as YAML in one line."""
    some = st.fixed_dictionaries({}, optional=entries)
    return some.map(lambda chosen: "{" + ", ".join(f"{key}: {value}" for key, value in chosen.items()) + "}")


SYNTHETIC = mapping(
    bars=st.sampled_from(["2", "40"]),
    price=drawn(PRICES),
    decimals=st.sampled_from("0258"),
    volatility=st.sampled_from(["0", "1e-30", "5"]),
    drift=st.sampled_from(["-5", "5"]),
    gaps=st.sampled_from(["0.5", "0.9"]),
    tails=st.just("0.5"),
    frequency=st.sampled_from(["1s", "1min", "1h", "1d"]),
    start=st.sampled_from(["1700-01-01", "1969-12-30", "2010-01-04", "2200-01-01"]),
)
INSTRUMENT = mapping(
    multiplier=drawn(FACTORS),
    tick_size=drawn(["1e-8", "0.25", "1", "1e12"]),
    precision=st.sampled_from("08"),
    margin_rate=drawn(["0.000001", "0.1", "1"]),
    asset_class=st.sampled_from(["equity", "future", "fx", "crypto"]),
)
COMMISSION = st.one_of(mapping(percent=drawn(COSTS)), mapping(per_share=drawn(MONEY), minimum=drawn(MONEY)))
SLIPPAGE = st.one_of(mapping(percent=drawn(COSTS)), mapping(ticks=drawn(["0", "1e-30", "1", "1000000"])))
EXECUTION = mapping(
    fill=st.sampled_from(["next_open", "close"]),
    lots=st.sampled_from(["integer", "fractional"]),
    commission=COMMISSION,
    slippage=SLIPPAGE,
)
SIZING = st.one_of(
    drawn(["1e-30", "0.01", "100"]).map("{{method: percent, percent: {}}}".format),
    drawn(MONEY[2:]).map("{{method: fixed, quantity: {}}}".format),
    drawn(MONEY).map("{{method: notional, amount: {}}}".format),
)
ENTRY = mapping(
    allow_negative=st.just("true"),
    frequency=st.sampled_from(["1s", "1h", "99999d"]),
    stamp=st.just("end"),
    adjust=mapping(splits=drawn(FACTORS).map(lambda ratio: f"{{2010-01-14: {ratio}}}")),
)


@st.composite
def csv_texts(draw: st.DrawFn) -> str:
    """Rows at any scale and frequency, with gaps, leaps, and a volume that may be anything."""
    price, step = float(draw(st.sampled_from(PRICES))), draw(st.sampled_from([1, 60, 3600, 86_400, 7 * 86_400]))
    moves = draw(
        st.lists(st.sampled_from([1.0, 1.0, 1.1, 0.9, 1.5, 0.5, 1000.0, 0.001, -1.0]), min_size=2, max_size=40)
    )
    missing = draw(st.sets(st.integers(1, 38), max_size=8))
    odd_volume = draw(st.sampled_from(["0", "-5", "0.5", "1e-300", "1e17", "1e18", "1e308"]))
    start = datetime.fromisoformat(draw(st.sampled_from(["1905-01-02", "1969-12-31", "2010-01-04", "2200-01-01"])))
    rows = ["timestamp,open,high,low,close,volume"]
    for place, move in enumerate(moves):
        then = price * move
        if place not in missing:
            stamp = (start + timedelta(seconds=place * step)).isoformat()
            volume = odd_volume if place == 20 else "100"
            rows.append(f"{stamp},{price!r},{max(price, then)!r},{min(price, then)!r},{then!r},{volume}")
        price = then
    return "\n".join(rows) + "\n"


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """A configuration, the bars that it may name, and at times something absurd laid over it."""
    framework = draw(st.sampled_from(["backtrader", "nautilus"]))
    strategy = draw(
        st.sampled_from(["{name: MOMENTUM, config: {fast: 1, slow: 3}", "{name: BUY_AND_HOLD", "{name: TURTLE"])
    )
    parts = {
        "strategy": f"{strategy}, framework: {framework}, sizing: {draw(SIZING)}}}",
        "capital": draw(drawn(MONEY)),
        "instruments": f"{{A: {draw(INSTRUMENT)}}}",
        "execution": draw(EXECUTION),
    }
    if draw(st.booleans()):
        parts["data"] = f"{{A: {{synthetic: {draw(SYNTHETIC)}}}}}"
    else:
        entry = draw(ENTRY)
        parts["data"] = "{A: {path: bars.csv" + (f", {entry[1:-1]}" if len(entry) > 2 else "") + "}}"
    more = {"periods_per_year": drawn(["1", "252.5", "1e9"]), "gates": st.just("{sharpe: '>= -1e300'}")}
    more["frameworks"] = st.just(f"{{{framework}: {{feed: full}}}}")
    more["end"] = st.sampled_from(["2010-02-01", "9999-12-31", "0001-01-01"])
    parts |= draw(st.fixed_dictionaries({}, optional=more))
    text = "".join(f"{key}: {value}\n" for key, value in parts.items())
    absurd = st.builds("--set={}={}".format, drawn(PLACES), drawn(ABSURD))
    return text, draw(csv_texts()), draw(st.one_of(*[st.just([])] * 5, absurd.map(lambda one: [one])))


def check(prompt: Any, configuration: tuple[str, str, list[str]]) -> None:
    """The promise of this file."""
    text, bars, overrides = configuration
    prompt.write("c.yaml", text)
    prompt.write("bars.csv", bars)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = prompt("backtest", "c.yaml", "--format", "json", "--no-cache", *overrides)
    assert done.code in (0, 1, 2, 3), done.err
    assert "Traceback" not in done.err
    if done.code in (2, 3):
        assert done.err.strip()
        assert done.document["errors"] or done.document["findings"]
        assert all(error["line"] or error["file"].startswith("--set") for error in done.document["errors"])
    else:
        assert [one["error"] for one in done.document["strategies"].values()] == [None]


@pytest.mark.parametrize("feed", ["on_demand", "full"])
def test_what_an_engine_cannot_count_is_unusable_data(prompt, feed: str) -> None:
    text = "strategy: BUY_AND_HOLD\ncapital: 1e12\ndata: {A: {synthetic: {bars: 9, price: 1e-8, decimals: 8}}}\n"
    prompt.write("c.yaml", text)
    assert prompt("backtest", "c.yaml").code == 0
    done = prompt(
        "backtest", "c.yaml", "--set", "strategy.framework=nautilus", "--set", f"frameworks.nautilus.feed={feed}"
    )
    assert done.code == 3
    assert done.err.startswith("BUY_AND_HOLD-1: a figure is beyond what nautilus can count")
    assert "hint: run it on another framework" in done.err


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("capital: 1e26", "1:10: capital.total must be at most 1000000000000, not 1E+26"),
        ("data: {A: {synthetic: {price: 1e30}}}", "1:31: data.A.synthetic: price must be at most 1e+12, not 1e+30"),
        ("instruments: {A: {tick_size: 1e-9}}", "1:30: instruments.A.tick_size must be at least 0.00000001, not 1E-9"),
        ("instruments: {A: {multiplier: 1e9}}", "1:31: instruments.A.multiplier must be at most 1000000, not 1E+9"),
    ],
)
def test_a_bound_is_reported_at_its_place(prompt, written: str, message: str) -> None:
    prompt.write("c.yaml", written + "\nstrategy: RSI\n")
    done = prompt("validate", "c.yaml")
    assert done.code == 2
    assert f"c.yaml:{message}" in done.out


@pytest.mark.uncounted  # long runs of what short tests cover
@whole_runs(40, suppress_health_check=UNCHECKED)
@given(configurations())
def test_extreme_figures(prompt, configuration: tuple[str, str, list[str]]) -> None:
    check(prompt, configuration)
