"""Only fills change a book: whatever else does ends the run and names the strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrate.domain.books import Accrual, Book, Flow
from orchestrate.domain.errors import ReconciliationError
from orchestrate.domain.orders.execution import Commission, ExecutionRules
from orchestrate.domain.orders.order import Fill
from orchestrate.domain.strategies.protocols import Signal
from tests.engines.builders import market_of, series
from tests.orchestration.harness import PLAIN, Flags, Part, Scripted, fixed, run_harness

BARS = [(10.0, 10.0)] * 8
BUY, SELL = [Signal.enter("A")], [Signal.exit("A")]


def dug_out(context: Any) -> Book:
    """The book, by the only way that is left: into the closures behind a context."""
    book = context._reach.cash.__closure__[0].cell_contents.book
    assert isinstance(book, Book)
    return book


def change(book: Book, name: str, by: float) -> None:
    setattr(book, name, getattr(book, name) + by)


def cheat(does: Callable[[Book], object], then: Any = ()) -> Callable[[Any], Any]:
    def answer(context: Any) -> Any:
        does(dug_out(context))
        return then

    return answer


def add(by: float, then: Any = ()) -> Callable[[Any], Any]:
    return cheat(lambda book: change(book, "cash", by), then)


def run(plan: dict[int, Any], rules: ExecutionRules = PLAIN) -> Any:
    parts = {
        "cheat": Part(Scripted(plan), pct=50, sizing=fixed(7)),
        "honest": Part(Flags(long=[1], out=[5]), pct=50, sizing=fixed(3)),
    }
    return run_harness(market_of(series("A", BARS)), parts, rules)


@pytest.mark.parametrize(
    ("plan", "when"),
    [
        ({3: add(1e6)}, "at the end|step"),
        ({0: add(1e6, BUY)}, "before the fill of cheat-1|step"),
        ({0: BUY, 3: add(1e6, SELL)}, "before the fill of cheat-2"),
        ({0: add(1e6, BUY), 4: add(-1e6)}, "before the fill of cheat-1|step"),
        ({7: add(0.000001)}, "at the end"),
        ({0: BUY, 3: cheat(lambda book: change(book, "cash", 1e-9), SELL)}, "before the fill of cheat-2"),
    ],
    ids=["idle", "for an order", "while in", "taken back", "in the last bar", "the smallest part of a cent"],
)
def test_cash_that_no_fill_brought_ends_the_run(plan: dict[int, Any], when: str) -> None:
    with pytest.raises(ReconciliationError, match=rf"the book of cheat has .* \(.*({when}).*\)"):
        run(plan)


def a_fill_of_its_own(book: Book) -> None:
    book.apply(Fill("cheat-9", "cheat", "A", -5.0, 1000.0, 0.0, 0), book.positions["A"].instrument)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda book: change(book, "realised", 1000.0), "has realised 1000.0, rebuilt from its fills it has 0.0"),
        (lambda book: change(book, "fees", -1.0), "has fees -1.0"),
        (lambda book: change(book, "initial", 1.0), "has initial 50001.0"),
        (lambda book: setattr(book.positions["A"], "average_price", 1.0), "has positions"),
        (lambda book: setattr(book.positions["A"], "quantity", 700.0), "has positions"),
        (a_fill_of_its_own, "has cash"),
        (lambda book: book.transfer(1000.0, 0), "has cash 50930.0|has cash 51"),
        (lambda book: book.accrue(Accrual(0, "A", 5.0)), "has cash"),
        (lambda book: book.flows.append(Flow(0, 1000.0)), r"has flows \[Flow"),
    ],
    ids=["realised", "fees", "initial", "average price", "quantity", "a fill", "a transfer", "borrow", "a flow"],
)
def test_the_whole_book_is_rebuilt_from_its_fills(does: Callable[[Book], object], message: str) -> None:
    with pytest.raises(ReconciliationError, match=f"the book of cheat .*{message}"):
        run({0: BUY, 7: cheat(does)})


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_honest_books_come_to_the_last_digit(fill: Any) -> None:
    rules = ExecutionRules(fill=fill, commission=Commission(percent=0.1, minimum=0.37))
    flip = [Signal.exit("A"), Signal.enter("A", "short")]
    done = run({0: BUY, 2: flip, 4: SELL, 5: BUY}, rules)
    assert len(done.fills("cheat")) >= 4
    assert done.results["cheat"].status == "completed"
    [position] = done.results["cheat"].open_positions
    position.quantity = 0.0  # what is left behind is no part of the book
    assert done.orchestrator.strategies["cheat"].book.quantity("A") == 7.0
