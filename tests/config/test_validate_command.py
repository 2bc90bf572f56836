"""`orchestrate validate` and `orchestrate schema`, with the real library, as a user or a CI job calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from orchestrate.cli.app import application
from orchestrate.config.document.nodes import floats, plain
from orchestrate.config.document.parser import read_file
from tests.reference import least_ratio, python_seconds

HERE = Path(__file__).parent
CONFIGS = sorted((HERE.parents[1] / "configs").glob("*.yaml"))
GOOD = """\
capital: 50000
data: {DEMO: {synthetic: {bars: 300, seed: 7}}}
strategies:
  trend: {name: MOMENTUM, allocation: 40, config: {fast: 5, slow: 20}}
  hold: {name: BUY_AND_HOLD, framework: nautilus, allocation: 35.5}
gates: {sharpe: ">= 0.5"}
"""
BAD = GOOD.replace("allocation: 40", "alocation: 40").replace("sharpe", "sharp")
Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Call the command line in a folder with good.yaml and bad.yaml."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ORCHESTRATE__")]:
        monkeypatch.delenv(name)
    Path("good.yaml").write_text(GOOD)
    Path("bad.yaml").write_text(BAD)
    runner = CliRunner()
    yield lambda *words: runner.invoke(application(), list(words))


def test_text_tells_what_was_understood(command: Command) -> None:
    result = command("validate", "good.yaml")
    assert result.exit_code == 0
    assert result.stdout == (
        "good.yaml: valid\n"
        "  multi, 50,000 USD, DEMO\n"
        "  trend  MOMENTUM      backtrader    40 %  20,000.00  DEMO  percent 95  fast=5 slow=20\n"
        "  hold   BUY_AND_HOLD  nautilus    35.5 %  17,750.00  DEMO  percent 95\n"
        "  24.5 % stays in reserve\n"
        "  gates: sharpe >= 0.5\n"
        "  info: compatibility: score 90 of 100\n"
        "  info: compatibility: DEMO: traded by trend, hold: their orders can conflict; "
        "see in portfolio.conflicts how DEMO is settled\n"
        "  warning: compatibility: symbols: most capital trades few symbols (Herfindahl index 1.00); "
        "spread the capital over more symbols\n"
    )


@pytest.mark.parametrize(("written", "shown"), [("50000.0", "50,000"), ("50000.50", "50,000.50"), ("1e6", "1,000,000")])
def test_capital_is_shown_without_empty_decimals(command: Command, written: str, shown: str) -> None:
    """As it is where a live runner's file starts each strategy with 10000.0."""
    Path("good.yaml").write_text(GOOD.replace("50000", written))
    assert command("validate", "good.yaml").stdout.splitlines()[1] == f"  multi, {shown} USD, DEMO"


def test_text_says_how_entries_are_sized(command: Command) -> None:
    """A native of Nautilus sizes its own."""
    sizing = "{method: risk, risk: 0.01, take_profit_risk_reward: 2.5}"
    text = GOOD.replace("allocation: 40,", f"allocation: 40, sizing: {sizing},")
    native = "from nautilus_trader.trading.strategy import Strategy\n\n\nclass Own(Strategy):\n    pass\n"
    Path("own.py").write_text(native)
    Path("good.yaml").write_text(text.replace("name: BUY_AND_HOLD", "name: 'own.py:Own'"))
    trend, hold = command("validate", "good.yaml").stdout.splitlines()[2:4]
    assert trend.split("DEMO")[1].split("  ")[1] == "risk 0.01 at 2 × ATR 14, target × 2.5"
    assert hold.split("DEMO")[1].split() == []


def test_text_says_what_is_wrong(command: Command) -> None:
    result = command("validate", "bad.yaml")
    assert result.exit_code == 2
    assert result.stdout == (
        "bad.yaml:4:27: unknown key 'alocation' in strategies.trend\n"
        "    4 |   trend: {name: MOMENTUM, alocation: 40, config: {fast: 5, slow: 20}}\n"
        "      |                           ^^^^^^^^^ did you mean 'allocation'?\n"
        "bad.yaml:6:9: gate 'sharp >= 0.5': 'sharp' names no metric\n"
        '    6 | gates: {sharp: ">= 0.5"}\n'
        "      |         ^^^^^ did you mean 'sharpe'?\n"
        "bad.yaml: 2 errors\n"
    )


