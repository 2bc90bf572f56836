"""What commands print as JSON is what `schema --output COMMAND` says, to the last key."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from orchestrate.cli.app import COMMANDS, application
from orchestrate.reporting.schemas.outputs import OUTPUTS

pytestmark = pytest.mark.uncounted  # long runs, whose code shorter ones reach

NATIVE = """\
import backtrader as bt


class Cross(bt.Strategy):
    def next(self):
        if not self.position:
            self.buy(size=1)
"""


def closed(part: Any) -> Any:
    """The schema with no key allowed that it doesn't name, where it doesn't say what others are."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = {name: closed(one) for name, one in part.items()}
    if part.get("type") == "object" and "properties" in part:
        return {"additionalProperties": False, **inner}
    return inner


@cache
def validators(command: str) -> tuple[Draft202012Validator, Draft202012Validator]:
    """Of the schema that is printed, and of the closed one."""
    schema = json.loads(CliRunner().invoke(application(), ["schema", "--output", command]).stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema), Draft202012Validator(closed(schema))


def require(prompt, command, *words, code=0):
    """Run the command, and hold its document against its schema, and against a closed one."""
    done = prompt(command, *words, *([] if command == "baseline" else ["--format", "json"]))
    assert done.code == code, done.err
    for validator in validators(command):
        validator.validate(done.document)
    return done.document


RUNS = {
    "several strategies": ["portfolio.yaml"],
    "a single one, a benchmark, gates": ["single.yaml", "--set", "benchmark=AAA", "--gate", "sharpe > -99"],
    "transfers": ["portfolio.yaml", "--set", "portfolio.rebalance={every: month, top_up: true}"],
    "a schedule": ["portfolio.yaml", "--set", "portfolio.schedule=[{at: 2010-03-01, pause: trend}]"],
    "a stop": ["portfolio.yaml", "--set", "portfolio.limits.max_drawdown={at: 0.0001, action: stop}"],
    "no bar": ["single.yaml", "--set", "start=2019-01-01", "--set", "data.AAA.synthetic.start=2010-01-01"],
}


@pytest.mark.parametrize("name", RUNS)
def test_backtest_and_report(prompt, name):
    done = prompt("backtest", *RUNS[name], "--format", "json")
    if done.code in (0, 1):
        require(prompt, "report", "latest")
    for validator in validators("backtest"):
        validator.validate(done.document)


def test_a_run_with_failures(prompt):
    data = "data: {AAA: {synthetic: {bars: 100, seed: 7, frequency: 1d}}}\n"
    prompt.write("bad.yaml", f"strategies:\n  a: {{name: 'broken.py:Quitter', allocation: 50}}\n{data}")
    require(prompt, "backtest", "bad.yaml", code=1)


def test_a_baseline_and_gates_against_it(prompt):
    prompt("backtest", "single.yaml", "-q")
    require(prompt, "baseline", "latest")
    require(prompt, "backtest", "single.yaml", "--gate", "trades >= baseline", "--baseline", "latest")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["single.yaml", "--set", "capitl=3"], 2),
        (["nowhere.yaml"], 2),
        (["single.yaml", "--data", "AAA=nowhere.csv"], 3),
    ],
)
@pytest.mark.parametrize("command", ["backtest", "validate", "parity"])
def test_what_cannot_be_run(prompt, command, words, code):
    require(prompt, command, *words, code=code)


def test_validate(prompt):
    require(prompt, "validate", "portfolio.yaml")
    require(prompt, "validate", "portfolio.yaml", "--deep")
    prompt.write("bad.yaml", "capitl: 3\n")
    require(prompt, "validate", "portfolio.yaml", "bad.yaml", code=2)


def test_lists(prompt):
    prompt("backtest", "portfolio.yaml", "-q")
    (prompt.runs[0] / "metrics.json").write_text("{}")
    prompt("backtest", "single.yaml", "-q")
    require(prompt, "runs")
    require(prompt, "batch", "single.yaml", "nowhere.yaml", "--workers", "1", code=2)
    require(prompt, "heart")
    require(prompt, "clean", "--keep", "1")
    require(prompt, "compare", "latest", "latest")


