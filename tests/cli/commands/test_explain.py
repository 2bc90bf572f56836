"""`orchestrate explain`: every order and refusal of small runs gets its answer, in sentences and as JSON.

The market of the golden runs, orders fill at the next open, 1.00 an order, slippage 1 tick of 0.01:

    bar     0    1    2    3    4    5    6    7    8    9
    open   10   11   12   13   14   13   12   11   10    9
    close  10.5 11.5 12.5 13.5 13.5 12.5 11.5 10.5 9.5  8.5
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest

from orchestrate.domain.orders.order import Reason
from orchestrate.reporting.explanation import REASONS, reason_text
from orchestrate.runs.manifest import seal, unseal
from orchestrate.runs.store import digest

OPENS = [10, 11, 12, 13, 14, 13, 12, 11, 10, 9]
CLOSES = [10.5, 11.5, 12.5, 13.5, 13.5, 12.5, 11.5, 10.5, 9.5, 8.5]
DAYS = [(date(2024, 1, 1) + timedelta(days=bar)).isoformat() for bar in range(10)]
PLANNED = '''\
"""Strategies that trade at the bars that they are given."""

from orchestrate import Signal


class Planned:
    def __init__(self, enter: int = 1, leave: int = 99, quantity: float = 0.0, breaks: int = 99) -> None:
        self.enter, self.leave, self.quantity, self.breaks = enter, leave, quantity or None, breaks
        self.bar = -1

    def on_bar(self, context):
        self.bar += 1
        if self.bar == self.breaks:
            raise RuntimeError("enough")
        if self.bar == self.enter:
            yield Signal.enter("A", quantity=self.quantity)
        if self.bar == self.leave:
            yield Signal.exit("A")
'''
GOLDEN = """\
capital: 40000
data: {{A: {{path: a.csv}}}}
strategies:
  whole: {{name: "planned.py:Planned", framework: {0}, allocation: 25, sizing: {{method: percent, percent: 100}},
          config: {{leave: 4}}}}
  greedy: {{name: "planned.py:Planned", framework: {1}, allocation: 25, config: {{quantity: 2000.0, breaks: 6}}}}
  poor: {{name: "planned.py:Planned", framework: {0}, allocation: 0.025, config: {{enter: 5, quantity: 3.0}}}}
  late: {{name: "planned.py:Planned", framework: {1}, allocation: 25, config: {{enter: 9, quantity: 5.0}}}}
execution: {{commission: {{per_share: 0.0, minimum: 1.0}}, slippage: {{ticks: 1}}}}
"""
MIXES = [("backtrader", "backtrader"), ("nautilus", "nautilus"), ("backtrader", "nautilus")]


@pytest.fixture
def golden(prompt):
    """Run the golden portfolio on two engines, or one; its prompt."""
    rows = [
        f"{day},{start},{max(start, end)},{min(start, end)},{end},1000"
        for day, start, end in zip(DAYS, OPENS, CLOSES, strict=True)
    ]
    prompt.write("a.csv", "\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    prompt.write("planned.py", PLANNED)

    def run(frameworks=MIXES[0], **changes):
        prompt.write("golden.yaml", GOLDEN.format(*frameworks))
        words = [word for name, value in changes.items() for word in ("--set", f"{name}={value}")]
        done = prompt("backtest", "golden.yaml", "-q", *words)
        assert done.code == 1, done.err  # `greedy` breaks
        return prompt

    return run


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
        "engine": engine,
        "fill": fill and dict(zip(("bar", "quantity", "price", "fee"), fill, strict=True)),
        "stages": list(stages),
    }


def expected(one, two):
    """Every demand of the golden run in the order of decisions; `one`, `two`: the engines."""
    asked = 10_000 / 11.5  # 869.57
    return [
        order(
            *("greedy", 1, 2000.0, 832.0, "resized", "open_gap", "greedy-1", two, (DAYS[2], 832.0, 12.01, 1.0)),
            conflict(2000.0, whole=pytest.approx(asked)),
            stage(
                *("capital", 2000.0, 868.0, "capital", "2000 at 11.51 cost 23021.00, 10000.00 is available"),
                **{"cost": 23021.0, "available": 10_000.0, "price": 11.51, "quantity": 2000.0},
            ),
            stage(
                *("release", 868.0, 832.0, "open_gap", "868 at 12.01 cost 10425.68, 10000.00 is available"),
                **{"cost": 10425.68, "available": 10_000.0, "price": 12.01, "quantity": 868.0},
            ),
        ),
        order(
            *("whole", 1, asked, 832.0, "resized", "open_gap", "whole-1", one, (DAYS[2], 832.0, 12.01, 1.0)),
            stage("size", pytest.approx(asked), pytest.approx(asked), "", "by the strategy's sizing, percent 100"),
            conflict(pytest.approx(asked), greedy=2000.0),
            stage(
                *("capital", pytest.approx(asked), 868.0, "capital"),
                "869 at 11.51 cost 10003.19, 10000.00 is available",
                **{"cost": 10003.19, "available": 10_000.0, "price": 11.51, "quantity": 869.0},
            ),
            stage(
                *("release", 868.0, 832.0, "open_gap", "868 at 12.01 cost 10425.68, 10000.00 is available"),
                **{"cost": 10425.68, "available": 10_000.0, "price": 12.01, "quantity": 868.0},
            ),
        ),
        order("whole", 4, -832.0, -832.0, "approved", "", "whole-2", one, (DAYS[5], -832.0, 12.99, 1.0)),
        order(
            *("poor", 5, 3.0, 0.0, "rejected", "capital", None, one, None),
            stage(
                *("capital", 3.0, 0.0, "capital", "3 at 12.51 cost 38.53, 10.00 is available"),
                **{"cost": 38.53, "available": 10.0, "price": 12.51, "quantity": 3.0},
            ),
        ),
        order("greedy", 6, -832.0, -832.0, "approved", "flattened", "greedy-2", two, (DAYS[7], -832.0, 10.99, 1.0)),
        order(
            *("late", 9, 5.0, 0.0, "rejected", "unfilled_at_end", "late-1", two, None),
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
  release    cut from 868 to 832, because at the open it cost more than the
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
  release    cut from 868 to 832, because at the open it cost more than the
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


@pytest.mark.parametrize("columns", ["160", "80", "40"])
def test_every_order_and_refusal_has_its_answer_in_sentences(golden, monkeypatch, columns):
    prompt = golden(MIXES[2])
    monkeypatch.setenv("COLUMNS", columns)
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


def test_a_moment_without_an_order(golden):
    prompt = golden()
    done = prompt("explain", "latest", "--at", "2024-01-03")
    assert (
        plain(done.out)
        == """\
