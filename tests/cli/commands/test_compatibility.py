"""Compatibility from a file to the terminal: before a run, after it, and where the file requires a score."""

from __future__ import annotations

import json

import pytest

from orchestrate.orchestration.strategies.compatibility_rules import RULES, Evidence, Rule

TWINS = """\
capital: 100000
data:
  AAA: {synthetic: {bars: 250, seed: 7, frequency: 1d}}
  BBB: {synthetic: {bars: 250, seed: 8, frequency: 1d}}
portfolio:
  allocation: equal
  compatibility: {require: 60}
strategies:
  one: {name: MOMENTUM, symbols: [AAA], framework: backtrader, config: {fast: 3, slow: 8}}
  two: {name: MOMENTUM, symbols: [AAA], framework: nautilus, config: {fast: 3, slow: 8}}
  other: {name: "own.py:Falling", symbols: [BBB], framework: nautilus}
"""
OWN = """\
class Falling:
    side = "short"
    traits = {"style": "reversion", "horizon": "days", "leverage": 1, "data_needs": ["close"]}

    def should_enter(self, bars):
        return len(bars) % 9 == 3

    def should_exit(self, position, bars):
        return len(bars) % 9 == 6


class Quiet:
    side = "both sides of the street"

    def on_bar(self, context):
        from orchestrate import Signal

        position = context.position("BBB")
        number = len(context.bars("BBB"))
        if position is None and number % 7 == 1:
            yield Signal.enter("BBB", "long" if number % 2 else "short")
        if position is not None and number % 7 == 5:
            yield Signal.exit("BBB")
"""


@pytest.fixture
def twins(prompt):
    """A prompt with two strategies that are the same, and one of one's own."""
    prompt.write("twins.yaml", TWINS)
    prompt.write("own.py", OWN)
    return prompt


def test_a_run_stores_its_report_and_shows_score_and_warnings(twins):
    done = twins("backtest", "twins.yaml", "--format", "json")
    report = json.loads((twins.runs[0] / "compatibility.json").read_text())
    assert done.code == 0
    assert report["schema_version"] == 1
    assert [(match["rule"], match["strategies"]) for match in report["matches"]] == [
        ("shared_symbol", ["one", "two"]),
        ("same_idea", ["one", "two"]),
        ("correlated", ["one", "two"]),
        ("joint_drawdowns", ["one", "two"]),
    ]
    assert report["score"] == 70
    assert [pair["score"] for pair in report["pairs"]] == [70, 100, 100]
    assert report["pairs"][0]["statistics"] == {
        "correlation": pytest.approx(1.0),
        "joint_drawdowns": pytest.approx(1.0),
        "overlap": 1.0,
    }
    own = report["strategies"]["other"]
    assert (own["style"], own["direction"], own["horizon"], own["leverage"]) == ("reversion", "short", "days", 1)
    assert report["strategies"]["one"]["direction"] == "long"
    warnings = [f"{match['where']}: {match['evidence']}" for match in report["matches"]]
    assert done.document["compatibility"] == {"score": 70, "required": 60, "warnings": warnings}
    for shown in (twins("backtest", "twins.yaml"), twins("report", "latest")):
        assert "Compatibility\n  score    70 of 100, 60 required" in shown.out
        assert "  warning  one, two: their returns have a correlation of 1.00" in shown.out
    first, second = (run / "compatibility.json" for run in twins.runs)
    assert first.read_bytes() == second.read_bytes()


def test_less_than_required_before_the_run_is_a_mistake_at_its_line(twins):
    twins.write("twins.yaml", TWINS.replace("require: 60", "require: 90"))
    for command in ("backtest", "validate"):
        done = twins(command, "twins.yaml")
        assert done.code == 2
        text = done.out if command == "validate" else done.err
        message = "the compatibility of the strategies is 85, less than 90"
        assert text.startswith(f"twins.yaml:7:28: portfolio.compatibility.require: {message}\n")
        assert "AAA: traded by one, two" in text
    assert twins.runs == []
    [error] = twins("validate", "twins.yaml", "--format", "json").document["errors"]
    assert (error["line"], error["column"]) == (7, 28)


