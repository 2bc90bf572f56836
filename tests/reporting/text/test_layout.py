"""Tables that fit: no number is ever cut, whatever the width."""

from __future__ import annotations

import io
import re

import pytest
from rich.text import Text

from orchestrate.reporting import output
from orchestrate.reporting.text.layout import Column, Screen, fitted

COLUMNS = [
    Column("id", right=False),
    Column("framework", right=False, rank=1),
    Column("return"),
    Column("win rate", rank=2),
    Column("because", right=False, prose=True),
]
CELLS = (
    "mean_reversion_on_futures",
    "backtrader",
    "+123,456.78%",
    "66.67%",
    "its capital does not pay for any more of it",
)


def lines(width, *, piped=False):
    file = io.StringIO()
    table = fitted(COLUMNS, [[Text(cell) for cell in CELLS]], Screen(width, piped))
    output.show(table, file=file, width=10_000 if piped else width - 2)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 80, 100, 160])
def test_every_line_fits_and_the_number_that_counts_is_whole(width):
    shown = lines(width)
    assert max(map(len, shown)) <= max(width - 2, len(CELLS[0]))
    assert any("+123,456.78%" in line for line in shown)


def test_the_highest_rank_is_left_out_first():
    assert "66.67%" in lines(100)[1]
    assert "66.67%" not in lines(80)[1]
    assert "backtrader" in lines(80)[1]
    assert "backtrader" not in lines(66)[1]


def test_a_pipe_gets_all_of_it_in_one_line():
    assert [part.strip() for part in re.split(r" {2,}", lines(20, piped=True)[1])] == [*CELLS]


def test_a_row_that_fits_nowhere_becomes_a_paragraph():
    shown = lines(30)
    assert shown[0] == CELLS[0]
    assert shown[1].split() == ["framework", "backtrader"]
    assert "return +123,456.78%" in shown[2]
