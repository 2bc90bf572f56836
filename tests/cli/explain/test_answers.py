"""`orchestrate explain`: every order and refusal of small runs gets its answer, in sentences and as JSON."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from tests.cli.explain.conftest import DAYS, MIXES, PLANNED


def stage(name, before, after, reason, detail="", **figures):
    return {
        "stage": name,
        "before": before,
        "after": after,
        "reason": reason,
        "detail": detail,
        "figures": pytest.approx(figures) if figures else {},
    }


def conflict(wanted, **others):
    return stage("conflicts", wanted, wanted, "", f"{', '.join(others)} wanted A on the same bar", **others)


def order(strategy_id, bar, wanted, granted, outcome, reason, order_id, engine, fill, *stages):
    return {
        "strategy_id": strategy_id,
        "symbol": "A",
        "bar": DAYS[bar],
        "wanted": pytest.approx(wanted),
        "granted": granted,
        "outcome": outcome,
        "reason": reason,
        "order_id": order_id,
        "order_type": "market",
        "terms": None,
        "engine": engine,
        "fill": fill and dict(zip(("bar", "quantity", "price", "fee"), fill, strict=True)),
        "stages": list(stages),
    }


def cut_entries(one, two):
    """The two entries that what is available, then an open above the close, cut to 832 units."""
    requested = pytest.approx(10_000 / 11.5)  # 869.57
    released = stage(
        *("release", 868.0, 832.0, "open_gap", "868 at 12.01 cost 10425.68, 10000.00 is available"),
        **{"cost": 10425.68, "available": 10_000.0, "price": 12.01, "quantity": 868.0},
    )
    fill = (DAYS[2], 832.0, 12.01, 1.0)
    return [
        order(
            *("greedy", 1, 2000.0, 832.0, "resized", "open_gap", "greedy-1", two, fill),
            conflict(2000.0, whole=requested),
            stage(
                *("capital", 2000.0, 868.0, "capital", "2000 at 11.51 cost 23021.00, 10000.00 is available"),
                **{"cost": 23021.0, "available": 10_000.0, "price": 11.51, "quantity": 2000.0},
            ),
            released,
        ),
        order(
            *("whole", 1, 10_000 / 11.5, 832.0, "resized", "open_gap", "whole-1", one, fill),
            stage("size", requested, requested, "", "by the strategy's sizing, percent 100"),
            conflict(requested, greedy=2000.0),
            stage(
                *("capital", requested, 868.0, "capital", "869 at 11.51 cost 10003.19, 10000.00 is available"),
                **{"cost": 10003.19, "available": 10_000.0, "price": 11.51, "quantity": 869.0},
            ),
            released,
        ),
    ]


def expected(one, two):
    """Every demand of the golden run in the order of decisions; `one`, `two`: the engines."""
    return [
        *cut_entries(one, two),
        order("whole", 4, -832.0, -832.0, "approved", "", "whole-2", one, (DAYS[5], -832.0, 12.99, 1.0)),
        order(
            *("poor", 5, 3.0, 0.0, "rejected", "capital", None, one, None),
            stage(
                *("capital", 3.0, 0.0, "capital", "3 at 12.51 cost 38.53, 10.00 is available"),
                **{"cost": 38.53, "available": 10.0, "price": 12.51, "quantity": 3.0},
            ),
        ),
        order(
            *("greedy", 6, -832.0, -832.0, "approved", "flattened", "greedy-2", two, (DAYS[7], -832.0, 10.99, 1.0)),
            stage("rule", -832.0, -832.0, "", "the strategy has failed"),
        ),
        order(
            *("late", 9, 5.0, 0.0, "rejected", "unfilled_at_end", "late-1", two, None),
            stage(
                *("capital", 5.0, 5.0, "", "43.55 of 10000.00 available were held back for it"),
                **{"available": 10_000.0, "reserve": 43.55},
            ),
            stage("orders", 5.0, 0.0, "unfilled_at_end"),
        ),
    ]


@pytest.mark.parametrize("mix", MIXES, ids=["backtrader", "nautilus", "mixed"])
def test_every_order_and_refusal_has_its_answer_as_json(golden, mix):
    """Each has the money of the moment and the stages that cut it (NFR-006)."""
    prompt = golden(mix)
    document = prompt("explain", "latest", "--format", "json").document
    assert list(document) == ["schema_version", "orders", "reasons", "costliest"]
    assert document["schema_version"] == 1
    assert document["orders"] == expected(*mix)
    rows = pq.read_table(prompt.runs[0] / "decisions.parquet").to_pylist()
    assert {row["order_id"] or None for row in rows} == {one["order_id"] for one in document["orders"]}
    for answer in expected(*mix):
        words = ["--strategy", answer["strategy_id"], "--symbol", "A", "--at", answer["bar"]]
        alone = prompt("explain", "latest", *words, "--format", "json").document
        assert alone == {"schema_version": 1, "orders": [answer]}
        if answer["order_id"]:
            assert prompt("explain", "latest", "--order", answer["order_id"], "--format", "json").document == alone


SENTENCES = {
    "greedy-1": """\
