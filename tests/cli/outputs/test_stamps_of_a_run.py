"""Figures go by the stamps of what is traded, whatever else stands under `data`."""

from __future__ import annotations

import pytest

TRADED = """\
capital: 10000
data: {AAA: {synthetic: {bars: 60, seed: 7}}, BBB: {synthetic: {bars: 60, seed: 9}}}
strategies:
  one: {name: RSI, allocation: 60, symbols: [AAA], config: {period: 5}}
  two: {name: MOMENTUM, allocation: 40, symbols: [BBB], config: {fast: 2, slow: 5}}
"""
MORE = "extends: config.yaml\ndata: {ZZZ: {synthetic: {bars: 900, seed: 1, week: 7, start: 2009-06-01}}}\n"


@pytest.mark.parametrize("strategy", [None, "one"])
def test_data_that_is_not_traded_changes_no_figure(prompt, strategy):
    prompt.write("config.yaml", TRADED)
    prompt.write("more.yaml", MORE)
    alone = () if strategy is None else ("--set", "strategies.two.enabled=false")
    plain = prompt("backtest", "config.yaml", "--format", "json", *alone).document
    with_more = prompt("backtest", "more.yaml", "--format", "json", *alone).document
    assert with_more["bars"] > plain["bars"]
    for part in ("portfolio", "strategies", "frameworks", "correlation"):
        assert with_more[part] == plain[part]
    assert plain["portfolio"]["metrics"]["sharpe"] is not None
