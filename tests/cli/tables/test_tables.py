"""What stands in the stored tables of a run with a bracket, a short that is handed over, and slippage."""

from __future__ import annotations

import pytest


def picked(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_a_decision_has_type_status_group_and_tag_of_its_order(stored):
    names = ("order_id", "side", "order_type", "status", "outcome", "reason", "wanted", "granted", "group", "tag")
    entry, bracket = ("whole-1", "buy", "market", "filled"), "bracket:whole-1"
    stop, low = ("whole-2", "sell", "stop", "cancelled"), ("whole-4", "buy", "limit", "expired")
    last = ("whole-5", "buy", "market", "cancelled")
    assert picked(stored("decisions"), *names) == [
        ("", "sell", "market", "rejected", "rejected", "below_one_lot", -0.5, 0.0, "", ""),
        (*entry, "approved", "", 10.0, 10.0, "", "in"),
        (*stop, "approved", "bracket", -10.0, -10.0, bracket, "in.stop_loss"),
        ("whole-3", "sell", "limit", "filled", "approved", "bracket", -10.0, -10.0, bracket, "in.take_profit"),
        ("short-1", "sell", "market", "filled", "approved", "", -4.0, -4.0, "", ""),
        (*stop, "rejected", "oco", -10.0, 0.0, bracket, "in.stop_loss"),
        (*low, "approved", "", 10.0, 10.0, "", "low"),
        (*low, "rejected", "expired", 10.0, 0.0, "", "low"),
        (*last, "resized", "capital", 1e9, 285.0, "", ""),
        (*last, "rejected", "unfilled_at_end", 285.0, 0.0, "", ""),
    ]


def test_an_order_that_rests_has_what_it_waits_for(prompt, stored):
    names = ("order_id", "limit", "stop", "trail", "tif", "until")
    market, stop = ("whole-1", None, None, None, "", None), ("whole-2", None, 5.0, None, "gtc", None)
    rows = dict.fromkeys(row for row in picked(stored("decisions"), *names) if row[0].startswith("whole"))
    target, low = ("whole-3", 12.0, None, None, "gtc", None), ("whole-4", 1.0, None, None, "day", None)
    assert list(rows) == [market, stop, target, low, ("whole-5", *market[1:])]
    said = " ".join(prompt("explain", "latest", "--order", "whole-4").out.split())
    assert said.startswith("whole wanted to buy 10 A (limit order, limit 1, good for the day) at the close of")
    answers = prompt("explain", "latest", "--strategy", "whole", "--format", "json").document["orders"]
    terms = {answer["order_id"]: (answer["order_type"], answer["terms"]) for answer in answers}
    none = {"limit": None, "stop": None, "trail": None, "tif": "gtc", "until": None}
    assert (terms["whole-1"], terms["whole-2"]) == (("market", None), ("stop", {**none, "stop": 5.0}))


def test_a_fill_has_what_slippage_cost(stored):
    """Two ticks of 0.01 at each market order; a limit does not slip."""
    names = ("fill_id", "order_id", "strategy_id", "framework", "quantity", "price", "fee", "slippage", "reason")
    assert picked(stored("fills"), *names) == [
        ("whole-1", "whole-1", "whole", "backtrader", 10.0, 11.02, 1.0, 0.2, ""),
        ("whole-3", "whole-3", "whole", "backtrader", -10.0, 12.0, 1.0, 0.0, "bracket"),
        ("short-1", "short-1", "short", "nautilus", -4.0, 11.98, 1.0, 0.08, ""),
    ]


@pytest.mark.parametrize("rule", ["{percent: 0.05}", "{ticks: 1.5}"])
def test_slippage_is_the_distance_from_open_and_trigger(prompt, stored, rule):
    """The stop lies at 8.5, which the fourth bar crosses on its way from 13 to 8; the tick is 0.01."""
    for name, old, new in (
        ("planned.py", "12.0, stop_loss=5.0", "99.0, stop_loss=8.5"),
        ("a.csv", "2024-01-04,13,14,12,13.5", "2024-01-04,13,14,8,13.5"),
        ("stored.yaml", "{ticks: 2}", rule),
    ):
        prompt.write(name, (prompt.folder / name).read_text().replace(old, new))
    assert prompt("backtest", "stored.yaml", "-q").code == 0
    entry, stop = (row for row in stored("fills") if row["strategy_id"] == "whole")
    assert entry["slippage"] == pytest.approx((entry["price"] - 11.0) * 10.0, abs=1e-8)
    assert stop["slippage"] == pytest.approx((8.5 - stop["price"]) * 10.0, abs=1e-8)
    assert 0.0 < stop["slippage"] < 0.3


def test_positions_that_are_open_at_the_end(stored):
    names = ("strategy_id", "framework", "symbol", "quantity", "average_price", "last_close", "value", "open_profit")
    rows = stored("positions")
    assert picked(rows, *names) == [("UNMANAGED_nautilus", "nautilus", "A", -4.0, 11.98, 17.5, -70.0, -22.08)]
    assert [str(rows[0][name].date()) for name in ("label", "opened")] == ["2024-01-08", "2024-01-03"]
    assert (rows[0]["entry_fees"], rows[0]["currency"]) == (1.0, "USD")


def test_flows_have_borrow_transfers_and_handovers(stored):
    rows = stored("flows")
    names = ("strategy_id", "kind", "amount", "quantity", "other")
    assert picked([row for row in rows if row["kind"] != "borrow"], *names) == [
        ("short", "handover", -58.0, 4.0, "UNMANAGED_nautilus"),
        ("short", "transfer", 58.0, None, ""),
        ("short", "transfer", pytest.approx(-4046.75), None, ""),
        ("UNMANAGED_nautilus", "handover", 58.0, -4.0, "short"),
        ("UNMANAGED_nautilus", "transfer", -58.0, None, ""),
    ]
    borrow = [row["amount"] for row in rows if row["kind"] == "borrow"]
    assert borrow == pytest.approx([-4 * close * 0.001 for close in (12.5, 13.5, 14.5, 15.5, 16.5, 17.5)])


def test_a_trade_has_how_far_prices_went_against_it_and_for_it(stored):
    """Bought on the second bar at 11.02, sold at 12 on the third: the second, from 10 to 12, counts as a whole."""
    assert picked(stored("trades"), "symbol", "mae", "mfe") == [
        ("A", pytest.approx((10.0 - 11.02) / 11.02), pytest.approx((12.0 - 11.02) / 11.02))
    ]


def test_equity_has_the_closes_of_the_benchmark(stored):
    assert picked(stored("equity"), "benchmark") == [(bar + 10.5,) for bar in range(8)]


def test_every_table_names_moment_label_and_strategy(stored):
    for table in ("decisions", "fills", "positions", "flows", "trades"):
        assert list(stored(table)[0])[:2] == ["t", "label"], table
        assert "strategy_id" in stored(table)[0]
    assert list(stored("equity")[0])[:2] == ["t", "label"]