def test_whether_a_run_is_what_it_says(prompt):
    prompt("backtest", "single.yaml", "-q")
    assert require(prompt, "reproduce", "latest")["identical"]
    assert require(prompt, "verify", "latest")["verified"]
    bars = [f"2020-01-{day:02},{day},{day + 1},{day},{day}.5" for day in range(1, 20)]
    prompt.write("bars.csv", "\n".join(["timestamp,open,high,low,close", *bars]) + "\n")
    prompt.write("held.yaml", "strategy: BUY_AND_HOLD\ndata: {A: {path: bars.csv}}\n")
    prompt("backtest", "held.yaml", "-q")
    prompt.write("bars.csv", (prompt.folder / "bars.csv").read_text().replace("2020-01-02,2,3,2", "2020-01-02,2.5,3,2"))
    assert require(prompt, "reproduce", "latest", code=1)["differences"]
    assert require(prompt, "verify", "latest", code=1)["difference"]


def test_explain(prompt):
    prompt("backtest", "portfolio.yaml", "-q", "--set", "strategies.trend.limits={max_position_pct: 10}")
    require(prompt, "explain", "latest")
    require(prompt, "explain", "latest", "--strategy", "trend", "--at", "2010-02-01")


def test_parity(prompt):
    prompt.write("native.py", NATIVE)
    assert require(prompt, "parity", "portfolio.yaml")["equal"]
    prompt.write(
        "different.yaml",
        "capital: 30000\ndata: {AAA: {synthetic: {bars: 40, seed: 7, frequency: 1d}}}\n"
        "strategies:\n"
        "  a: {name: 'broken.py:Quitter', allocation: 50}\n"
        "  b: {name: 'native.py:Cross', allocation: 50}\n",
    )
    assert require(prompt, "parity", "different.yaml", code=1)["differences"]


def test_what_surrounds_a_run(prompt):
    bars = "2020-01-02,1,2,1,2,5\n" * 2 + "2020-01-03,2,3,2,3,7\n"
    prompt.write("bars.csv", f"timestamp,open,high,low,close,volume\n{bars}")
    [known, unknown] = require(prompt, "data", "bars.csv", "nowhere.csv", code=3)["files"]
    assert known["findings"]
    assert unknown["error"]
    require(prompt, "strategies")
    require(prompt, "strategies", "TURTLE")
    prompt.write("any.py", "class Any:\n    def __init__(self, **more): ...\n    def on_bar(self, context): ...\n")
    require(prompt, "strategies", "any.py:Any")
    require(prompt, "doctor")


def formats_of(command):
    """The formats in which a command prints, by its options."""
    module, _, function = COMMANDS[command].partition(":")
    hints = get_type_hints(getattr(importlib.import_module(module), function))
    return {choice for hint in hints.values() if get_origin(hint) is Literal for choice in get_args(hint)}


def test_every_command_that_prints_json_has_a_schema():
    assert {name for name in COMMANDS if "json" in formats_of(name)} | {"baseline"} == set(OUTPUTS)


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_key_less_is_noticed(prompt, command):
    """Each schema asks for its keys: an empty document of its version is none."""
    schema = prompt("schema", "--output", command).document
    assert command in COMMANDS
    assert schema["title"] == f"orchestrate {command} --format json"
    assert not Draft202012Validator(schema).is_valid({"schema_version": 1})


@pytest.mark.parametrize(
    ("word", "hint"), [("bakctest", "did you mean 'backtest'?"), ("mine", "write ./NAME for a file without an ending")]
)
def test_a_word_that_is_no_command_becomes_no_file(prompt, word, hint):
    done = prompt("schema", "--output", word)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"--output: '{word}' is no command that prints JSON\n    hint: {hint}\n"
    assert not (prompt.folder / word).exists()


def test_the_schema_of_a_configuration_still_goes_to_a_file(prompt):
    assert prompt("schema", "-o", "./backtest").code == 0
    assert (prompt.folder / "backtest").read_text() == prompt("schema").out
