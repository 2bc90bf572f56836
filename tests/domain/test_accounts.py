"""Accounts between strategies and books: one each, or one for all, with the same interface."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.domain.accounts import PooledAccount, StrategyAllocation, allocation
from orchestrate.domain.books import Book
from orchestrate.orchestration.risk.capital import RESERVE, PortfolioCapitalManager
from tests.domain.test_books import SHARE, fill

MARKS = {"A": 60.0}


def nothing(_strategy_id: str) -> float:
    return 0.0


def opened(*, pooled: bool, **capital: int) -> PortfolioCapitalManager:
    manager = PortfolioCapitalManager(Decimal(100_000), pooled=pooled)
    manager.open_books({name: Decimal(each) for name, each in capital.items()}, nothing)
    return manager


def test_isolated_each_strategy_lives_on_its_own() -> None:
    manager = opened(pooled=False, a=40_000, b=60_000)
    manager.books["a"].apply(fill(100, 50.0), SHARE)
    assert manager.accounts["a"].money_for_openings(manager.books["a"], 0.0, MARKS) == 35_000.0
    assert manager.accounts["b"].money_for_openings(manager.books["b"], 0.0, MARKS) == 60_000.0


def test_pooled_a_strategy_has_its_weight_of_what_all_is_worth() -> None:
    """a bought 100 at 50, they stand at 60: all is worth 101,000, of which b may use 60% whatever its book holds."""
    manager = opened(pooled=True, a=40_000, b=60_000)
    a, b = manager.books["a"], manager.books["b"]
    a.apply(fill(100, 50.0), SHARE)
    account = manager.accounts["a"]
    assert account is manager.accounts["b"]
    assert account.allocated(b, MARKS) == pytest.approx(60_600.0)
    assert allocation(account, a, 1_000.0, MARKS) == StrategyAllocation("a", 40_400.0, 5_000.0, 34_400.0, 1_000.0)


def test_pooled_the_reserve_belongs_to_all_and_others_orders_are_kept_free() -> None:
    held = {"a": 0.0, "b": 90_000.0}
    books = [Book("a", 30_000.0), Book("b", 60_000.0), Book(RESERVE, 10_000.0)]
    account = PooledAccount(books, {"a": 0.3, "b": 0.6}, lambda name: held.get(name, 0.0))
    assert account.allocated(books[0], MARKS) == pytest.approx(30_000.0)
    assert account.money_for_openings(books[0], 0.0, MARKS) == 10_000.0
    held["b"] = 0.0
    assert account.money_for_openings(books[0], 4_000.0, MARKS) == pytest.approx(26_000.0)


def test_money_that_is_moved_is_allocated_where_it_came() -> None:
    manager = opened(pooled=False, a=40_000, b=50_000)
    manager.transfer("a", "b", Decimal("1234.56"), 7)
    manager.transfer(RESERVE, "a", Decimal("0.01"), 8)
    books = manager.books
    cash = [books["a"].cash, books["b"].cash, manager.reserve.cash]
    assert cash == pytest.approx([38_765.45, 51_234.56, 9_999.99], abs=1e-9)
    assert [(flow.t, flow.amount) for flow in books["a"].flows] == [(7, -1234.56), (8, 0.01)]
    assert manager.accounts["b"].allocated(books["b"], MARKS) == 51_234.56
    assert books["a"].initial == 40_000.0


@pytest.mark.parametrize(
    ("source", "target", "amount", "message"),
    [
        ("a", "b", "40000.01", "a has 40000.00 in cash, not 40000.01"),
        (RESERVE, "b", "10000.01", "the reserve has 10000.00 in cash"),
        ("a", "b", "0", "whole cents, more than none"),
        ("a", "b", "-1", "whole cents, more than none"),
        ("a", "b", "0.001", "whole cents, more than none"),
        ("a", "x", "1", "Unknown strategy: x"),
    ],
)
def test_transfers_that_cannot_be(source: str, target: str, amount: str, message: str) -> None:
    manager = opened(pooled=False, a=40_000, b=50_000)
    with pytest.raises(ValueError, match=message):
        manager.transfer(source, target, Decimal(amount), 0)
    assert [book.cash for book in (*manager.books.values(), manager.reserve)] == [40_000.0, 50_000.0, 10_000.0]


@given(st.lists(st.tuples(st.permutations(["a", "b", RESERVE]), st.integers(1, 3_000_000)), max_size=30))
def test_transfers_conserve_money_to_the_cent(moves: list[tuple[list[str], int]]) -> None:
    for pooled in (False, True):
        manager = opened(pooled=pooled, a=40_000, b=50_000)
        books = {**manager.books, RESERVE: manager.reserve}
        cents = {"a": 4_000_000, "b": 5_000_000, RESERVE: 1_000_000}
        for (source, target, _), amount in moves:
            if amount <= cents[source]:
                manager.transfer(source, target, Decimal(amount) / 100, 0)
                cents[source] -= amount
                cents[target] += amount
        assert {name: round(book.cash * 100) for name, book in books.items()} == cents
        assert sum(book.cash for book in books.values()) == pytest.approx(100_000.0, abs=1e-6)
        assert all(abs(book.cash * 100 - round(book.cash * 100)) < 1e-4 for book in books.values())