whole had a bar and wanted nothing at 2024-01-03.
  held     832 A at the close of 2024-01-03
  waiting  no order
  then     cut from 868 to 832, because at the open it cost more than the
           strategy may spend (868 at 12.01 cost 10425.68, 10000.00 is
           available); whole-1: backtrader bought 832 at 12.01 in the bar
           2024-01-03, fee 1.00
greedy had a bar and wanted nothing at 2024-01-03.
  held     832 A at the close of 2024-01-03
  waiting  no order
  then     cut from 868 to 832, because at the open it cost more than the
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
    done = prompt("explain", "latest", "--at", "2024-01-08", "--strategy", "greedy", "--format", "json")
    assert done.document["orders"] == [
        {
            **dict.fromkeys(("symbol", "order_id", "engine", "fill")),
            **{"strategy_id": "greedy", "bar": "2024-01-08", "wanted": 0.0, "granted": 0.0},
            **{"outcome": "none", "reason": "failed", "stages": [stage("signal", 0.0, 0.0, "failed")]},
        }
    ]
    assert "greedy had failed by then at 2024-01-08." in prompt("explain", "latest", "--at", "2024-01-08").out


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


def test_a_whole_run_by_reasons_and_costs(golden):
    prompt = golden()
    document = prompt("explain", "latest", "--format", "json").document
    asked = 10_000 / 11.5
    assert document["reasons"] == [
        {"reason": "capital", "count": 3, "money": pytest.approx((2000 - 868 + asked - 868) * 11.5 + 3 * 12.5)},
        {"reason": "open_gap", "count": 2, "money": pytest.approx(2 * 36 * 11.5)},
        {"reason": "unfilled_at_end", "count": 1, "money": 5 * 8.5},
    ]
    answers = expected("backtrader", "backtrader")
    assert document["costliest"] == [
        answers[0] | {"money": 1168 * 11.5},
        answers[1] | {"money": pytest.approx((asked - 832) * 11.5)},
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
  open_gap             2     828.00  at the open it cost more than the strategy
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


def test_nothing_cut_is_said(prompt):
    prompt("backtest", "single.yaml", "-q", "--set", "config={fast: 100, slow: 200}")
    assert "Nothing was cut or refused.\n" in prompt("explain", "latest").out
    document = prompt("explain", "latest", "--format", "json").document
    assert (document["reasons"], document["costliest"]) == ([], [])
    assert prompt("explain", "latest", "--symbol", "AAA", "--order", "x").code == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "gredy"), "there is no strategy 'gredy' in run RUN\n    hint: did you mean 'greedy'?\n"),
        (("--symbol", "a"), "there is no symbol 'a' in run RUN\n    hint: did you mean 'A'?\n"),
        (("--order", "whole-3"), "there is no order 'whole-3' in run RUN\n    hint: did you mean 'whole-2'?\n"),
        (("--order", ""), "there is no order '' in run RUN\n"),
        (("--strategy", "\x1b[31m::error::x"), "there is no strategy '\\x1b[31m::error::x' in run RUN\n"),
        (("--symbol", "x" * 10_000), f"there is no symbol '{'x' * 10_000}' in run RUN\n"),
        (
            ("--at", "2024-01-11"),
            "run RUN has no bar at 2024-01-11\n    hint: the nearest: 2024-01-10\n",
        ),
        (
            ("--at", "2024-01-02T09:30:00Z"),
            "run RUN has no bar at 2024-01-02T09:30:00Z\n    hint: the nearest: 2024-01-02, 2024-01-03\n",
        ),
    ],
)
def test_what_is_not_there(golden, words, message):
    prompt = golden()
    done = prompt("explain", "latest", *words)
    assert (done.code, done.out) == (5, "")
    assert done.err == message.replace("RUN", prompt.runs[0].name)


