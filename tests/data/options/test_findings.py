"""What is noticed about a chain: each fault alone, with its count and its first place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrate.domain.market.timeline import Closes
from tests.data.options.chains import messages, read, rows

DAY = 86_400 * 10**9
FIRST = 17570  # 2018-02-08
CLEAN = [
    f"2018-02-0{day},2018-02-28,{strike},{right},{price:.2f},{price + 1:.2f}"
    for day in (8, 9)
    for strike in (2650, 2700, 2750, 2800, 2850)
    for right, price in (("call", max(0, 2750 - strike) + 30), ("put", max(0, strike - 2750) + 30))
]


def changed(place: int, bid: float | str, ask: float | str, spot: str = "2750") -> str:
    """The clean rows with another quote at a place, counted from 0."""
    lines = [f"{line},2750" for line in CLEAN]
    lines[place] = ",".join([*lines[place].split(",")[:4], str(bid), str(ask), spot])
    return rows(*lines)


def test_a_clean_chain_has_no_findings(tmp_path: Path) -> None:
    assert read(tmp_path, rows(*CLEAN))[1] == []


@pytest.mark.parametrize(
    ("place", "bid", "ask", "message"),
    [
        (0, 131.5, 131, "quotes are crossed, their bid is above their ask: 2018-02-08 SPXW 2018-02-28 C 2650 (line 2)"),
        (3, 30.5, 30.5, "quotes are locked, their bid is their ask: 2018-02-08 SPXW 2018-02-28 P 2700 (line 5)"),
        (3, -1, 31, "sides are below zero: 2018-02-08 SPXW 2018-02-28 P 2700 (line 5); they count as none"),
        (
            3,
            0,
            0,
            "quotes have neither bid nor ask: 2018-02-08 SPXW 2018-02-28 P 2700 (line 5); nothing trades at them",
        ),
        (
            3,
            "",
            "",
            "quotes have neither bid nor ask: 2018-02-08 SPXW 2018-02-28 P 2700 (line 5); nothing trades at them",
        ),
    ],
)
def test_a_single_bad_quote(place, bid, ask, message, tmp_path: Path) -> None:
    chain, findings = read(tmp_path, changed(place, bid, ask))
    assert messages(findings) == [message]
    assert [(one.severity, one.where, one.count) for one in findings] == [("warning", "SPXW (chain.csv)", 1)]
    assert not (chain.quoted["bid"] < 0).any()


def test_a_bid_of_zero_beside_an_ask_is_no_fault(tmp_path: Path) -> None:
    chain, findings = read(tmp_path, changed(18, 0, 0.05))
    assert "neither" not in " ".join(messages(findings))
    assert (chain.quoted["bid"] == 0).sum() == 1


def test_a_call_that_is_dearer_than_one_of_a_lower_strike(tmp_path: Path) -> None:
    _, findings = read(tmp_path, changed(2, 132, 133))
    assert findings[0].message.endswith("or a put's of a higher: 2018-02-08 SPXW 2018-02-28 C 2700 (line 4)")
    _, findings = read(tmp_path, changed(7, 132, 133))  # the put of 2800 costs as much as that of 2850
    assert findings[0].message.endswith("or a put's of a higher: 2018-02-08 SPXW 2018-02-28 P 2800 (line 9)")


def test_a_pair_that_breaks_parity(tmp_path: Path) -> None:
    _, findings = read(tmp_path, changed(0, 156, 157))
    assert messages(findings)[-1] == (
        "calls and puts of one strike break parity beyond their spreads: 2018-02-08 SPXW 2018-02-28 C 2650 (line 2)"
    )


@pytest.mark.parametrize(("rate", "yields"), [(0.0, 0.0), (0.08, 0.0), (0.0, 0.08), (0.05, 0.02)])
def test_rates_and_dividends_break_no_parity(rate: float, yields: float, tmp_path: Path) -> None:
    lines = []
    for strike in range(1500, 4100, 100):
        worth = 2750 * np.exp(-2 * yields) - strike * np.exp(-2 * rate)
        call = max(worth, 0) + 100
        for right, price in (("call", call), ("put", call - worth)):
            lines.append(f"2018-02-08,2020-02-07,{strike},{right},{price - 0.02:.4f},{price + 0.02:.4f}")
    assert "parity" not in " ".join(messages(read(tmp_path, rows(*lines))[1]))


def test_a_contract_that_is_quoted_twice(tmp_path: Path) -> None:
    chain, findings = read(tmp_path, rows(*CLEAN, CLEAN[0].replace("130.00,131.00", "129.00,131.00")))
    assert messages(findings) == ["contracts are quoted twice at one moment: line 2; the last quote counts"]
    assert (len(chain), chain.quoted["bid"][0]) == (len(CLEAN), 129.0)


def test_quotes_from_after_expiry_are_left_out(tmp_path: Path) -> None:
    chain, findings = read(tmp_path, rows(*CLEAN, "2018-02-09,2018-02-08,2700,put,1,2"))
    assert messages(findings) == ["quotes are from after the expiry of their contracts: line 22; they are left out"]
    assert len(chain) == len(CLEAN)


def test_an_expiry_that_is_missing_on_a_day(tmp_path: Path) -> None:
    later = [f"2018-02-{day},2018-02-28,2700,put,10,11" for day in ("08", "12")]
    other = [f"2018-02-{day},2018-03-28,2700,put,10,11" for day in ("08", "09", "12")]
    _, findings = read(tmp_path, rows(*later, *other))
    assert messages(findings) == ["expiries have no quote on a day before they end: 2018-02-09 SPXW 2018-02-28"]
    ended = [f"2018-02-{day},2018-03-28,2700,put,10,11" for day in ("27", "28")]
    assert read(tmp_path, rows("2018-02-27,2018-02-28,2700,put,10,11", *ended))[1] == []


def test_a_chain_without_its_underlying(tmp_path: Path) -> None:
    bare = rows(*(f"{line}," for line in CLEAN))
    _, findings = read(tmp_path, bare)
    assert messages(findings) == [
        "moments have no price of the underlying, SPX, first 2018-02-08; give the bars of SPX from then on"
    ]
    late = Closes(np.array([FIRST + 1]) * DAY, np.array([2750.0]))
    assert [one.count for one in read(tmp_path, bare, closes=late)[1]] == [1]
    assert read(tmp_path, bare, closes=Closes(np.array([FIRST]) * DAY, np.array([2750.0])))[1] == []


def test_a_chain_on_another_scale_than_its_underlying(tmp_path: Path) -> None:
    adjusted = Closes(np.array([FIRST, FIRST + 1]) * DAY, np.array([687.5, 688.0]))
    _, findings = read(tmp_path, rows(*CLEAN), closes=adjusted)
    assert messages(findings) == [
        "quotes and the prices of SPX are on different scales, first 2018-02-08 (2750 against 687.5); "
        "use closes that are not adjusted for splits"
    ]
    assert findings[0].count == 2


def test_a_split_between_two_days(tmp_path: Path) -> None:
    split = []
    for line in CLEAN:
        date, expiry, strike, right, bid, ask = line.split(",")
        part = 7 if date == "2018-02-09" else 1
        quotes = f"{float(bid) / part},{float(ask) / part},{2750 / part}"
        split.append(f"{date},{expiry},{float(strike) / part},{right},{quotes}")
    assert messages(read(tmp_path, rows(*split))[1])[-1] == (
        "the underlying moves by over 40% from one moment to the next: a split?: 2018-02-09 (2750 to 392.857); "
        "contracts from before it can't be followed beyond it"
    )
