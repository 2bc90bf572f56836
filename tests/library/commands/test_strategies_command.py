"""`orchestrate strategies`, as it looks."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestrate import StrategyLibrary
from orchestrate.cli.app import application
from orchestrate.wiring import shipped

Writer = Callable[..., Path]


@pytest.fixture
def strategies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command in a folder of its own, on a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(application(), ["strategies", *arguments])

    return call


def document(result: Result) -> Any:
    assert result.exit_code == 0
    assert result.stderr == ""
    parsed = json.loads(result.stdout)
    assert parsed["schema_version"] == 1
    return parsed


def test_the_table_names_all_and_fits(strategies: Callable[..., Result]):
    result = strategies()
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert [line.split()[0] for line in lines if line[:1].isupper() and line.split()[0].isupper()] == list(shipped())
    assert "fast 20, slow 50" in result.stdout
    assert "\x1b" not in result.stdout


def test_one_strategy_in_full(strategies: Callable[..., Result]):
    result = strategies("MOMENTUM")
    assert result.exit_code == 0
    rules = inspect.getdoc(StrategyLibrary.get_strategy("MOMENTUM"))
    shown = "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())
    assert rules
    assert (
        shown
        == f"""\
MOMENTUM  signals, runs on backtrader and nautilus

{rules}

parameter  type  default  range  meaning
fast       int   20       ≥ 1    bars in the fast average
slow       int   50       ≥ 2    bars in the slow average

fast < slow must hold.

In a configuration:

strategies:
  mine:
    name: MOMENTUM
    allocation: 50
    config:
      fast: 20
      slow: 50
"""
    )


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_strategy_fits_into_80_columns(strategies: Callable[..., Result], name: str):
    assert max(len(line) for line in strategies(name).stdout.splitlines()) <= 80


OWN = """
from orchestrate.domain.strategies.protocols import Parameter
class Own:
    parameters = {
        "model": Parameter(str, required=True),
        "when": Parameter(str, "daily", choices=("daily", "weekly")),
        "share": Parameter(float, 0.5, minimum=0, maximum=1, exclusive=True),
        "most": Parameter(float, maximum=9),
        "on": Parameter(bool, True),
    }
    def __init__(self, model, other=1, **more): ...
    def signals(self, bars): ...
class Any(Own):
    parameters = None
class Anything:
    '''Takes what it gets.'''
    def __init__(self, **any): ...
    def on_bar(self, context): ...
"""


def test_ones_own_strategy_as_a_configuration_would_name_it(strategies: Callable[..., Result], write: Writer):
    write("own.py", OWN)
    output = " ".join(strategies("own.py:Own").stdout.split())
    assert "It has no documentation." in output
    assert "model str (required)" in output
    assert "when str daily daily | weekly" in output
    assert "share float 0.5 0 < … < 1" in output
    assert "most float – ≤ 9" in output
    assert "on bool true" in output
    assert "name: own.py:Own allocation: 50 config: model: … when: daily share: 0.5 on: true" in output
    assert "It takes any parameter." in strategies("own.py:Anything").stdout
    assert "It takes no parameters." in strategies("BUY_AND_HOLD").stdout


def test_an_unknown_name_is_code_5(strategies: Callable[..., Result]):
    result = strategies("MOMENTUN")
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == "Unknown strategy: MOMENTUN\n    hint: did you mean 'MOMENTUM'?\n"


def test_the_list_as_a_document(strategies: Callable[..., Result]):
    listed = document(strategies("--format", "json"))
    assert listed["broken"] == []
    assert [one["name"] for one in listed["strategies"]] == list(shipped())
    momentum = next(one for one in listed["strategies"] if one["name"] == "MOMENTUM")
    assert momentum["kind"] == "signals"
    assert momentum["frameworks"] == ["backtrader", "nautilus"]
    assert momentum["relations"] == ["fast < slow"]
    assert momentum["parameters"][0] == {
        "name": "fast",
        "type": "int",
        "required": False,
        "default": 20,
        "minimum": 1,
        "maximum": None,
        "exclusive": False,
        "choices": [],
        "help": "bars in the fast average",
    }


def test_one_strategy_as_a_document(strategies: Callable[..., Result], write: Writer):
    strategy = document(strategies("RSI", "--format", "json"))["strategy"]
    assert strategy["name"] == "RSI"
    assert strategy["rules"].startswith(strategy["summary"])
    write("own.py", OWN)
    model, when, *_ = document(strategies("own.py:Own", "--format", "json"))["strategy"]["parameters"]
    assert model["required"]
    assert "default" not in model
    assert when["choices"] == ["daily", "weekly"]
    assert document(strategies("own.py:Anything", "--format", "json"))["strategy"]["parameters"] is None


def test_values_that_json_has_no_word_for(strategies: Callable[..., Result], write: Writer):
    write(
        "own.py",
        """
        class Own:
            def __init__(self, levels=(1, b"x"), by={1: "a"}, made=make()): ...
            def on_bar(self, context): ...
        """,
    )
    levels, by, made = document(strategies("own.py:Own", "--format", "json"))["strategy"]["parameters"]
    assert (levels["default"], by["default"]) == ([1, "b'x'"], {"1": "a"})
    assert made["type"] == "any"
    assert "default" not in made
    assert "made any (its own)" in " ".join(strategies("own.py:Own").stdout.split())


def test_a_broken_package_is_reported_on_stderr(
    strategies: Callable[..., Result], write: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write("site/bought-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bought\nVersion: 1.0\n")
    write("site/bought-1.0.dist-info/entry_points.txt", "[orchestrate.strategies]\nBOUGHT = bought:Own\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    result = strategies()
    assert result.exit_code == 0
    assert "BOUGHT" not in result.stdout
    assert result.stderr == "warning: strategy BOUGHT is left out: bought:Own: there is no module bought\n"
    document = json.loads(strategies("--format", "json").stdout)
    assert document["broken"] == [{"name": "BOUGHT", "message": "bought:Own: there is no module bought"}]
