"""Strength, weakest first: extends, the file, the environment, --set, --data."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.config.document.layers import MOST_FILES
from orchestrate.config.resolve import Resolution
from orchestrate.domain.plan import RunPlan

Read = Callable[..., Resolution]
DATA = "data: {IBM: IBM.csv}\n"


def plan_of(resolution: Resolution) -> RunPlan:
    """The plan, or everything that is wrong as a failed test."""
    assert resolution.plan is not None, "\n".join(str(problem) for problem in resolution.mistakes)
    return resolution.plan


def test_each_layer_beats_the_one_before(read: Read) -> None:
    files = {"base.yaml": "capital: 1\nstart: 2001-01-01\nend: 2011-01-01\nperiods_per_year: 100\n"}
    text = DATA + "extends: base.yaml\nstrategy: RSI\nstart: 2002-01-01\nend: 2012-01-01\nperiods_per_year: 200\n"
    environ = {"ORCHESTRATE__END": "2013-01-01", "ORCHESTRATE__PERIODS_PER_YEAR": "300", "OTHER": "x"}
    plan = plan_of(read(text, files=files, environ=environ, overrides=["periods_per_year=400"]))
    assert (plan.capital.total, plan.start, plan.end, plan.periods_per_year) == (1, "2002-01-01", "2013-01-01", 400)


def test_mappings_are_joined_and_lists_replaced(read: Read) -> None:
    base = """
data: {IBM: IBM.csv, MSFT: IBM.csv}
portfolio: {over_100: normalize}
strategies:
  a: {name: RSI, allocation: 10, symbols: [IBM, MSFT], config: {period: 5, buy_below: 20}}
