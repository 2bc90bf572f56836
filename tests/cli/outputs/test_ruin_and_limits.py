"""A ruined book is reported, and a time limit holds for the look-ahead check too."""

from __future__ import annotations

RUIN = """\
strategy: strategies.py:Short
capital: 1000
data: {UP: {path: up.csv}}
"""
POOLED = """\
strategies:
  Short: {name: "strategies.py:Short", allocation: 50}
  hold:  {name: BUY_AND_HOLD, framework: nautilus, allocation: 50}
capital: {total: 2000, mode: pooled}
data: {UP: {path: up.csv}}
"""
SLOW = """\
strategy: strategies.py:Slow
capital: 1000
data: {UP: {path: up.csv}}
"""
CODE = """\
import time


class Short:
    side = "short"

    def should_enter(self, bars):
        return len(bars) == 1

    def should_exit(self, position, bars):
        return False


class Slow:
    def signals(self, bars):
        with open("calls.txt", "a") as calls:
            calls.write("one ")
        time.sleep(0.6)
        return bars.close > 11, bars.close < 0
"""
UP = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2020-01-{day:02d},{price},{price},{price},{price},1\n"
    for day, price in zip((1, 2, 3, 6, 7, 8, 9, 10), (10, 10, 12, 14, 18, 21, 24, 26), strict=True)
)


def prepared(prompt, config):
    prompt.write("c.yaml", config)
    prompt.write("strategies.py", CODE)
    prompt.write("up.csv", UP)
    return prompt


def test_a_book_that_is_ruined_degrades_the_run(prompt) -> None:
    """Short 95 at 10: called at 18, where 240 are left and 513 are required; covered at 21, which costs 45 too much."""
    done = prepared(prompt, RUIN)("backtest", "c.yaml", "--format", "json")
    document = done.document
    assert (done.code, document["status"], document["strategies"]["Short"]["status"]) == (1, "degraded", "ruined")
    called, ruined = (
        f for f in document["findings"] if f["where"] == "strategies.Short" and f["severity"] == "warning"
    )
    assert called["message"] == "margin calls closed 1 of its positions, first at 2020-01-07"
    assert "zero or below, first at 2020-01-08; it is ruined" in ruined["message"]
    assert document["portfolio"]["final_equity"] == -45.0
    assert ruined["count"] == 3
    journal = [line for line in prompt.journal if line["event"] in ("orchestrator.margin_call", "orchestrator.ruined")]
    assert [(line["event"].split(".")[1], line["strategy_id"], line["equity"]) for line in journal] == [
        ("margin_call", "Short", 240.0),
        ("ruined", "Short", -45.0),
    ]


def test_a_run_may_allow_ruin(prompt) -> None:
    prepared(prompt, RUIN + "execution: {ruin: allow}\n")
    done = prompt("backtest", "c.yaml", "--format", "json")
    assert (done.code, done.document["status"]) == (0, "completed")
    assert done.document["strategies"]["Short"]["status"] == "ruined"


def test_a_ruined_book_on_common_cash_is_carried_by_the_others(prompt) -> None:
    """Both trade 95 at 10: one loses at 21 what the other wins, and 45 more than the 1,000 that it began with."""
    prepared(prompt, POOLED)
    document = prompt("backtest", "c.yaml", "--format", "json").document
    short, hold = (document["strategies"][name] for name in ("Short", "hold"))
    assert (short["allocated_capital"], hold["allocated_capital"]) == (1_000.0, 1_000.0)
    assert (short["final_equity"], hold["final_equity"]) == (1_000 - 95 * 16, 1_000 + 95 * 16)
    assert document["portfolio"]["final_equity"] == 2_000.0
    assert short["metrics"]["total_return"] == -1.52
    [warning] = [finding for finding in document["findings"] if finding["severity"] == "warning"]
    assert "first at 2020-01-08; the others' money stands in for it; the run continued" in warning["message"]
    assert "multi, 2,000 USD pooled, UP" in prompt("validate", "c.yaml").out


def test_the_time_limit_holds_for_the_look_ahead_check(prompt) -> None:
    done = prepared(prompt, SLOW)("backtest", "c.yaml", "--format", "json", "--time-limit", "1")
    assert done.code == 124
    assert done.document["status"] == "interrupted"
    assert any("could not be checked for look-ahead" in finding["message"] for finding in done.document["findings"])
    assert len((prompt.folder / "calls.txt").read_text().split()) <= 4, "the whole check asks eight times"


def test_a_strategy_that_waits_has_not_lost_its_money(prompt) -> None:
    """It would be added after the last bar."""
    config = POOLED + "portfolio: {schedule: [{at: 2021-01-01, add: hold}]}\n"
    done = prepared(prompt, config)("backtest", "c.yaml", "--format", "json", "--set", "capital.mode=isolated")
    assert done.document["strategies"]["hold"]["status"] == "waiting"
    ruined = " ".join(finding["where"] for finding in done.document["findings"] if "below" in finding["message"])
    assert "strategies.Short" in ruined
    assert "strategies.hold" not in ruined
