"""What differs between engines is found, shown with both sides, and explained only where a known property does."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest

from tests.cli.parity.engines import DEARER

MISPRICES = "tests.cli.parity.engines:Misprices"
#: Fees are beyond what floats hold to 1e-6.
HUGE = """\
strategy: MOMENTUM
config: {fast: 3, slow: 8}
capital: 999000000000
data: {AAA: {synthetic: {bars: 120, seed: 7, frequency: 1d}}}
execution: {commission: {percent: 5}}
"""
DECIDES = """\
def decide(symbol, demands):
    raise ZeroDivisionError("no decision")
"""


def test_a_mispriced_fill_is_found_with_both_sides(folder, broken_engine):
    right = folder("parity", "dip.yaml", "--format", "json").document
    broken_engine(MISPRICES)
    done = folder("parity", "dip.yaml", "--format", "json")
    assert done.code == 1
    document = done.document
    assert document["equal"] is False
    compared = document["strategies"]["Dip"]
    assert compared["orders"]["compared"] == right["strategies"]["Dip"]["orders"]["compared"]
    assert compared["orders"]["equal"] < compared["orders"]["compared"]
    assert compared["equity"]["worst"] >= DEARER
    order, equity, *later = document["differences"]
    assert list(order) == ["strategy", "kind", "t", "backtrader", "nautilus", "explained_by"]
    assert (order["strategy"], order["kind"], order["explained_by"]) == ("Dip", "order", "unexplained")
    ours, theirs = order["backtrader"], order["nautilus"]
    assert (ours["order_id"], ours["side"], ours["t"]) == (theirs["order_id"], theirs["side"], order["t"])
    assert theirs["price"] - ours["price"] == pytest.approx(DEARER, abs=0.011)
    assert (equity["kind"], equity["t"]) == ("equity", order["t"])
    lost = equity["backtrader"]["equity"] - equity["nautilus"]["equity"]
    assert lost == pytest.approx(ours["quantity"] * DEARER * 1.001, rel=0.05)
    assert {one["kind"] for one in later} >= {"order", "trade"}


def test_both_sides_are_shown_as_text(folder, broken_engine, monkeypatch):
    broken_engine(MISPRICES)
    monkeypatch.setenv("COLUMNS", "160")
    document = folder("parity", "dip.yaml", "--format", "json").document
    done = folder("parity", "dip.yaml")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert done.code == 1
    assert lines[0] == "Parity of backtrader and nautilus different"
    order = document["differences"][0]
    sides = [
        f"{engine} {order['t']} {side['side']} {side['quantity']:g} AAA at {side['price']!r}, fee {side['fee']!r}"
        f" ({side['order_id']})"
        for engine, side in ((engine, order[engine]) for engine in ("backtrader", "nautilus"))
    ]
    first = lines.index(f"Dip order {order['t']}")
    assert lines[first + 1 : first + 4] == [*sides, "unexplained"]
    assert f"… and {len(document['differences']) - 20} more (--format json shows all)" in lines
    for name, value in (("COLUMNS", "80"), ("FORCE_COLOR", "1"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert max(map(len, folder("parity", "dip.yaml").out.splitlines())) <= 80


def test_junit_fails_what_differs(folder, broken_engine):
    broken_engine(MISPRICES)
    done = folder("parity", "mixed.yaml", "--format", "junit")
    assert done.code == 1
    (suite,) = Xml.fromstring(done.out)
    failed = [(case.get("classname"), case.get("name")) for case in suite if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed))
    assert {("trend", "orders"), ("trend", "equity")} <= set(failed)
    failure = next(case.find("failure") for case in suite if case.find("failure") is not None)
    assert failure is not None and failure.text is not None
    assert ", unexplained\n  backtrader: " in failure.text
    assert "\n  nautilus: " in failure.text


def test_large_amounts_differ_in_digits_that_a_property_explains(prompt):
    """Nautilus counts in fixed-point numbers, which floats above 10**10 do not hold to 1e-6."""
    prompt.write("huge.yaml", HUGE)
    done = prompt("parity", "huge.yaml", "--format", "json")
    assert done.code == 1
    explained = [one["explained_by"] for one in done.document["differences"]]
    assert set(explained) == {"fixed_point"}
    text = prompt("parity", "huge.yaml").out
    assert "\nfixed_point: nautilus counts in fixed-point numbers" in text


def test_a_strategy_that_fails_proves_nothing(folder):
    done = folder("parity", "fails.yaml", "--format", "json")
    assert done.code == 1
    assert done.document["equal"] is False
    (difference,) = done.document["differences"]
    side = {"status": "failed", "t": difference["t"], "error": "LookupError: no such thing"}
    assert (difference["strategy"], difference["kind"]) == ("Fails", "status")
    assert difference["backtrader"] == difference["nautilus"] == side
    assert difference["explained_by"] == "unexplained"
    assert f"failed: LookupError: no such thing ({difference['t']})" in folder("parity", "fails.yaml").out
    (suite,) = Xml.fromstring(folder("parity", "fails.yaml", "--format", "junit").out)
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["status"]


def test_a_function_for_the_portfolio_that_fails_is_one_of_the_portfolio(folder):
    folder.write("policy.py", DECIDES)
    settings = ("--set", "strategies.dips.symbols=[AAA]", "--set", "portfolio={conflicts: 'policy.py:decide'}")
    done = folder("parity", "mixed.yaml", *settings, "--format", "json")
    assert done.code == 1
    first = done.document["differences"][0]
    assert (first["strategy"], first["kind"]) == ("", "status")
    assert "no decision" in first["nautilus"]["error"]
    assert "portfolio  status" in folder("parity", "mixed.yaml", *settings).out
    (suite,) = Xml.fromstring(folder("parity", "mixed.yaml", *settings, "--format", "junit").out)
    assert ("portfolio", "status") in {(case.get("classname"), case.get("name")) for case in suite}
