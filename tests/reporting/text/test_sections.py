"""What single sections say: of orders, of findings that are alike, of frameworks, of the curve."""

from __future__ import annotations

import io

import pytest

from orchestrate.domain.results import Finding
from orchestrate.reporting.text.portfolio import sparkline
from orchestrate.reporting.text.summary import show
from tests.reporting.documents import document_of


def shown(run, **how):
    file = io.StringIO()
    show(run, file=file, **how)
    return file.getvalue()


def section(text, title):
    return text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()


@pytest.fixture
def document(two_strategies):
    return document_of(two_strategies, exit_code=0)


def test_a_framework_has_a_line_only_where_it_holds_several(result_of, hand_made):
    strategies = {
        "a": hand_made([1.0, 2.0, 1.5]),
        "b": hand_made([1.0, 1.0, 1.2]),
        "c": hand_made([1.0, 1.1, 1.0], framework="nautilus"),
    }
    names = [line.split()[:2] for line in section(shown(document_of(result_of(strategies)), width=80), "Strategies")]
    assert ["all", "backtrader"] in names
    assert ["all", "nautilus"] not in names


def test_correlation_from_three_strategies_on(result_of, hand_made):
    curves = {"a": [1.0, 2.0, 1.5, 1.6], "b": [1.0, 1.2, 1.0, 1.1], "c": [2.0, 1.0, 1.4, 1.2]}
    result = result_of({name: hand_made(curve) for name, curve in curves.items()})
    matrix = document_of(result)["correlation"]
    rows = section(shown(document_of(result), width=80), "Correlation")
    assert rows[2].split() == ["2", "b", f"{matrix['b']['a']:.2f}"]
    assert rows[3].split() == ["3", "c", f"{matrix['c']['a']:.2f}", f"{matrix['c']['b']:.2f}"]


def test_pairs_that_diversify_and_those_that_are_one_bet_are_named(result_of, hand_made):
    document = document_of(result_of({name: hand_made([1.0, 2.0, 1.5, 1.6]) for name in "abc"}))
    pairs = [{"strategies": ["a", f"s{place}"], "correlation": 0.1} for place in range(6)]
    document["correlated"] = {"diversifiers": pairs, "alike": pairs[:1]}
    apart, alike = section(shown(document, width=80), "Correlation")[-2:]
    assert apart == "  diversify (a, s0), (a, s1), (a, s2), (a, s3) and 2 more"
    assert alike == "  one bet (a, s0)"
    assert "(a, s5)" in shown(document)


def test_a_matrix_that_is_too_wide_gives_its_extreme_pairs(result_of, hand_made):
    names = [f"strategy_{place:02}" for place in range(14)]
    curves = {name: [1.0, 1.0 + place / 10, 1.5, 1.0 + place % 3] for place, name in enumerate(names)}
    rows = section(shown(document_of(result_of({n: hand_made(c) for n, c in curves.items()})), width=80), "Correlation")
    figures = [float(row.split()[0]) for row in rows if row.split()[0][-1].isdigit()]
    assert len(figures) == 8
    assert figures == sorted(figures, reverse=True)


def test_the_five_most_frequent_reasons(document):
    names = ("capital", "open_gap", "limit", "conflict", "below_one_lot", "no_stop")
    reasons = [{"reason": name, "count": 9 - place, "money": 1e6} for place, name in enumerate(names)]
    document["demands"] |= {"count": 1234, "resized": 30, "blocked": 9, "reasons": reasons}
    lines = section(shown(document, width=80), "Cuts and refusals")
    assert lines[0] == "  1,234 demands: 30 cut, 9 refused"
    assert [line.split()[0] for line in lines if "1,000,000.00" in line] == list(names[:5])
    assert lines[-1] == "  and 1 more (-v shows all)"
    assert "no_stop" in shown(document, width=80, verbose=True)
    assert "no_stop" in shown(document)


def test_limits_are_named(document):
    reasons = [{"reason": "limit", "count": 1200, "money": 1e6}]
    document["demands"] |= {"reasons": reasons, "limits": {"max_positions": 1150, "cooldown": 50}}
    assert "a limit was reached: max_positions 1,150, cooldown 50" in shown(document)


def test_who_trades_no_more_and_since_when(document):
    assert "Stopped" not in shown(document)
    document["stopped"] = {"limit": "max_drawdown", "figure": 0.31234, "bound": 0.3, "bar_date": "2020-01-03"}
    changes = [{"status": "paused", "bar_date": "2020-01-02", "moment": "open"}]
    document["strategies"]["wave"] |= {"status": "paused", "status_changes": changes}
    document["strategies"]["climb"] |= {"status": "waiting"}
    assert section(shown(document), "Stopped") == [
        "  portfolio  stopped at the close of 2020-01-03: max_drawdown 0.3123 of 0.3",
        "  wave       paused since the open of 2020-01-02",
        "  climb      waiting",
    ]


def test_conflicts_are_counted_where_they_were(document):
    document["conflicts"] = {"count": 12, "opposite": 7, "policy": "independent", "symbols": {"IBM": 9, "SAP": 3}}
    first, second = section(shown(document, width=80), "Conflicts")
    assert first == "  12 on one symbol and bar, 7 of opposite sides: IBM 9, SAP 3"
    assert second == "  policy independent: each book trades its own; conflicts are reported"