def test_json_is_the_document_of_the_reference(command: Command) -> None:
    result = command("validate", "--format", "json", "bad.yaml")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document == {
        "schema_version": 1,
        "valid": False,
        "mode": "multi",
        "errors": [
            {
                "file": "bad.yaml",
                "line": 4,
                "column": 27,
                "message": "unknown key 'alocation' in strategies.trend",
                "hint": "did you mean 'allocation'?",
            },
            {
                "file": "bad.yaml",
                "line": 6,
                "column": 9,
                "message": "gate 'sharp >= 0.5': 'sharp' names no metric",
                "hint": "did you mean 'sharpe'?",
            },
        ],
        "findings": [],
        "plan": None,
    }
    good = json.loads(command("validate", "good.yaml", "--format", "json").stdout)
    assert list(good) == ["schema_version", "valid", "mode", "errors", "findings", "plan"]
    assert (good["valid"], good["mode"], good["errors"]) == (True, "multi", [])
    assert [entry["id"] for entry in good["plan"]["strategies"]] == ["trend", "hold"]
    assert "root" not in good["plan"]


def test_several_files_make_one_document(command: Command) -> None:
    result = command("validate", "--format", "json", "good.yaml", "bad.yaml", "none.yaml")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert (document["schema_version"], document["valid"]) == (1, False)
    assert [(file["file"], file["valid"], len(file["errors"])) for file in document["files"]] == [
        ("good.yaml", True, 0),
        ("bad.yaml", False, 2),
        ("none.yaml", False, 1),
    ]


def test_github_puts_errors_at_their_lines(command: Command) -> None:
    Path("odd,name.yaml").write_text("strategy: 100%\n")
    result = command("validate", "--format", "github", "bad.yaml", "odd,name.yaml")
    assert result.stdout.splitlines() == [
        "::error file=bad.yaml,line=4,col=27::unknown key 'alocation' in strategies.trend (did you mean 'allocation'?)",
        "::error file=bad.yaml,line=6,col=9::gate 'sharp >= 0.5': 'sharp' names no metric (did you mean 'sharpe'?)",
        *[line for line in result.stdout.splitlines() if "odd%2Cname.yaml" in line],
    ]
    assert "Unknown strategy: 100%25" in result.stdout


def test_missing_data_is_code_3_unless_the_configuration_is_wrong(command: Command) -> None:
    Path("data.yaml").write_text("data: {IBM: nowhere.csv}\nstrategy: RSI\n")
    result = command("validate", "data.yaml")
    assert result.exit_code == 3
    assert result.stdout.startswith(
        "data.yaml:1:13: data.IBM: no such file: nowhere.csv\n"
        "    1 | data: {IBM: nowhere.csv}\n"
        "      |             ^^^^^^^^^^^ looked up beside this file\n"
        "data.yaml: the configuration is right, but data is missing\n"
    )
    assert command("validate", "data.yaml", "--set", "strategy=RSSI").exit_code == 2
    assert command("validate", "data.yaml", "good.yaml").exit_code == 3
    assert command("validate", "data.yaml", "bad.yaml").exit_code == 2


def test_settings_data_and_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("prices.csv").write_text("date,close\n")
    monkeypatch.setenv("ORCHESTRATE__CAPITAL", "777")
    words = ("--set", "strategies.trend.allocation=60", "--data", "IBM=prices.csv", "--format", "json")
    plan = json.loads(command("validate", "good.yaml", *words).stdout)["plan"]
    assert plan["capital"]["total"] == 777
    assert plan["strategies"][0]["weight"] == 0.6
    assert plan["data"]["IBM"]["path"] == "prices.csv"


def test_deep_loads_the_data_and_looks_for_look_ahead(command: Command) -> None:
    result = command("validate", "good.yaml", "--deep")
    assert result.exit_code == 0
    counts = r"(\d+) of (\d+) entries and (\d+) of (\d+) exits checked, 64 other bars too"
    match = re.search(f"info: strategies.trend: no look-ahead found: {counts}", result.stdout)
    assert match is not None
    assert match[1] == match[2] != "0"
    assert match[3] == match[4]


