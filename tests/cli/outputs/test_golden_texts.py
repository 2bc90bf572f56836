"""What `backtest` and `report` print, word for word: on terminals of two widths, and in a pipe.

`GOLDEN=write python -m pytest tests/cli/outputs/test_golden_texts.py` writes the files in `golden/` anew; look at them.
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
#: What differs from run to run.
CHANGING = ((r"\d{8}T\d{6}Z-[0-9a-f]{6}", "20260101T000000Z-abcdef"), (r", in \d+\.\d\d s\n", ", in 1.00 s\n"))
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


class Terminal(io.StringIO):
    """A standard output that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def printed(prompt, monkeypatch):
    """What a command prints on a terminal so wide, or in a pipe."""
    prompt.write("crowded.yaml", CROWDED.replace("SIZING", SIZING))
    monkeypatch.setenv("TERM", "xterm-256color")

    def of(where, *words):
        monkeypatch.setenv("COLUMNS", where.removeprefix("terminal-") if where != "pipe" else "33")
        if where == "pipe":
            text = prompt(*words).out
        else:
            terminal = Terminal()
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", terminal)
                prompt(*words)
            text = terminal.getvalue()
            assert COLOUR.search(text)
        text = COLOUR.sub("", text)
        for pattern, same in CHANGING:
            text = re.sub(pattern, same, text)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    return of


@pytest.mark.parametrize("where", ["terminal-80", "terminal-160", "pipe"])
def test_backtest_and_report_print_this(printed, where):
    text = printed(where, "backtest", "crowded.yaml", "--no-lookahead-check")
    path = GOLDEN / f"{where}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
    assert printed(where, "report", "latest") == text
    if where != "pipe":
        *lines, _run, _journal, _next = text.splitlines()
        assert max(map(len, lines)) <= int(where.removeprefix("terminal-"))