@pytest.mark.parametrize(
    "label", ["", "yesterday", "2024-13", "2024-02-30", "20240", "::error::", "2024-01-02T25:00:00Z"]
)
def test_what_is_no_label(golden, label):
    done = golden()("explain", "latest", "--at", label)
    assert (done.code, done.out) == (2, "")
    assert "no label of a bar" in done.err


def test_runs_are_named_as_report_names_them(golden):
    prompt = golden()
    told = prompt("explain", "latest").out
    run_id = prompt.runs[0].name
    for named in (run_id, run_id[:-2], f"reports/{run_id}"):
        assert prompt("explain", named).out == told
    assert prompt("explain", "19990101T000000Z-000000").code == 5
    (prompt.folder / "reports").rename(prompt.folder / "archive")
    assert prompt("explain", "latest", "--reports", "archive").out == told
    assert prompt("explain", "latest").err == "there is no run in reports\n"


def test_the_store_is_enough(golden):
    prompt = golden()
    told = prompt("explain", "latest", "--format", "json").out
    before = len(prompt.journal)
    (prompt.folder / "logs" / "backtest" / "orchestrate.jsonl").unlink()
    for name in ("golden.yaml", "planned.py", "a.csv"):
        (prompt.folder / name).unlink()
    assert prompt("explain", "latest", "--format", "json").out == told
    assert before
    assert prompt.journal == []


@pytest.mark.parametrize("name", ["config.yaml", "metrics.json", "equity.parquet", "decisions.parquet", "run.json"])
def test_a_damaged_run_is_refused(golden, name):
    prompt = golden()
    path = prompt.runs[0] / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = prompt("explain", "latest")
    assert (done.code, done.out) == (4, "")
    assert re.match(rf"reports/{prompt.runs[0].name}/{re.escape(name)}: (changed|damaged)", done.err)
    assert len(done.err.splitlines()) == 1


def stored_anew(folder, name, content):
    """Put other content into a run, with the checksums that belong to it."""
    (folder / name).write_bytes(content)
    facts = json.loads(unseal((folder / "run.json").read_bytes()))
    facts["files"][name] = digest(content)
    (folder / "run.json").write_bytes(seal(json.dumps(facts, indent=2).encode() + b"\n"))


def test_a_table_that_is_none_or_lacks_columns_is_refused(golden):
    prompt = golden()
    folder = prompt.runs[0]
    whole = pq.read_table(folder / "decisions.parquet")
    stages = whole.column_names.index("stages")
    for damage in ("no table", "no column", '[{"stage": 1}]', "{", "7"):
        if damage == "no table":
            stored_anew(folder, "decisions.parquet", b"PAR1")
        else:
            kept = whole.drop(["stages"])
            table = kept if damage == "no column" else kept.add_column(stages, "stages", [[damage] * len(whole)])
            pq.write_table(table, folder / "other.parquet")
            stored_anew(folder, "decisions.parquet", (folder / "other.parquet").read_bytes())
        done = prompt("explain", "latest")
        assert (done.code, done.out) == (4, ""), damage
        assert done.err.startswith(f"reports/{folder.name}/decisions.parquet: damaged: ")
        assert len(done.err.splitlines()) == 1
    without = json.loads(unseal((folder / "run.json").read_bytes()))
    del without["files"]["decisions.parquet"]
    (folder / "run.json").write_bytes(seal(json.dumps(without, indent=2).encode() + b"\n"))
    assert "its files lack decisions.parquet" in prompt("explain", "latest").err


def test_a_reason_has_words_or_its_name():
    assert set(REASONS) <= {str(reason) for reason in Reason}
    assert reason_text("drawdown_stop") == "drawdown stop"


def test_text_shows_some_and_json_all(prompt):
    prompt.write(
        "dips.yaml", "strategy: RSI\nconfig: {period: 2}\ncapital: 9000\ndata: {AAA: {synthetic: {bars: 900}}}\n"
    )
    prompt("backtest", "dips.yaml", "-q")
    orders = prompt("explain", "latest", "--strategy", "RSI", "--format", "json").document["orders"]
    assert len(orders) > 20
    text = prompt("explain", "latest", "--strategy", "RSI").out
    assert f"… and {len(orders) - 20} more (--format json shows all)" in text
    assert text.count("\nRSI wanted to") == 19