def test_deep_catches_a_prophet(command: Command) -> None:
    Path("prophet.py").write_text(
        "class Prophet:\n"
        "    def signals(self, bars):\n"
        "        rises = [*(bars.close[1:] > bars.close[:-1]), False]\n"
        "        return rises, [not rise for rise in rises]\n"
    )
    Path("prophet.yaml").write_text("data: {DEMO: {synthetic: {bars: 300}}}\nstrategy: prophet.py:Prophet\n")
    result = command("validate", "prophet.yaml", "--deep", "--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["valid"] is False
    (caught,) = [finding for finding in document["findings"] if finding["severity"] == "error"]
    assert caught["where"] == "strategies.Prophet"
    assert "looks ahead on DEMO" in caught["message"]


def test_deep_survives_whatever_a_strategy_does(command: Command) -> None:
    Path("rude.py").write_text(
        "class Leaver:\n    def signals(self, bars):\n        print('noise')\n        raise SystemExit(7)\n"
    )
    Path("rude.yaml").write_text("data: {DEMO: {synthetic: {bars: 300}}}\nstrategy: rude.py:Leaver\n")
    result = command("validate", "rude.yaml", "--deep", "--format", "json")
    assert result.exit_code == 0
    messages = [finding["message"] for finding in json.loads(result.stdout)["findings"]]
    assert "could not be checked for look-ahead on DEMO: SystemExit: 7" in messages


def test_deep_tells_of_unusable_data(command: Command) -> None:
    Path("IBM.csv").write_text("this is no price file\n1\n")
    Path("config.yaml").write_text("data: {IBM: IBM.csv}\nstrategy: RSI\n")
    assert command("validate", "config.yaml").exit_code == 0
    result = command("validate", "config.yaml", "--deep")
    assert result.exit_code == 3
    assert "the configuration is right, but its data can't be used" in result.stdout
    assert "  error: " in result.stdout


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configurations_are_valid(command: Command, path: Path) -> None:
    result = command("validate", str(path))
    assert result.exit_code == 0, result.stdout


@cache
def schema() -> dict[str, Any]:
    """What `orchestrate schema` prints."""
    result = CliRunner().invoke(application(), ["schema"])
    assert result.exit_code == 0
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def value_of(path: Path) -> object:
    """The file's value, as a validator of JSON sees it."""
    node, problems = read_file(path, path.name)
    assert node is not None
    assert not problems
    return floats(plain(node))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", [*CONFIGS, HERE / "full_example.yaml"], ids=lambda path: path.name)
def test_the_schema_takes_right_files(path: Path) -> None:
    Draft202012Validator(schema()).validate(value_of(path))


#: Broken files that are right by themselves: what is wrong is what sections must agree on, or what stands elsewhere.
BEYOND_A_SCHEMA = {
    *("laid-over-extends", "data-settings-of-files"),
    *(
        "allocation-in-single",
        "allocation-missing",
        "allocations-over-100",
        "both-words",
        "config-twice",
        "live-capital",
    ),
    *("no-allocations", "none-enabled", "start-after-end", "data-file-missing", "data-file-missing-and-wrong"),
    *("currencies", "expiry", "gate-without-benchmark", "sweep-walk-forward"),
    *("unknown-strategy", "unknown-parameter", "parameter-types", "relation", "relation-with-default", "natives"),
    *(
        "function-no-file",
        "function-not-in-file",
        "own-file-missing",
        "extends-circle",
        "extends-missing",
        "extends-wrong-base",
    ),
    *("arguments", "environment", "set-into-list", "name-left-out", "schedule", "schedule-absent", "schedule-too-much"),
    *("schedule-impossible", "sweep-where", "sweep-of-a-list", "sweep-of-one", "execution-options-minimum"),
}


def test_the_schema_refuses_wrong_files() -> None:
    validator = Draft202012Validator(schema())
    taken, refused = set(), set()
    for path in sorted((HERE / "broken").glob("*.yaml")):
        node, problems = read_file(path, path.name)
        if node is not None and not problems:
            (taken if validator.is_valid(floats(plain(node))) else refused).add(path.stem)
    assert taken == BEYOND_A_SCHEMA
    assert len(refused) >= 30


def test_the_schema_goes_to_a_file(command: Command) -> None:
    result = command("schema", "--output", "orchestrate.schema.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(Path("orchestrate.schema.json").read_text()) == schema()
    assert command("schema", "--output", "no/such/folder.json").exit_code == 2


def test_validate_is_quick_and_imports_little(command: Command) -> None:
    """In CPU seconds of whole processes, about twice the imports of what reads a configuration."""
    program = (
        "import sys\n"
        "from orchestrate.cli.app import run\n"
        "try:\n"
        "    run(['validate', 'good.yaml'])\n"
        "finally:\n"
        "    heavy = {'pandas', 'pyarrow', 'backtrader', 'nautilus_trader', 'rich', 'matplotlib'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("good.yaml: valid\n")
    assert done.stderr.strip() == "[]"
    imports = "import typer.core, yaml, pydantic; pydantic.BaseModel"
    assert least_ratio(lambda: python_seconds(program), lambda: python_seconds(imports), enough=3) < 3
