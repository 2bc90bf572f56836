"""The week of an asset class decides where a history is too short to show one."""

from __future__ import annotations

import pytest

from tests.data.reading import Load
from tests.data.test_loading import HEADER


def days(*numbers: int) -> str:
    """Daily bars of June 2014; the 7th is a Saturday."""
    return HEADER + "".join(f"2014-06-{number:02}T00:00:00Z,1,2,1,2,10\n" for number in numbers)


@pytest.mark.parametrize(
    ("asset_class", "dates", "bars"),
    [
        ("equity", (2, 3, 4, 5), 252),
        ("crypto", (2, 3, 4, 5), 365),
        ("crypto", (2, 3, 4, 5, 6, 9, 10), 252),
        ("crypto", (2, 3, 4, 5, 6, 7, 8, 9), 365),
        ("equity", (2, 3, 4, 5, 6, 7, 8, 9), 365),
        ("fx", (5, 6), 252),
    ],
)
def test_bars_a_year(asset_class: str, dates: tuple[int, ...], bars: int, load: Load) -> None:
    market, _ = load({"X": days(*dates)}, {"X": {"asset_class": asset_class}})
    assert market.periods_per_year["X"] == bars
