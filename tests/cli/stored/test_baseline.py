"""`orchestrate baseline`, and gates that compare with another run."""

from __future__ import annotations

import json

import jsonschema
import pytest


@pytest.fixture
def first(prompt):
    """The document of a run whose figures stand in `baseline.json`."""
    document = prompt.backtest("portfolio.yaml", "--format", "json").document
    assert prompt("baseline", "latest", "--output", "baseline.json").code == 0
    return document


def judged(prompt, *words):
    done = prompt("backtest", "portfolio.yaml", "--format", "json", *words)
    assert done.code in (0, 1), done.err
    return done.document["gates"], done.code


def test_a_baseline_has_what_gates_can_name(prompt, first):
    done = prompt("baseline", first["run_id"])
    assert (done.code, done.err) == (0, "")
    document = done.document
    run = json.loads((prompt.runs[0] / "run.json").read_text())
    assert {name: document.pop(name) for name in ("schema_version", "run_id", "started", "plan_hash", "data_hash")} == {
        "schema_version": 1,
        "started": run["started"],
        **{name: first[name] for name in ("run_id", "plan_hash", "data_hash")},
    }
    portfolio = ("final_equity", "initial_capital", "reserve", "metrics")
    strategy = ("final_equity", "allocated_capital", "blocked", "resized", "metrics")
    assert document == {
        "portfolio": {name: first["portfolio"][name] for name in portfolio},
        "strategies": {one: {name: own[name] for name in strategy} for one, own in first["strategies"].items()},
        "frameworks": {
            one: {name: own[name] for name in ("final_equity", "metrics")} for one, own in first["frameworks"].items()
        },
        "correlation": first["correlation"],
    }
    assert json.loads((prompt.folder / "baseline.json").read_text()) == done.document


def test_each_path_of_a_gate_is_found_in_a_baseline(prompt, first):
    paths = ["reserve", "portfolio.final_equity", "strategies.dips.blocked", "strategies.both.sharpe"]
    paths += ["frameworks.nautilus.final_equity", "correlation.trend.both"]
    words = [word for path in paths for word in ("--gate", f"{path} == baseline")]
    gates, code = judged(prompt, *words, "--baseline", "baseline.json")
    assert ([gate["passed"] for gate in gates], code) == ([True] * 7, 0)


@pytest.mark.parametrize("baseline", ["baseline.json", "latest", "result.json"])
def test_a_figure_against_that_of_another_run(prompt, first, baseline):
    prompt.write("result.json", json.dumps(first))
    sharpe, trades = (first["portfolio"]["metrics"][name] for name in ("sharpe", "trades"))
    words = ["--gate", "sharpe>=baseline-.1", "--gate", "strategies.trend.trades == baseline + 1"]
    gates, code = judged(prompt, *words, "--baseline", baseline)
    own = first["strategies"]["trend"]["metrics"]["trades"]
    assert gates == [
        {"gate": "trades >= 1.0", "value": trades, "passed": True},
        {"gate": "sharpe >= baseline - 0.1", "value": sharpe, "passed": True, "baseline": sharpe},
        {"gate": "strategies.trend.trades == baseline + 1.0", "value": own, "passed": False, "baseline": own},
    ]
    assert code == 1


def test_the_reason_of_the_code_names_both(prompt, first):
    done = prompt("backtest", "portfolio.yaml", "-q", "--gate", "trades > baseline", "--baseline", "baseline.json")
    trades = first["portfolio"]["metrics"]["trades"]
    assert (done.code, done.err) == (1, f"gate failed: trades > baseline (value: {trades}, baseline: {trades})\n")


def test_gates_of_the_file(prompt, first):
    prompt.write("gated.yaml", (prompt.folder / "portfolio.yaml").read_text().replace('">= 1"', '">= baseline - 2"'))
    valid = prompt("validate", "gated.yaml")
    assert (valid.code, "gates: trades >= baseline - 2" in valid.out) == (0, True)
    done = prompt("backtest", "gated.yaml", "--baseline", "baseline.json", "--format", "json")
    assert [gate["passed"] for gate in done.document["gates"]] == [True]
    run = prompt.folder / done.document["paths"]["run"]
    stored = json.loads((run / "plan.json").read_text())["gates"][0]
    assert stored == {
        "metric": "trades",
        "operator": ">=",
        "threshold": -2.0,
        "baseline": first["portfolio"]["metrics"]["trades"],
    }
    overrides = json.loads((run / "run.json").read_text())["overrides"]
    assert overrides == {"baseline": "baseline.json"}


def test_no_baseline_is_given(prompt):
    done = prompt("backtest", "single.yaml", "--gate", "sharpe >= baseline", "--gate", "trades > baseline - 1")
    assert (done.code, done.out, prompt.runs) == (2, "", [])
    assert done.err.splitlines()[::2] == [
        "gate 'sharpe >= baseline' needs a baseline, and none is given",
        "gate 'trades > baseline - 1.0' needs a baseline, and none is given",
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.json", "{", "b.json: can't be read: "),
        ("b.json", "[1]", "b.json: can't be read: not the figures of a run"),
        ("b.json", '{"portfolio": {"metrics": {"sharpe": null}}}', "b.json has no figure 'sharpe'"),
        *(
            ("b.json", f'{{"portfolio": {{"metrics": {{"sharpe": {value}}}}}}}', "b.json has no figure 'sharpe'")
            for value in ("NaN", "-Infinity", "true", "1e999", "1" + "0" * 400)
        ),
        ("b.json", '{"portfolio": {"metrics": {"sharpe": "high"}}}', "b.json has no figure 'sharpe'"),
        ("20990101", "", "no such file: 20990101, and there is no run in reports"),
    ],
)
def test_a_baseline_of_no_use_is_code_2(prompt, name, content, message):
    if content:
        prompt.write(name, content)
    done = prompt("backtest", "single.yaml", "--gate", "sharpe >= baseline", "--baseline", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"--baseline: {message}")
    assert [line for line in done.err.splitlines()[1:] if "hint: " not in line] + prompt.runs == []


def test_a_damaged_run_is_no_baseline(prompt, first):
    (prompt.runs[0] / "metrics.json").write_text("{}")
    done = prompt("backtest", "single.yaml", "--gate", "sharpe >= baseline", "--baseline", "latest")
    assert done.code == 2
    assert "changed since the run" in done.err


def test_no_such_run(prompt, first):
    assert prompt("baseline", "1999").code == 5


@pytest.mark.parametrize(
    ("gate", "valid"),
    [
        (">= baseline", True),
        ("<baseline+.5", True),
        ("  ==  baseline  -  1e3 ", True),
        (">= baseline * 2", False),
        (">= baseline -", False),
    ],
)
def test_the_schema_and_validate_agree(prompt, gate, valid):
    schema = prompt("schema").document
    document = {"strategy": "MOMENTUM", "gates": {"sharpe": gate}}
    assert jsonschema.Draft202012Validator(schema).is_valid(document) is valid
    prompt.write("gated.yaml", f"strategy: MOMENTUM\ngates: {{sharpe: '{gate}'}}\n")
    assert (prompt("validate", "gated.yaml").code == 0) is valid