"""
    text = (
        "extends: base.yaml\n"
        "strategies:\n"
        "  a: {symbols: [MSFT], config: {period: 6}}\n"
        "  b: {name: RSI, allocation: 5}\n"
    )
    a, b = plan_of(read(text, files={"base.yaml": base})).strategies
    assert (a.id, a.symbols, a.config["period"], a.config["buy_below"]) == ("a", ("MSFT",), 6, 20.0)
    assert (b.id, b.symbols) == ("b", ("IBM", "MSFT"))


def test_a_base_of_a_base_and_paths_beside_each_file(read: Read) -> None:
    files = {
        "shared/deep/root.yaml": "data: {A: a.csv}\ncapital: 7\n",
        "shared/base.yaml": "extends: deep/root.yaml\ndata: {B: {path: ../IBM.csv}}\n",
        "shared/deep/a.csv": "",
    }
    plan = plan_of(read("extends: shared/base.yaml\ndata: {C: ./IBM.csv}\nstrategy: RSI\n", files=files))
    assert {symbol: entry.path for symbol, entry in plan.data.items()} == {
        "A": "shared/deep/a.csv",
        "B": "IBM.csv",
        "C": "IBM.csv",
    }
    assert plan.capital.total == 7


def test_a_strategys_file_is_looked_up_beside_the_file_that_names_it(read: Read) -> None:
    files = {"shared/base.yaml": "strategy: trend.py:Trend\n", "shared/trend.py": ""}
    plan = plan_of(read(DATA + "extends: shared/base.yaml\n", files=files))
    assert plan.strategies[0].reference == "shared/trend.py:Trend"


def test_a_circle_of_several_files_is_reported(read: Read) -> None:
    files = {"b.yaml": "extends: c.yaml\n", "c.yaml": "extends: config.yaml\n"}
    (problem,) = read("extends: b.yaml\nstrategy: RSI\n" + DATA, files=files).mistakes
    assert str(problem) == (
        "c.yaml:1:10: extends is circular: config.yaml → b.yaml → c.yaml → config.yaml\n"
        "    1 | extends: config.yaml\n"
        "      |          ^^^^^^^^^^^"
    )


@pytest.mark.parametrize(
    ("override", "total"),
    [
        ("capital=5", 5),
        ("capital.total=6", 6),
        ('capital={"total": 7}', 7),
        ("capital.total=0x10", 16),
        ("capital=1e3", 1000),
    ],
)
def test_set_completes_and_replaces_short_forms(read: Read, override: str, total: int) -> None:
    assert plan_of(read(DATA + "capital: 300\nstrategy: RSI\n", overrides=[override])).capital.total == total


def test_set_reaches_into_a_short_shape(read: Read) -> None:
    overrides = ["config.period=3", "strategy.framework=nautilus", "data.IBM.stamp=end", "data.IBM.path=IBM.csv"]
    plan = plan_of(read(DATA + "strategy: RSI\nconfig: {buy_below: 10}\n", overrides=overrides))
    (strategy,) = plan.strategies
    assert (strategy.framework, strategy.config["period"], strategy.config["buy_below"]) == ("nautilus", 3, 10.0)
    assert plan.data["IBM"].stamp == "end"


def test_set_with_the_other_word_replaces(read: Read) -> None:
    text = DATA + "strategies: {a: {name: RSI, allocation: 40, symbols: [IBM]}}\n"
    overrides = ["strategies.a.allocation_pct=25", "strategies.a.symbol=IBM"]
    assert plan_of(read(text, overrides=overrides)).strategies[0].weight == Decimal("0.25")


def test_set_gates_and_quoted_keys(read: Read) -> None:
    text = "data: {BRK.B: IBM.csv}\nstrategy: RSI\n"
    overrides = ["gates.strategies.RSI.trades=>= 5", 'gates.sharpe=">= 1"', 'data."BRK.B".stamp=end']
    plan = plan_of(read(text, overrides=overrides))
    assert [str(gate) for gate in plan.gates] == ["strategies.RSI.trades >= 5.0", "sharpe >= 1.0"]
    assert plan.data["BRK.B"].stamp == "end"


def test_nothing_takes_a_setting_back(read: Read) -> None:
    text = DATA + "strategy: RSI\nstart: 2020-01-01\nportfolio: {limits: {max_drawdown: 0.3}}\n"
    assert plan_of(read(text, overrides=["start=", "portfolio.limits=~"])).start == ""


def test_the_environment_finds_keys_whatever_their_case(read: Read) -> None:
    text = DATA + "strategies: {Trend: {name: RSI, allocation: 40}}\n"
    environ = {
        "ORCHESTRATE__STRATEGIES__TREND__ALLOCATION": "55",
        "ORCHESTRATE__EXECUTION__FILL": "close",
        "ORCHESTRATE__DATA__NEW__PATH": "IBM.csv",
    }
    plan = plan_of(read(text, environ=environ))
    assert (plan.strategies[0].id, plan.strategies[0].weight) == ("Trend", Decimal("0.55"))
    assert plan.execution.fill == "close"
    assert list(plan.data) == ["IBM", "NEW"]


def test_data_from_the_command_line(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_text("")
    resolution = read("data: {IBM: {synthetic: {}}}\nstrategy: RSI\n", data=["IBM=elsewhere/x.csv", "MSFT=IBM.csv"])
    plan = plan_of(resolution)
    assert plan.data["IBM"].path == "elsewhere/x.csv"
    assert plan.data["IBM"].synthetic is None
    assert plan.strategies[0].symbols == ("IBM", "MSFT")
    assert plan_of(read("strategy: RSI\n", data=["IBM=IBM.csv"])).data["IBM"].path == "IBM.csv"


def test_paths_from_another_working_directory(
    read: Read, resolving: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = plan_of(read(DATA + "strategy: RSI\n"))
    monkeypatch.chdir("/")
    away = plan_of(resolving(tmp_path / "config.yaml"))
    assert away.hash == here.hash
    assert away.root == tmp_path
    given = plan_of(resolving(tmp_path / "config.yaml", data=[f"IBM={(tmp_path / 'IBM.csv').relative_to('/')}"]))
    assert (given.root / given.data["IBM"].path).resolve() == (tmp_path / "IBM.csv").resolve()


def test_absolute_paths_stay(read: Read, tmp_path: Path) -> None:
    plan = plan_of(read(f"data: {{IBM: {tmp_path}/IBM.csv}}\nstrategy: RSI\n"))
    assert plan.data["IBM"].path == (tmp_path / "IBM.csv").as_posix()


def test_missing_data_leaves_the_plan(read: Read) -> None:
    resolution = read("data: {IBM: nowhere.csv}\nstrategy: RSI\n")
    assert resolution.plan is not None
    assert (resolution.exit_code, len(resolution.missing), resolution.problems) == (3, 1, ())
    assert "no such file: nowhere.csv" in str(resolution.missing[0])


def chain(length: int) -> dict[str, str]:
    """Files that extend one another, `length` of them below the one that extends the first."""
    links = {f"{number}.yaml": f"extends: {number + 1}.yaml\n" for number in range(length - 1)}
    return {**links, f"{length - 1}.yaml": "capital: 5\n"}


def test_a_chain_of_files_has_an_end(read: Read) -> None:
    text = DATA + "strategy: RSI\nextends: 0.yaml\n"
    assert plan_of(read(text, files=chain(MOST_FILES - 1))).capital.total == 5
    resolution = read(text, files=chain(3000))
    assert resolution.plan is None
    first, source, _ = str(resolution.problems[0]).split("\n")
    assert first.endswith(f"18.yaml:1:10: extends: more than {MOST_FILES} files, each extending the next")
    assert source == "    1 | extends: 19.yaml"


def test_what_is_laid_over_a_file_is_as_deep_as_a_file(read: Read) -> None:
    for deep in ({"overrides": [".".join(["a"] * 3000) + "=1"]}, {"environ": {"ORCHESTRATE" + "__a" * 3000: "1"}}):
        problems = read("strategy: RSI\n", **deep).problems
        assert [problem.message for problem in problems] == ["nested deeper than 40 levels"]


@pytest.mark.parametrize("name", ["pipe.yaml", "zero.yaml"])
def test_a_pipe_or_a_device_is_no_configuration(
    name: str, read: Read, resolving: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    Path("zero.yaml").symlink_to("/dev/zero")
    (problem,) = resolving(Path(name)).problems
    assert str(problem) == f"{name}: is a pipe or a device, not a regular file"
    problems = read(DATA + f"strategy: RSI\nextends: {name}\n").problems
    assert [problem.message for problem in problems] == [f"extends: {name} is a pipe or a device, not a regular file"]