def test_open_positions_the_largest_first(document):
    one = {"strategy_id": "wave", "symbol": "IBM", "quantity": 3.0, "opened": "2020-01-04", "average_price": 10.25}
    one |= {"price": 12.5, "worth": 37.5, "open_profit": 6.75}
    document["open_positions"] = [one, one | {"symbol": "SAP", "quantity": -80.0, "worth": -1000.0}]
    lines = section(shown(document, width=80), "Open positions")
    assert lines[1].split() == ["wave", "SAP", "-80", "10.25", "12.5", "-1,000.00", "6.75", "2020-01-04"]
    assert lines[2].split() == ["wave", "IBM", "3", "10.25", "12.5", "37.50", "6.75", "2020-01-04"]


def test_documents_of_earlier_versions_lack_sections(document):
    for name in ("demands", "conflicts", "open_positions", "equity_sketch", "peaks"):
        del document[name]
    text = shown(document, width=80)
    for title in ("Cuts and refusals", "Conflicts", "Open positions", "Equity"):
        assert title not in text


def test_findings_that_are_alike_are_one(result_of, hand_made):
    calendar = [
        Finding("warning", symbol, f"{count} gaps of more than a week, the longest of {count} days", count)
        for symbol, count in (("IBM", 3), ("SAP", 12), ("BMW", 4))
    ]
    equal = [Finding("warning", symbol, "has no volume") for symbol in ("IBM", "SAP", "BMW", "VOW", "DAI")]
    document = document_of(result_of({"a": hand_made([1.0, 2.0])}, findings=(*calendar, *equal)))
    text = shown(document)
    assert "warning  IBM: 3 gaps of more than a week, the longest of 3 days; likewise SAP, BMW\n" in text
    assert "warning  IBM, SAP, BMW, VOW and 1 more: has no volume\n" in text
    assert "warning  DAI: has no volume\n" in shown(document, verbose=True)


def test_warnings_of_compatibility_that_are_alike_are_one(document):
    pairs = ("a, b", "a, c", "b, c")
    warnings = [
        f"{pair}: {place}% of their deep drawdowns are at the same time" for place, pair in enumerate(pairs, 60)
    ]
    document["compatibility"] = {"score": 40, "required": 0, "warnings": [*warnings, "IBM: traded by a, b"]}
    assert section(shown(document), "Compatibility")[1:] == [
        "  warning  a, b: 60% of their deep drawdowns are at the same time; likewise (a, c), (b, c)",
        "  warning  IBM: traded by a, b",
    ]


def test_what_compatibility_warns_of_is_no_finding_again(result_of, hand_made):
    findings = (Finding("info", "IBM", "traded by a, b: their orders can conflict"), Finding("info", "IBM", "is odd"))
    document = document_of(result_of({"a": hand_made([1.0, 2.0])}, findings=findings))
    warning = "IBM: traded by a, b: their orders can conflict"
    document["compatibility"] = {"score": 90, "required": 0, "warnings": [warning]}
    assert shown(document).count(warning) == 1
    assert "info  IBM: is odd\n" in shown(document)


def test_a_pipe_shortens_and_wraps_nothing(result_of, hand_made):
    name, message = "x" * 60, "word " * 40 + "end"
    document = document_of(result_of({name: hand_made([1.0, 2.0])}, findings=(Finding("info", "IBM", message),)))
    piped = shown(document)
    assert f"IBM: {message}\n" in piped
    assert name in piped
    assert "…" not in piped.replace(" … ", "")


@pytest.mark.parametrize("width", [8, 20, 60])
def test_a_sparkline_rises_with_its_values(width):
    line = sparkline([float(value) for value in range(60)], width)
    assert len(line) == width
    assert (line[0], line[-1]) == ("▁", "█")
    assert sorted(line) == list(line)


def test_a_flat_curve_is_no_picture():
    assert sparkline([5.0] * 20, 10) == "▁" * 10


def test_reasons_of_figures_that_are_not_shown_are_left_out(result_of, hand_made):
    document = document_of(result_of({"a": hand_made([1.0, 2.0])}, findings=()))
    messages = ("no value for payoff, sharpe, mfe: no luck", "no value for mae: none", "no value for correlation: flat")
    document["findings"] = [{"severity": "info", "where": "a", "message": one, "count": 1} for one in messages]
    assert section(shown(document), "Findings") == [
        "  info  a: no value for sharpe: no luck",
        "  info  a: no value for correlation: flat",
    ]
    assert "no value for payoff, sharpe, mfe: no luck" in shown(document, verbose=True)


def test_all_figures_are_shown_on_request(document):
    assert "payoff" not in shown(document)
    assert "payoff" in shown(document, verbose=True)


def test_what_never_moved_has_no_picture_and_no_matrix(result_of, hand_made):
    flat = {name: hand_made([5.0] * 20) for name in "abc"}
    text = shown(document_of(result_of(flat)))
    assert "Equity" not in text
    assert "Correlation" not in text


def test_tracebacks_stand_below_everything(document):
    text = shown(document, tracebacks={"wave": "Traceback …\n  a line\nValueError: no\n"})
    assert text.endswith("\n\nTraceback of wave\nTraceback …\n  a line\nValueError: no\n")


@pytest.mark.parametrize(
    ("status", "blocked", "folder", "command"),
    [
        ("degraded", 2, "reports/x", "orchestrate report RUN --traceback"),
        ("completed", 2, "reports/x", "orchestrate explain RUN"),
        ("completed", 0, "my runs/x", "orchestrate report RUN --reports 'my runs' --format html --open"),
    ],
)
def test_the_last_line_is_what_to_do_next(document, status, blocked, folder, command):
    document["status"], document["demands"]["blocked"], document["paths"]["run"] = status, blocked, folder
    assert shown(document).endswith(f"\nnext     {command.replace('RUN', document['run_id'])}\n")
