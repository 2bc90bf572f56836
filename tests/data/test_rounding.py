"""No price and no volume changes at load without a finding; a price that would become 0 is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.columns import Columns
from orchestrate.data.precision import rounded
from orchestrate.domain.errors import DataError
from orchestrate.domain.plan import Adjustment
from orchestrate.usecases.inspect_data import inspect
from tests.data.reading import Load, kinds

HEADER = "timestamp,open,high,low,close,volume\n"
DAYS = ("05", "06", "09", "10", "11", "12", "13")


def flat(*prices: str, volume: str = "10") -> str:
    """Daily bars, each flat at one price."""
    rows = zip(DAYS, prices, strict=False)
    return HEADER + "".join(f"2014-06-{day},{price},{price},{price},{price},{volume}\n" for day, price in rows)


def rounding(load: Load, text: str, **instrument: object) -> list[tuple[str, str]]:
    _, findings = load({"X": text}, {"X": instrument})
    return [finding for finding in kinds(findings) if "decimals" in finding[1]]


def test_decimals_that_instruments_have_change_nothing(load: Load) -> None:
    assert rounding(load, flat("1.12345678", "1.1", "1", "0.00000001")) == []
    assert rounding(load, flat("10.25", "11.5", "12"), precision=4) == []


def test_what_is_left_of_arithmetic_is_no_change(load: Load) -> None:
    market, findings = load({"X": flat("0.30000000000000004", "1.1000000000000001", "2.675")})
    assert [finding for finding in findings if "decimals" in finding.message] == []
    assert market.series["X"].close.tolist() == [0.3, 1.1, 2.675]


def test_decimals_beyond_eight_are_reported_with_count_and_change(load: Load) -> None:
    text = flat("0.5", "0.123456789", "0.00000001234", "0.5")
    _, findings = load({"X": text})
    (finding,) = (finding for finding in findings if "decimals" in finding.message)
    assert (finding.severity, finding.where, finding.count) == ("warning", "X (X.csv)", 2)
    assert finding.message == (
        "prices have more than 8 decimals, first 2014-06-06 (line 3); "
        "they are rounded, at most by 2.34e-09, which is 0.19 of the price"
    )


def test_a_change_that_no_result_depends_on_is_an_information(load: Load) -> None:
    ((severity, message),) = rounding(load, flat("150.27000427246094", "151.5", "152"))
    assert severity == "info"
    assert message == (
        "prices have more than 8 decimals: 2014-06-05 (line 2); "
        "they are rounded, at most by 2.46e-09, which is 1.64e-11 of the price"
    )


def test_a_precision_that_removes_decimals_is_reported(load: Load) -> None:
    ((severity, message),) = rounding(load, flat("12.4", "13", "12.25"), precision=0)
    assert severity == "warning"
    assert message == (
        "prices have more than 0 decimals, first 2014-06-05 (line 2); "
        "they are rounded, at most by 0.4, which is 0.0323 of the price"
    )


@pytest.mark.parametrize(
    ("prices", "instrument", "complaint"),
    [
        (
            ("1e-10", "1", "1"),
            {},
            "prices would become 0 with 8 decimals: 2014-06-05 (line 2); write them in a smaller",
        ),
        (("1e-300", "1", "1e-13"), {}, "prices would become 0 with 8 decimals, first 2014-06-05 (line 2); write them"),
        (("0.4", "1", "1"), {"precision": 0}, "prices would become 0 with 0 decimals: 2014-06-05 (line 2); give the"),
        (("-0.4", "1", "1"), {"precision": 0, "asset_class": "future"}, "prices would become 0 with 0 decimals"),
    ],
)
def test_a_price_that_would_become_zero_is_refused(
    prices: tuple[str, ...], instrument: dict[str, object], complaint: str, load: Load
) -> None:
    with pytest.raises(DataError) as refused:
        load({"X": flat(*prices)}, {"X": instrument})
    assert f"X (X.csv): {complaint}" in str(refused.value)


def test_prices_so_great_that_they_have_no_decimals_stay() -> None:
    great = np.array([1e301, 1.5, 9e15])
    columns, findings = rounded(Columns(np.arange(3), great, great, great, great, great), 8, "X")
    assert columns.close.tolist() == great.tolist()
    assert findings == []


def test_the_command_reports_it_too(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(flat("0.5", "1e-10", "0.123456789"))
    inspected = inspect(str(tmp_path / "x.csv"))
    assert not inspected.usable
    assert [
        finding.message.split(",")[0].split(":")[0] for finding in inspected.findings if "decimals" in finding.message
    ] == [
        "prices have more than 8 decimals",
        "prices would become 0 with 8 decimals",
    ]


def test_a_split_leaves_volumes_in_fractions_as_they_are(load: Load) -> None:
    entry = {"path": "X.csv", "adjust": Adjustment((("2014-06-09", Decimal(2)),))}
    load({"X": flat("20", "20", "10", "10", volume="0.375")})
    market, findings = load({"X": entry})
    assert market.series["X"].volume.tolist() == [0.75, 0.75, 0.375, 0.375]
    assert [message for _, message in kinds(findings) if "volume" in message] == []


def test_whole_volumes_stay_whole_with_a_finding(load: Load) -> None:
    entry = {"path": "X.csv", "adjust": Adjustment((("2014-06-09", Decimal("0.3")),))}
    load({"X": flat("3", "3", "10", "10", volume="11")})
    market, findings = load({"X": entry})
    assert market.series["X"].volume.tolist() == [3, 3, 11, 11]
    (rounded,) = (finding for finding in findings if "volume" in finding.message)
    assert (rounded.message, rounded.count) == ("adjusted volumes are rounded to whole ones, at most by 0.3", 2)
