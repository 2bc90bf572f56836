"""Values are legal from birth; errors say where, what, and the way out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orchestrate.domain import errors
from orchestrate.domain.errors import ConfigurationError, DataError, OrchestrateError, Problem, UnknownStrategyError
from orchestrate.domain.instruments import Instrument
from orchestrate.domain.market import BarSeries, Timeline
from orchestrate.domain.orders import Demand
from orchestrate.domain.results import RunResult
from orchestrate.domain.stamps import label_text

DAY = 86_400_000_000_000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Instrument("A", asset_class="stonk"), "A: unknown asset class 'stonk'"),
        (lambda: Instrument("A", precision=9), r"A: precision must lie in 0..8, not 9"),
        (lambda: Instrument("A", precision=-1), "precision"),
        (lambda: Instrument("A", multiplier=0), "A: multiplier must be positive, not 0"),
        (lambda: Instrument("A", margin_rate=float("nan")), "margin_rate must be positive"),
        (lambda: Instrument("A", tick_size=-0.01), "tick_size must not be negative"),
        (lambda: Demand("s", "A", float("nan"), False, 1.0, 0, 0), "s: a demand's quantity must be a number, not nan"),
    ],
)
def test_values_that_cannot_be(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_tick_is_a_unit_of_the_last_decimal_unless_given() -> None:
    assert (Instrument("A").tick, Instrument("A", precision=5).tick, Instrument("A", tick_size=0.25).tick) == (
        0.01,
        1e-5,
        0.25,
    )


def columns(size: int) -> list[np.ndarray]:
    return [np.ones(size) for _ in range(5)]


def test_series_that_cannot_be() -> None:
    label = np.arange(3, dtype=np.int64)
    with pytest.raises(ValueError, match="A: a series needs at least one bar"):
        BarSeries("A", label[:0], *columns(0), label[:0], DAY)
    with pytest.raises(ValueError, match="A: column open has 2 rows, label has 3"):
        BarSeries("A", label, *columns(2), label, DAY)
    with pytest.raises(ValueError, match="A: labels must rise strictly"):
        BarSeries("A", np.array([0, 2, 2]), *columns(3), label, DAY)


def test_a_series_is_read_only_and_tells_its_bars() -> None:
    label = np.arange(2, dtype=np.int64) * DAY
    series = BarSeries("A", label, *columns(2), label, DAY)
    with pytest.raises(ValueError, match="read-only"):
        series.close[0] = 2.0
    assert (series.bar(1).timestamp, series.bar(1).close, series.bar(1).symbol) == (DAY, 1.0, "A")


def test_a_timeline_knows_who_has_a_bar_when() -> None:
    stamps = np.arange(4, dtype=np.int64) * DAY
    rows = {"A": np.array([0, 1, 2, -1]), "B": np.array([-1, 0, -1, 1])}
    timeline = Timeline(stamps, stamps, rows)
    assert [dict(event.rows) for event in timeline.events()] == [{"A": 0}, {"A": 1, "B": 0}, {"A": 2}, {"B": 1}]
    assert [event.t for event in timeline.events()] == stamps.tolist()
    assert (timeline.last_step("A"), timeline.last_step("B"), len(timeline)) == (2, 3, 4)


def test_a_problem_shows_its_place() -> None:
    problem = Problem(
        "config.yaml", 14, 5, "unknown key 'alocation'", "did you mean 'allocation'?", 9, "    alocation: 40"
    )
    assert str(problem) == (
        "config.yaml:14:5: unknown key 'alocation'\n"
        "   14 |     alocation: 40\n"
        "      |     ^^^^^^^^^ did you mean 'allocation'?"
    )


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("", 0, 0, "no such thing"), "no such thing"),
        (Problem("--set capital", 0, 0, "must be a number"), "--set capital: must be a number"),
        (Problem("a.yaml", 3, 1, "empty", "write something"), "a.yaml:3:1: empty\n    hint: write something"),
        (Problem("a.yaml", 3, 1, "odd", "", 3, "key: 1"), "a.yaml:3:1: odd\n    3 | key: 1\n      | ^^^"),
    ],
)
def test_problems_without_a_place_or_a_hint(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problems_sort_by_line() -> None:
    later, earlier = Problem("a.yaml", 10, 1, "b"), Problem("a.yaml", 9, 5, "c")
    assert sorted([later, earlier]) == [earlier, later]


def test_errors_carry_what_was_found() -> None:
    assert ConfigurationError("all wrong").problems == (Problem("", 0, 0, "all wrong"),)
    both = ConfigurationError([Problem("a", 1, 1, "x"), Problem("a", 2, 1, "y")])
    assert (len(both.problems), str(both)) == (2, "a:1:1: x\na:2:1: y")
    assert isinstance(UnknownStrategyError("Unknown strategy: X"), ValueError)
    error = DataError("there is no such file", where="A", hint="look elsewhere")
    assert str(error) == "A: there is no such file\n    hint: look elsewhere"
    assert str(DataError("nothing")) == "nothing"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("OrchestrateError", 4),
        ("ConfigurationError", 2),
        ("UnknownStrategyError", 2),
        ("DataError", 3),
        ("EngineError", 4),
        ("ReconciliationError", 4),
        ("StoreError", 4),
        ("NotFoundError", 5),
        ("TimeLimitError", 124),
        ("InterruptedRunError", 130),
    ],
)
def test_one_exit_code_a_branch(name: str, code: int) -> None:
    error = getattr(errors, name)
    assert issubclass(error, OrchestrateError)
    assert error.exit_code == code


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (0, "1970-01-01"),
        (18_262 * DAY, "2020-01-01"),
        (18_262 * DAY + 34_200_000_000_000, "2020-01-01T09:30:00Z"),
        (18_262 * DAY + 1_500_000_000, "2020-01-01T00:00:01.5Z"),
        (-DAY, "1969-12-31"),
        (-DAY + 1, "1969-12-31T00:00:00.000000001Z"),
    ],
)
def test_labels_as_texts(label: int, text: str) -> None:
    assert label_text(label) == text


def test_the_portfolio_is_its_strategies_and_the_reserve(two_strategies: RunResult) -> None:
    assert two_strategies.portfolio_equity.tolist() == pytest.approx([1000.0, 1063.0, 1000.0, 1065.4, 1003.06])