greedy wanted to buy 2,000 A at the close of 2024-01-02 (11.5).
  conflicts  passed; others wanted, too: whole to buy 869.565217 A on the same
             bar
  capital    cut from 2,000 to 868, because the strategy's capital does not pay
             for more (2000 at 11.51 cost 23021.00, 10000.00 is available)
  release    cut from 868 to 832, because at its fill it cost more than the
             strategy may spend (868 at 12.01 cost 10425.68, 10000.00 is
             available)
  order      greedy-1: nautilus bought 832 at 12.01 in the bar 2024-01-03, fee
             1.00
""",
    "whole-1": """\
whole wanted to buy 869.565217 A at the close of 2024-01-02 (11.5).
  size       by the strategy's sizing, percent 100
  conflicts  passed; others wanted, too: greedy to buy 2,000 A on the same bar
  capital    cut from 869.565217 to 868, because the strategy's capital does not
             pay for more (869 at 11.51 cost 10003.19, 10000.00 is available)
  release    cut from 868 to 832, because at its fill it cost more than the
             strategy may spend (868 at 12.01 cost 10425.68, 10000.00 is
             available)
  order      whole-1: backtrader bought 832 at 12.01 in the bar 2024-01-03, fee
             1.00
""",
    "whole-2": """\
whole wanted to sell 832 A to close its position at the close of 2024-01-05
(13.5).
  order  whole-2: backtrader sold 832 at 12.99 in the bar 2024-01-06, fee 1.00
""",
    "2024-01-06": """\
poor wanted to buy 3 A at the close of 2024-01-06 (12.5).
  capital  refused, because the strategy's capital does not pay for more (3 at
           12.51 cost 38.53, 10.00 is available)
  order    none was placed
""",
    "greedy-2": """\
The orchestrator placed an order of greedy to sell 832 A to close its position
at the close of 2024-01-07 (11.5), because all that the strategy holds is
closed.
  rule   the strategy has failed
  order  greedy-2: nautilus sold 832 at 10.99 in the bar 2024-01-08, fee 1.00
""",
    "late-1": """\
late wanted to buy 5 A at the close of 2024-01-10 (8.5).
  capital  passed: 43.55 of 10,000.00 available were held back for it
  orders   ended, because the run ended before it filled
  order    late-1 never filled
""",
}


def plain(text):
    """Text without the blanks that fill a terminal's lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines() if line.strip())