def test_less_than_required_after_the_run_is_code_1(twins):
    twins.write("twins.yaml", TWINS.replace("require: 60", "require: 80"))
    done = twins("backtest", "twins.yaml", "--format", "json")
    assert (done.code, done.document["exit_code"], done.document["status"]) == (1, 1, "completed")
    deep = twins("validate", "twins.yaml", "--deep")
    assert deep.code == 1
    assert "twins.yaml: the strategies are less compatible than required\n" in deep.out
    assert len(twins.runs) == 1
    assert twins("validate", "twins.yaml").code == 0


def test_validate_shows_what_needs_no_data_and_deep_all_of_it(twins):
    shown = twins("validate", "twins.yaml", "--format", "json").document["findings"]
    notes = [(one["severity"], one["where"]) for one in shown if one["where"].startswith("compatibility")]
    assert notes == [
        ("info", "compatibility"),
        ("info", "compatibility: AAA"),
        ("warning", "compatibility: one, two"),
        ("info", "compatibility: one, other"),
        ("info", "compatibility: two, other"),
    ]
    assert "score 85 of 100" in [one["message"] for one in shown]
    deep = twins("validate", "twins.yaml", "--deep", "--format", "json").document["findings"]
    messages = [one["message"] for one in deep]
    assert "score 70 of 100" in messages
    assert any("correlation of 1.00" in message for message in messages)
    assert "compatibility.json" not in [path.name for path in twins.folder.rglob("*.json")]


@pytest.mark.parametrize("written", ["101", "-1", "high", "1.5"])
def test_a_score_is_a_whole_number_up_to_100(twins, written):
    done = twins("validate", "twins.yaml", "--set", f"portfolio.compatibility.require={written}")
    assert done.code == 2
    assert "portfolio.compatibility.require" in done.out


def test_a_single_strategy_has_no_report(twins):
    twins("backtest", "single.yaml", "-q", "--set", "portfolio.compatibility.require=100")
    assert not (twins.runs[0] / "compatibility.json").exists()
    assert "Compatibility" not in twins("report", "latest").out
    assert "compatibility" not in twins("validate", "single.yaml").out


def test_a_rule_is_one_line_in_the_registry(twins, monkeypatch):
    def even(candidates):
        if len(candidates.strategies) % 2:
            yield Evidence("count", "an odd number of strategies", ())

    monkeypatch.setitem(RULES, "odd", Rule(even, 7, "add one", all_together=True))
    assert "compatibility: count: an odd number of strategies; add one" in twins("validate", "twins.yaml").out
    assert twins("backtest", "twins.yaml", "--format", "json").document["compatibility"]["score"] == 63


def test_direction_and_horizon_that_are_unknown_are_seen_in_the_run(twins):
    """It holds for four bars at a time, now long, now short."""
    twins.write("twins.yaml", TWINS.replace("own.py:Falling", "own.py:Quiet"))
    assert twins("backtest", "twins.yaml", "-q").code == 0
    report = json.loads((twins.runs[0] / "compatibility.json").read_text())
    other, one = report["strategies"]["other"], report["strategies"]["one"]
    assert (other["direction"], other["horizon"]) == ("both", "days")
    assert (one["direction"], one["horizon"]) == ("long", "weeks")  # as it declares


def test_a_file_says_asset_class_and_leverage(twins):
    twins.write(
        "futures.yaml",
        "data:\n  AAA: {synthetic: {bars: 50, seed: 7, frequency: 1d}}\n  BBB: {synthetic: {bars: 50, seed: 8}}\n"
        "instruments: {AAA: {asset_class: fx}}\nportfolio: {allocation: equal}\nstrategies:\n"
        "  one: {name: MOMENTUM_FUTURES, symbols: [AAA], config: {leverage: 3.0}}\n"
        "  two: {name: MOMENTUM_EQUITY, symbols: [BBB]}\n",
    )
    shown = twins("validate", "futures.yaml").out
    assert "compatibility: leverage: one may hold 1.50 times the capital" in shown
    assert "compatibility: one, two: different asset classes (fx, equity)" in shown
