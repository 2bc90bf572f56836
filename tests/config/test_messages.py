"""A mistake is printed exactly as docs/reference/command-line.md shows it, and stays readable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.config.resolve import Resolution
from orchestrate.domain.errors import ConfigurationError, DataError, Problem

Read = Callable[..., Resolution]


def test_as_in_the_reference(read: Read) -> None:
    lines = ["# a portfolio"] * 9
    lines += ["data: {IBM: IBM.csv}", "strategies:", "  trend:", "    name: MOMENTUM", "    alocation: 40"]
    (problem,) = read("\n".join(lines) + "\n").mistakes
    assert str(problem) == (
        "config.yaml:14:5: unknown key 'alocation' in strategies.trend\n"
        "   14 |     alocation: 40\n"
        "      |     ^^^^^^^^^ did you mean 'allocation'?"
    )


def test_all_mistakes_in_the_order_of_lines(read: Read) -> None:
    text = "benchmark: SPY\ngates: {sharp: '> 1'}\nstrategy: RSSI\ncapitl: 3\ndata: {IBM: nowhere.csv}\nstart: never\n"
    resolution = read(text)
    assert [problem.line for problem in resolution.mistakes] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ConfigurationError) as caught:
        resolution.runnable()
    assert caught.value.problems == resolution.mistakes
    assert [len(resolution.problems), len(resolution.missing)] == [5, 1]


def test_what_a_run_needs(read: Read) -> None:
    good = read("strategy: RSI\ndata: {IBM: IBM.csv}\n")
    assert good.runnable() is good.plan
    with pytest.raises(DataError, match=r"no such file: nowhere\.csv"):
        read("strategy: RSI\ndata: {IBM: nowhere.csv}\n").runnable()
    with pytest.raises(DataError, match="has no 'data'"):
        read("strategy: RSI\n").runnable()


def test_very_long_lines_are_shown_around_the_mistake(read: Read) -> None:
    entries = ", ".join(f"S{i}: {{synthetic: {{}}}}" for i in range(100))
    (problem,) = read(f"data: {{{entries}, X: {{pth: a}}}}\nstrategy: RSI\n").mistakes
    _, shown, carets = str(problem).split("\n")
    assert problem.column > 2000
    assert len(shown) < 220
    assert shown.startswith("    1 | …")
    start = carets.index("^")
    assert shown[start : start + 3] == "pth"
    assert carets[start : start + 4] == "^^^ "


def test_carets_are_under_the_wrong_text_in_any_script() -> None:
    wide = Problem("a.yaml", 1, 7, "wrong", width=3, source="  日本: 日本語 x")
    assert str(wide).split("\n")[2] == "      |         ^^^^^^"
    accent = Problem("a.yaml", 1, 4, "wrong", width=1, source="e\u0301: b")
    assert str(accent).split("\n")[2] == "      |   ^"


def test_carets_end_with_the_line() -> None:
    problem = Problem("a.yaml", 1, 3, "wrong", width=50, source="a: b")
    assert str(problem).split("\n")[2] == "      |   ^^"


def test_names_with_line_breaks_stay_on_one_line(read: Read) -> None:
    (problem,) = read('strategy: RSI\ndata: {IBM: IBM.csv}\n"a\\nb\\u202e": 1\n').mistakes
    assert problem.message == "unknown key 'a\\nb\\u202e'"


def test_too_many_mistakes_are_counted(read: Read) -> None:
    problems = read("strategy: RSI\n" + "".join(f"k{i}: 1\n" for i in range(1000))).mistakes
    assert len(problems) == 251
    assert str(problems[-1]) == "config.yaml: … and 750 more mistakes"


@pytest.mark.parametrize(
    ("start", "end"),
    [("0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-12:00"), ("1600-01-01", "2500-01-01"), ("9999-12-31", "null")],
)
def test_start_and_end_may_lie_beyond_what_can_be_counted(start: str, end: str, read: Read) -> None:
    assert read(f"strategy: RSI\ndata: {{IBM: IBM.csv}}\nstart: {start}\nend: {end}\n").mistakes == ()
    if end != "null":
        (problem,) = read(f"strategy: RSI\ndata: {{IBM: IBM.csv}}\nstart: {end}\nend: {start}\n").mistakes
        assert (problem.line, problem.message) == (4, f"end: {start} lies before start, {end}")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{synthetic: {start: 9999-01-01}}", "data.X.synthetic: bars from 9999-01-01 on reach beyond the year 2261"),
        ("{synthetic: {start: 1600-01-01}}", "data.X.synthetic: start must lie in the years 1678 to 2261"),
        ("{synthetic: {bars: 20000000}}", "data.X.synthetic: bars from 2010-01-04 on reach beyond the year 2261"),
        ("{path: IBM.csv, frequency: 999999d}", "data.X.frequency: frequency must be a year (366d) at most"),
        ("{resample: {of: IBM, to: 999999d}}", "data.X.resample.to: frequency must be a year (366d) at most"),
    ],
)
def test_bars_beyond_what_can_be_counted_are_mistakes(entry: str, message: str, read: Read) -> None:
    (problem,) = read(f"strategy: RSI\ndata:\n  IBM: IBM.csv\n  X: {entry}\n").mistakes
    assert problem.line == 4
    assert problem.message.startswith(message)


def test_values_that_begin_as_yaml_does_not_stand_for_themselves(read: Read) -> None:
    text = "strategy: RSI\ndata: {IBM: IBM.csv}\n"
    overrides = ("data.IBM.decimal=,", "data.IBM.date_format=%d/%m/%Y", "data.IBM.delimiter=|")
    plan = read(text, overrides=overrides).runnable()
    assert (plan.data["IBM"].decimal, plan.data["IBM"].date_format, plan.data["IBM"].delimiter) == (
        ",",
        "%d/%m/%Y",
        "|",
    )


FOREIGN = """\
capital: {{total: 1000, currency: {capital}}}
data: {{A: {{path: A.csv}}, "{rate}": {{path: rate.csv}}}}
instruments: {{A: {{currency: JPY, fx: "{rate}"}}}}
strategy: MOMENTUM
"""


@pytest.mark.parametrize("rate", ["USDJPY", "USD/JPY", "usd_jpy", "USDJPY=X", "USDJPY_1h"])
def test_a_rate_that_is_the_inverse_by_its_name_is_a_warning(rate: str, read: Read) -> None:
    resolution = read(FOREIGN.format(capital="USD", rate=rate))
    assert resolution.problems == ()
    [finding] = [one for one in resolution.findings if one.where == "instruments.A"]
    assert finding.severity == "warning"
    assert finding.message == (
        f"by its name {rate} is what one USD is worth in JPY; a rate is what one JPY is worth in USD"
    )


@pytest.mark.parametrize(("capital", "rate"), [("USD", "JPYUSD"), ("EUR", "USDJPY"), ("USD", "RATE")])
def test_other_names_of_rates_are_no_warning(capital: str, rate: str, read: Read) -> None:
    resolution = read(FOREIGN.format(capital=capital, rate=rate))
    assert [one for one in resolution.findings if one.severity == "warning"] == []
