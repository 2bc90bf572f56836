"""Returns from closes: own symbols equally weighted, on the stamps that all strategies have in common."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrate.analytics.weights.history import common_stamps, returns_of
from orchestrate.domain.market.timeline import Closes


def closes(*pairs: tuple[int, float]) -> Closes:
    stamps, prices = zip(*pairs, strict=True) if pairs else ((), ())
    return Closes(np.array(stamps, dtype=np.int64), np.array(prices, dtype=np.float64))


CLOSES = {
    "A": closes((1, 10.0), (2, 11.0), (3, 12.0), (4, 12.0), (5, 9.0)),
    "B": closes((1, 50.0), (2, 40.0), (4, 80.0), (5, 60.0), (6, 61.0)),
    "C": closes((1, 1.0), (2, 2.0), (4, 1.0), (5, 1.5)),
}
SYMBOLS = {"one": ("A",), "two": ("B", "C")}


def test_returns_are_means_over_own_symbols_on_common_stamps() -> None:
    stamps = common_stamps(CLOSES, SYMBOLS)
    assert stamps.tolist() == [1, 2, 4, 5]
    returns = returns_of(CLOSES, SYMBOLS, stamps)
    assert (returns.ids, returns.stamps.tolist()) == (("one", "two"), [2, 4, 5])
    assert returns.values[:, 0] == pytest.approx([0.1, 12 / 11 - 1, -0.25])
    assert returns.values[:, 1] == pytest.approx([(-0.2 + 1.0) / 2, (1.0 - 0.5) / 2, (-0.25 + 0.5) / 2])


def test_returns_over_the_last_stamps_alone() -> None:
    returns = returns_of(CLOSES, SYMBOLS, common_stamps(CLOSES, SYMBOLS)[-2:])
    assert returns.stamps.tolist() == [5]
    assert returns.values[:, 0] == pytest.approx([-0.25])


@pytest.mark.parametrize("price", [np.nan, np.inf, 0.0, -3.0])
def test_a_close_of_which_no_return_is_made_is_no_close(price: float) -> None:
    torn = CLOSES | {"C": closes((1, 1.0), (2, price), (4, 1.0), (5, 1.5))}
    assert common_stamps(torn, SYMBOLS).tolist() == [1, 4, 5]
    assert np.isfinite(returns_of(torn, SYMBOLS, common_stamps(torn, SYMBOLS)).values).all()


def test_series_that_never_meet_have_no_returns() -> None:
    apart = CLOSES | {"C": closes()}
    assert len(common_stamps(apart, SYMBOLS)) == 0
    assert returns_of(apart, SYMBOLS, common_stamps(apart, SYMBOLS)).values.shape == (0, 2)
