"""Labels as people read them."""

from __future__ import annotations

import pytest

from orchestrate.domain.market.stamps import label_text

SECOND = 10**9
DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (0, "1970-01-01"),
        (-DAY, "1969-12-31"),
        (18_262 * DAY, "2020-01-01"),
        (18_262 * DAY + 34_200 * SECOND, "2020-01-01T09:30:00Z"),
        (18_262 * DAY + 34_200 * SECOND - 1_000_000, "2020-01-01T09:29:59.999Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_date_at_midnight_else_the_moment(label, text):
    assert label_text(label) == text
