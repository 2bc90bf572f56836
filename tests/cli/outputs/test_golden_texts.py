"""What `backtest` and `report` print, word for word: on terminals of two widths, and in a pipe."""

from __future__ import annotations

import pytest

from tests.cli.outputs.screens import hold, printed

SIZING = "{method: fixed, quantity: 5000}"
CROWDED = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 200, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 200, seed: 8, frequency: 1d}}
  LATE: {synthetic: {bars: 200, seed: 9, frequency: 1d, start: 2011-06-01}}
strategies:
  trend: {name: MOMENTUM, framework: backtrader, allocation: 30, symbols: [AAA, BBB], config: {fast: 3, slow: 8}}
  dips: {name: RSI, framework: nautilus, allocation: 30, symbols: [AAA, LATE], config: {period: 4}}
  greedy: {name: MOMENTUM, allocation: 20, symbols: [AAA], sizing: SIZING, config: {fast: 2, slow: 5}}
  quitter: {name: "broken.py:Quitter", allocation: 10, symbols: [BBB]}
  holder: {name: BUY_AND_HOLD, allocation: 10, symbols: [BBB]}
benchmark: AAA
execution: {commission: {percent: 0.1}}
gates: {max_drawdown: ">= -0.5", strategies.dips.trades: ">= 100"}
"""


@pytest.mark.parametrize("width", [80, 160, None])
def test_backtest_and_report_print_this(prompt, monkeypatch, width):
    prompt.write("crowded.yaml", CROWDED.replace("SIZING", SIZING))
    text = printed(prompt, monkeypatch, width, "backtest", "crowded.yaml", "--no-lookahead-check")
    hold(f"terminal-{width}.txt" if width else "pipe.txt", text)
    assert printed(prompt, monkeypatch, width, "report", "latest") == text
    if width:
        *lines, _run, _journal, _next = text.splitlines()
        assert max(map(len, lines)) <= width
