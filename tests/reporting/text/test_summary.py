"""The summary on a terminal: the right figures, and never a line that doesn't fit."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from orchestrate.analytics.summary import summarise
from orchestrate.domain.results import Finding
from orchestrate.reporting.text.summary import show
from tests.reporting.documents import document_of

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(run, width=80):
    file = io.StringIO()
    show(run, file=file, width=width)
    return file.getvalue()


class Terminal(io.StringIO):
    """A text stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


GOLDEN = """\
Run 20260101T000000Z-abcdef  degraded  exit code 1
  5 bars, 2020-01-01 … 2020-01-05, in 1.23 s

Portfolio
  initial        1,000.00   final      1,003.06   reserve           100.00
  return           +0.31%   CAGR        +32.18%   volatility       112.83%
  Sharpe             0.59   Sortino        1.01   Calmar              5.43
  max drawdown     -5.93%   win rate     80.00%   profit factor       1.99
  exposure         80.00%   trades            5   fees                0.00

Strategies
  id        framework  return Sharpe drawdown trades cut refused contrib.
  wave      backtrader -1.99%   0.00  -10.90%      3   0       1   -1.19%
  climb     nautilus   +5.00%  39.89    0.00%      2   0       1   +1.50%
  portfolio            +0.31%   0.59   -5.93%      5   0       2   +0.31%

Cuts and refusals
  12 demands: 0 cut, 2 refused
  reason   times     money  because
  capital      2  1,000.00  the strategy's capital does not pay for more

Failed
  climb  climber.py:7: ValueError: no such bar (2020-01-04)

Gates
  passed  trades >= 5.0  (is 5)
  FAILED  sharpe >= 3.0  (is 0.593035)

Findings
  warning  IBM: 2 rows were out of order and have been sorted
  info     strategies.climb: no value for sortino: no period lost money
  info     strategies.climb: no value for calmar: equity never fell
  info     strategies.climb: no value for profit_factor: no trade lost money

run      reports/20260101T000000Z-abcdef
journal  logs/backtest/orchestrate.jsonl
next     orchestrate report 20260101T000000Z-abcdef --traceback
"""


def test_the_whole_at_80_columns(one_failed):
    assert shown(document_of(one_failed)) == GOLDEN


@pytest.fixture
def crowded(result_of, hand_made):
    """Long ids, huge and tiny figures, nulls, many findings."""
    strategies = {
        "mean_reversion_on_futures_fast": hand_made([1e9, 5e9, 2e9, 9e10], [4e9, -3e9], "nautilus", fees=123456789.0),
        "mean_reversion_on_futures_slow": hand_made([1e9, 0.9e9, 0.1e9, 1e7], [-1e8], "backtrader"),
        "x": hand_made([1000.0] * 4, [], "backtrader"),
    }
    words = ("word", "term", "name")
    findings = tuple(
        Finding("info", f"SYMBOL{n}", f"{words[n % 3]} {words[n // 3 % 3]} {words[n // 9]} " * 10, n) for n in range(27)
    )
    error = Finding("error", "strategies.x", "looks ahead on IBM", 1)
    return result_of(strategies, reserve=5e8, findings=(*findings, error))


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_too_long_and_nothing_wraps_but_prose(crowded, width):
    text = shown(document_of(crowded), width)
    assert max(map(len, text.splitlines())) <= width
    table = text.split("Strategies\n")[1].split("\n\n")[0].splitlines()
    assert len(table) == 1 + 3 + 1 + 1
    assert all(row.rstrip().endswith(("%", "contrib.")) for row in table)


def test_long_ids_keep_both_ends_or_all_where_there_is_room(crowded):
    document = document_of(crowded)
    narrow, wide = shown(document, 80), shown(document, 120)
    assert "mean_reversion_on_futures_fast" in wide
    assert "mean_reversion_on_futures_slow" in wide
    table = narrow.split("Strategies\n")[1].split("\n\n")[0]
    assert "mean_reversion_on_futures_fast" not in table
    assert re.search(r"mean\w+…\w*fast", table)
    assert re.search(r"mean\w+…\w*slow", table)


def test_the_gravest_findings_come_first_and_the_rest_is_counted(crowded):
    text = shown(document_of(crowded)).split("Findings\n")[1]
    assert text.lstrip().startswith("error  strategies.x: looks ahead on IBM")
    rows = shown(document_of(crowded), 10_000).split("Findings\n")[1].split("\n\n")[0].splitlines()
    assert len(rows) == 12 + 1
    findings = summarise(crowded)["findings"]
    assert 12 < 12 + int(re.search(r"and (\d+) more \(-v shows all\)", text)[1]) <= len(findings)


def test_colour_changes_nothing_but_the_colour(one_failed, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    document = document_of(one_failed)
    terminal = Terminal()
    show(document, file=terminal, width=80)
    assert COLOUR.search(terminal.getvalue())
    plain = COLOUR.sub("", terminal.getvalue()).splitlines()
    assert [line.rstrip() for line in plain] == shown(document).splitlines()


def test_no_color_is_kept(one_failed, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    show(document_of(one_failed), file=terminal, width=80)
    assert "\x1b" not in terminal.getvalue()


def test_a_long_path_stays_one_line_to_copy(two_strategies):
    folder = "/" + "deep/" * 40 + "20260101T000000Z-abcdef"
    assert f"run      {folder}\n" in shown(document_of(two_strategies, folder=folder))


def test_a_run_without_a_bar(result_of, hand_made):
    result = replace(result_of({"a": hand_made([])}), status="interrupted")
    text = shown(document_of(result, exit_code=130))
    assert "interrupted  exit code 130\n  0 bars, no bar, in 1.23 s" in text
    assert re.search(r"Sharpe +– ", text)


def test_one_framework_needs_no_line_of_its_own(result_of, hand_made):
    text = shown(document_of(result_of({"a": hand_made([1.0, 2.0, 1.5]), "b": hand_made([1.0, 1.0, 1.0])})))
    assert "  all " not in text
    assert "Gates" not in text


def test_markup_in_messages_is_text(result_of, hand_made):
    result = result_of({"a": hand_made([1.0, 2.0, 1.5])}, findings=(Finding("info", "[red]", "a [/] b :smile:"),))
    assert "[red]: a [/] b :smile:" in shown(document_of(result))


def test_the_largest_exposure_is_one_line_and_none_where_nothing_was_held(two_strategies):
    document = document_of(two_strategies)
    assert "Exposure" not in shown(document)
    peak = {"value": 1234567.891, "label": "2020-01-04T23:59:59Z"}
    document["peaks"]["portfolio"] = {
        "gross": peak,
        "net": peak | {"value": 5.0},
        "gross_leverage": peak | {"value": 1.5},
    }
    line = "  at most 1,234,567.89 gross, 5.00 net, 1.50 × equity (2020-01-04T23:59:59Z)\n"
    assert f"\nExposure\n{line}" in shown(document)
    del document["peaks"]  # as stored by earlier versions
    assert "Exposure" not in shown(document)