def on_a_terminal(monkeypatch, columns):
    """Let the command print as on a terminal without colours."""
    for name, value in (("COLUMNS", columns), ("FORCE_COLOR", "1"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("columns", ["160", "80", "40"])
def test_every_order_and_refusal_has_its_answer_in_sentences(golden, monkeypatch, columns):
    prompt = golden(MIXES[2])
    on_a_terminal(monkeypatch, columns)
    for name, sentences in SENTENCES.items():
        done = prompt("explain", "latest", "--at" if name in DAYS else "--order", name)
        assert (done.code, done.err) == (0, "")
        assert max(map(len, done.out.splitlines())) <= int(columns)
        if columns == "80":
            assert plain(done.out) == sentences
        assert done.out.split() == sentences.split()


def test_a_limit_is_a_stage_like_the_others(golden):
    prompt = golden(**{"strategies.whole.limits": "{max_position_pct: 50}"})
    [whole] = prompt("explain", "latest", "--order", "whole-1", "--format", "json").document["orders"]
    assert [one["stage"] for one in whole["stages"]] == ["size", "conflicts", "capital", "limits"]
    limits = whole["stages"][-1]
    assert (limits["before"], limits["after"], limits["reason"]) == (868.0, 434.0, "limit")
    assert set(limits["figures"]) == {"figure", "bound"}
    assert "because a limit was reached (max_position_pct:" in prompt("explain", "latest", "--order", "whole-1").out


def test_a_rebalance_says_what_made_it_due(golden):
    """`whole` is trimmed, `greedy` enlarged; the orders are the orchestrator's."""
    config = {"strategies.greedy.config": "{enter: 0, quantity: 90.0, breaks: 99}"}
    prompt = golden(**config, **{"portfolio.rebalance": "{threshold: 0.01}"}, code=0)
    orders = prompt("explain", "latest", "--format", "json").document["orders"]
    trim, top_up = [order for order in orders if order["reason"] == "rebalance"]
    assert (trim["order_id"], trim["wanted"]) == ("whole-2", -64.0)
    assert trim["stages"] == [stage("rule", -64.0, -64.0, "", "due by threshold")]
    assert (top_up["order_id"], top_up["wanted"]) == ("greedy-2", 1.0)
    assert [one["stage"] for one in top_up["stages"]] == ["rule", "capital"]
    said = " ".join(prompt("explain", "latest", "--order", "greedy-2").out.split())
    assert said.startswith("The orchestrator placed an order of greedy to buy 1 A at the close of 2024-01-05 (13.5),")
    assert "because capital goes back to its targets. rule due by threshold capital passed: 14.51 of" in said
    said = " ".join(prompt("explain", "latest", "--order", "whole-2").out.split())
    assert said.startswith("The orchestrator placed an order of whole to sell 64 A to reduce its position at the close")


def test_a_top_up_that_a_limit_cuts_is_the_orchestrators(golden):
    """`greedy` holds more than its limit: its share of the rebalance is refused; `late` wants the symbol, too."""
    config = {
        "strategies.greedy.config": "{enter: 0, quantity: 90.0, breaks: 99}",
        "strategies.greedy.limits": "{max_position_pct: 10}",
        "strategies.late.config": "{enter: 4, quantity: 5.0}",
        "portfolio.rebalance": "{threshold: 0.01}",
    }
    prompt = golden(**config, code=0)
    orders = prompt("explain", "latest", "--at", DAYS[4], "--symbol", "A", "--format", "json").document["orders"]
    [requested] = [order for order in orders if order["strategy_id"] == "late"]
    [cut] = [order for order in orders if order["strategy_id"] == "greedy"]
    assert requested["stages"][0] == conflict(5.0, whole=-768.0)
    assert [one["stage"] for one in cut["stages"]] == ["rule", "capital", "limits"]
    assert cut["stages"][0] == stage("rule", 1.0, 1.0, "", "due by threshold")
    said = " ".join(prompt("explain", "latest", "--strategy", "greedy", "--at", DAYS[4]).out.split())
    assert said.startswith("The orchestrator placed an order of greedy to buy 1 A")
    assert "because capital goes back to its targets. rule due by threshold" in said
    assert "limits refused, because a limit was reached" in said


def test_a_moment_without_an_order(golden, monkeypatch):
    prompt = golden()
    on_a_terminal(monkeypatch, "80")
    done = prompt("explain", "latest", "--at", "2024-01-03")
    assert (
        plain(done.out)
        == """\
whole had a bar and wanted nothing at 2024-01-03.
  held     832 A at the close of 2024-01-03
  waiting  no order
  then     cut from 868 to 832, because at its fill it cost more than the
           strategy may spend (868 at 12.01 cost 10425.68, 10000.00 is
           available); whole-1: backtrader bought 832 at 12.01 in the bar
           2024-01-03, fee 1.00
greedy had a bar and wanted nothing at 2024-01-03.
  held     832 A at the close of 2024-01-03
  waiting  no order
  then     cut from 868 to 832, because at its fill it cost more than the
           strategy may spend (868 at 12.01 cost 10425.68, 10000.00 is
           available); greedy-1: backtrader bought 832 at 12.01 in the bar
           2024-01-03, fee 1.00
poor had a bar and wanted nothing at 2024-01-03.
  held     nothing at the close of 2024-01-03
  waiting  no order
late had a bar and wanted nothing at 2024-01-03.
  held     nothing at the close of 2024-01-03
  waiting  no order
"""
    )


def test_what_waits_and_whose_symbol_has_no_bar(prompt):
    """`sparse` has no bar on the second day: its order of the first waits."""
    every = "\n".join(f"{day},10,10,10,10,1" for day in DAYS)
    prompt.write("a.csv", f"timestamp,open,high,low,close,volume\n{every}\n")
    gap = "\n".join(f"{day},10,10,10,10,1" for day in DAYS if day != DAYS[1])
    prompt.write("gap.csv", f"timestamp,open,high,low,close,volume\n{gap}\n")
    prompt.write("planned.py", PLANNED)
    prompt.write(
        "two.yaml",
        "capital: 20000\ndata: {A: {path: gap.csv}, B: {path: a.csv}}\nstrategies:\n"
        '  sparse: {name: "planned.py:Planned", allocation: 50, symbols: [A], config: {enter: 0, quantity: 7.0}}\n'
        "  dense: {name: BUY_AND_HOLD, allocation: 50, symbols: [B]}\n",
    )
    assert prompt("backtest", "two.yaml", "-q").code == 0
    words = ("explain", "latest", "--at", DAYS[1], "--symbol", "A")
    assert (
        plain(prompt(*words).out)
        == """\
sparse had no bar, so it was not called at 2024-01-02.
  held     nothing at the close of 2024-01-02
  waiting  sparse-1 to buy 7 A
"""
    )
    [state] = prompt(*words, "--format", "json").document["orders"]
    assert (state["symbol"], state["reason"]) == ("A", "no_bar")
    assert state["stages"][0]["figures"] == {"waiting.sparse-1": 7.0}
    held = prompt("explain", "latest", "--at", DAYS[2], "--strategy", "sparse", "--format", "json").document
    assert held["orders"][0]["stages"][0]["figures"] == {"held.A": 7.0}


def test_a_whole_run_by_reasons_and_costs(golden, monkeypatch):
    prompt = golden()
    on_a_terminal(monkeypatch, "80")
    document = prompt("explain", "latest", "--format", "json").document
    requested = 10_000 / 11.5
    assert document["reasons"] == [
        {"reason": "capital", "count": 3, "money": pytest.approx((2000 - 868 + requested - 868) * 11.5 + 3 * 12.5)},
        {"reason": "open_gap", "count": 2, "money": pytest.approx(2 * 36 * 11.5)},
        {"reason": "unfilled_at_end", "count": 1, "money": 5 * 8.5},
    ]
    assert document["reasons"] == prompt("report", "latest", "--format", "json").document["demands"]["reasons"]
    answers = expected("backtrader", "backtrader")
    assert document["costliest"] == [
        answers[0] | {"money": 1168 * 11.5},
        answers[1] | {"money": pytest.approx((requested - 832) * 11.5)},
        answers[5] | {"money": 5 * 8.5},
        answers[3] | {"money": 3 * 12.5},
    ]
    run_id = prompt.runs[0].name
    assert (
        plain(prompt("explain", "latest").out)
        == f"""\
Run {run_id}  6 demands
Most frequent reasons of cuts and refusals
  reason           times      money  because
  capital              3  13,073.50  the strategy's capital does not pay for
                                     more
  open_gap             2     828.00  at its fill it cost more than the strategy
                                     may spend
  unfilled_at_end      1      42.50  the run ended before it filled
Costliest cuts and refusals, in money at the close decided on
      money  bar             wanted  granted  reason           strategy, symbol
  13,432.00  2024-01-02       2,000      832  open_gap         greedy, A
     432.00  2024-01-02  869.565217      832  open_gap         whole, A
      42.50  2024-01-10           5        0  unfilled_at_end  late, A
      37.50  2024-01-06           3        0  capital          poor, A
orchestrate explain {run_id} --order greedy-1 says why.
"""
    )


def test_ten_of_each_at_most_and_a_multiplier_counts(prompt):
    prompt.write(
        "greedy.yaml",
        "strategy: RSI\nconfig: {period: 2}\ncapital: 100000\n"
        "data: {F: {synthetic: {bars: 250, seed: 7, frequency: 1d}}}\n"
        "instruments: {F: {multiplier: 50, asset_class: future}}\n",
    )
    assert prompt("backtest", "greedy.yaml", "-q", "--set", "strategy=RSI").code == 0
    plan = json.loads((prompt.runs[0] / "plan.json").read_text())
    assert plan["instruments"]["F"]["multiplier"] == 50
    document = prompt("explain", "latest", "--format", "json").document
    cut = [one for one in document["orders"] if one["outcome"] != "approved"]
    prices = {
        (row["order_id"] or None, row["label"].date().isoformat()): row["price"]
        for row in pq.read_table(prompt.runs[0] / "decisions.parquet").to_pylist()
    }
    worth = sorted(
        ((abs(one["wanted"]) - abs(one["granted"])) * prices[one["order_id"], one["bar"]] * 50 for one in cut),
        reverse=True,
    )
    assert [one["money"] for one in document["costliest"]] == pytest.approx(worth[:10])


def test_nothing_cut_is_reported(prompt):
    prompt("backtest", "single.yaml", "-q", "--set", "config={fast: 100, slow: 200}")
    assert "Nothing was cut or refused.\n" in prompt("explain", "latest").out
    document = prompt("explain", "latest", "--format", "json").document
    assert (document["reasons"], document["costliest"]) == ([], [])
    assert prompt("explain", "latest", "--symbol", "AAA", "--order", "x").code == 5


def test_what_another_order_has_done_is_neither_cut_nor_refused(prompt):
    """The target of a bracket ends with its stop, and a target that rests with the exit beside it."""
    prompt.write(
        "own.py",
        """from orchestrate import Signal
class Own:
    def __init__(self): self.bar = -1
    def on_bar(self, context):
        self.bar += 1
        levels = dict(quantity=1, stop_loss=0.01, take_profit=1e6, tag="in")
        return {1: Signal.enter("F", **levels), 5: Signal.replace("in.stop_loss", stop=1e5),
                9: Signal.enter("F", **levels), 12: Signal.exit("F")}.get(self.bar)
""",
    )
    prompt.write("own.yaml", "strategy: own.py:Own\ncapital: 10000\ndata: {F: {synthetic: {bars: 60, seed: 7}}}\n")
    assert prompt("backtest", "own.yaml", "-q").code == 0
    document = prompt("explain", "latest", "--format", "json").document
    ended = [order["reason"] for order in document["orders"] if order["outcome"] != "approved"]
    assert ended == ["oco", "position_closed", "position_closed"]
    assert (document["reasons"], document["costliest"]) == ([], [])
    assert "Nothing was cut or refused.\n" in prompt("explain", "latest").out
