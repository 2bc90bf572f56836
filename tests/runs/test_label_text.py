"""Labels as people read them."""

from __future__ import annotations

import pytest

from orchestrate.domain.market.stamps import EARLIEST, LATEST, label_text, span_of

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


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1970-01-02", DAY, 2 * DAY - 1),
        ("1970-01", 0, 31 * DAY - 1),
        ("1970-12", 334 * DAY, 365 * DAY - 1),
        ("1972-02", 761 * DAY, 790 * DAY - 1),
        ("1970", 0, 365 * DAY - 1),
        ("1970-01-02T00:00:00Z", DAY, DAY),
        ("1970-01-02T00:00", DAY, DAY),
        ("1970-01-02T01:00:00+01:00", DAY, DAY),
        ("0001", EARLIEST, EARLIEST),
        ("9998-05-01", LATEST, LATEST),
    ],
)
def test_the_span_of_a_label_or_its_beginning(text, first, last):
    assert span_of(text) == (first, last)


@pytest.mark.parametrize("label", [1, -1, DAY + 34_200 * SECOND - 1_000_000, 18_262 * DAY + 34_200 * SECOND])
def test_every_label_is_read_as_it_is_written(label):
    assert span_of(label_text(label)) == (label, label)


@pytest.mark.parametrize(
    "text", ["", "x", "70", "1970-1", "1970-13", "1970-02-30", "9999", "0000", "1970-01-01T99:00:00Z", "١٩٧٠", "1970\n"]
)
def test_what_is_no_label(text):
    with pytest.raises(ValueError):  # the words are those of `datetime`
        span_of(text)
