"""`backtest --format junit`: accepted by the strictest schema, a case for each gate and each strategy."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit.xsd"))


def cases(done):
    """Each case by owner and name, with how it ended; the schema and the counts are checked on the way."""
    root = etree.fromstring(done.out.encode())
    SCHEMA.assertValid(root)
    (suite,) = root
    assert int(suite.get("tests")) == len(suite.findall("testcase"))
    for kind in ("failure", "error"):
        assert int(suite.get(f"{kind}s")) == len(suite.findall(f"testcase/{kind}"))
    ends = {}
    for case in suite.findall("testcase"):
        problem = case[0] if len(case) else None
        ends[case.get("classname"), case.get("name")] = None if problem is None else (problem.tag, problem.text)
    return ends


def junit(prompt, *words):
    return prompt("backtest", *words, "--format", "junit")


def test_a_case_for_each_gate_and_each_strategy(prompt):
    done = junit(prompt, "portfolio.yaml", "--gate", "strategies.trend.trades >= 1")
    assert (done.code, done.err) == (0, "")
    assert cases(done) == {
        ("trend", "run"): None,
        ("dips", "run"): None,
        ("both", "run"): None,
        ("portfolio", "trades >= 1.0"): None,
        ("trend", "strategies.trend.trades >= 1.0"): None,
    }


def test_failed_gates_and_names_that_come_twice(prompt):
    done = junit(prompt, "single.yaml", *("--gate", "trades > 1000") * 2, "--gate", "profit_factor > 1e6")
    ends = cases(done)
    assert done.code == 1
    assert ends.pop(("portfolio", "trades > 1000.0")) == ends.pop(("portfolio", "trades > 1000.0 (2)"))
    kind, text = ends.pop(("portfolio", "profit_factor > 1000000.0"))
    assert (kind, text.startswith("the value is ")) == ("failure", True)
    assert ends == {("MOMENTUM", "run"): None}


def test_a_baseline_is_named(prompt):
    prompt("backtest", "single.yaml", "-q")
    done = junit(prompt, "single.yaml", "--gate", "trades < baseline", "--baseline", "latest")
    kind, text = cases(done)["portfolio", "trades < baseline"]
    assert (kind, ", the baseline is " in text) == ("failure", True)


def test_strategies_that_fail_or_look_ahead(prompt):
    prompt.write(
        "bad.yaml",
        """\
capital: 200000
data: {AAA: {synthetic: {bars: 100, seed: 7, frequency: 1d}}}
strategies:
  quits: {name: "broken.py:Quitter", allocation: 50}
  knows: {name: "broken.py:Prophet", allocation: 50}
""",
    )
    done = junit(prompt, "bad.yaml")
    ends = cases(done)
    assert done.code == 1
    kind, text = ends["quits", "run"]
    assert (kind, "RuntimeError: enough is enough" in text) == ("error", True)
    kind, text = ends["knows", "run"]
    assert (kind, "look" in text) == ("failure", True)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["single.yaml", "--set", "capitl=3"], 2, "unknown key 'capitl'"),
        (["nowhere.yaml"], 2, "nowhere.yaml"),
        (["single.yaml", "--data", "AAA=nowhere.csv"], 3, "nowhere.csv"),
        (["single.yaml", "--set", "logging.path=/dev/null/j.jsonl"], 4, "the journal can't be written"),
    ],
)
def test_what_could_not_be_run_is_an_error(prompt, words, code, text):
    done = junit(prompt, *words)
    (end,) = cases(done).values()
    assert (done.code, end[0]) == (code, "error")
    assert text in end[1]
    assert text in done.err


@pytest.mark.parametrize(("words", "code"), [(["--set", "capitl=3"], 2), (["--data", "AAA=nowhere.csv"], 3)])
def test_what_parity_could_not_run_is_an_error(prompt, words, code):
    done = prompt("parity", "single.yaml", "--format", "junit", *words)
    (end,) = cases(done).values()
    assert (done.code, end[0]) == (code, "error")


def test_parity_has_a_case_for_each_comparison(prompt):
    done = prompt("parity", "single.yaml", "--format", "junit")
    assert cases(done) == {("MOMENTUM", name): None for name in ("orders", "trades", "equity")}


@pytest.mark.parametrize("command", ["backtest", "parity"])
def test_a_bug_is_an_error_too(prompt, monkeypatch, command):
    from orchestrate.usecases import backtest
    from orchestrate.usecases.parity import run

    def broken(*_, **__):
        raise ZeroDivisionError("by\x1b[31m zero")

    monkeypatch.setattr(backtest, "_resolved", broken)
    monkeypatch.setattr(run, "parity", broken)
    done = prompt(command, "single.yaml", "--format", "junit")
    assert cases(done) == {("portfolio", "run"): ("error", "by\\x1b[31m zero")}
    assert (done.code, "Traceback" in done.err) == (4, True)


WRONG = "ValueError: no (2020-01-02)"
ERROR = {"type": "ValueError", "message": "no", "file": "mine.py", "line": 7, "bar_date": "2020-01-02"}
SHORT = {"score": 40, "required": 60, "warnings": ["a, b: alike"]}


@pytest.mark.parametrize(
    ("status", "more", "name", "end", "note"),
    [
        (
            "failed",
            {"error": ERROR},
            "run",
            ("error", "mine.py:7: ValueError: no (2020-01-02)"),
            ("mine.py", 7, "ValueError: no (2020-01-02)"),
        ),
        (
            "interrupted",
            {},
            "run",
            ("error", "interrupted after 5 bars"),
            ("a.yaml", 0, "interrupted after 5 bars"),
        ),
        ("completed", {"compatibility": SHORT}, "compatibility", ("failure", "a, b: alike"), None),
    ],
)
def test_what_is_wrong_with_the_whole_run_is_a_case_of_the_portfolio(two_strategies, status, more, name, end, note):
    from orchestrate.reporting.ci import junit, notes
    from tests.reporting.documents import document_of

    document = document_of(two_strategies) | {"status": status, **more}
    done = type("Done", (), {"out": junit.of_run(document, "backtest a.yaml")})
    assert cases(done)["portfolio", name] == end
    first = notes.of_run(document, "a.yaml")[0]
    if note:
        assert (first.severity, first.rule, first.file, first.line, first.message) == ("error", "run", *note)


def test_hostile_texts_stay_texts(prompt):
    prompt.write(
        "hostile.py",
        "class Hostile:\n"
        "    def should_enter(self, bars):\n"
        "        raise RuntimeError(']]></failure><x>&\\x00\\x1b[2J\\ud800\\n::error::no')\n"
        "    def should_exit(self, position, bars):\n        return False\n",
    )
    data = "{AAA: {synthetic: {bars: 9, seed: 7, frequency: 1d}}}"
    done = junit(prompt, prompt.write("hostile.yaml", f"strategy: hostile.py:Hostile\ndata: {data}\n"))
    kind, text = next(iter(cases(done).values()))
    assert (kind, "]]></failure><x>&\\x00\\x1b[2J\\ud800\\n::error::no" in text) == ("error", True)
    assert done.out.isascii()
