"""Runs of options verify whatever ends them and however they fill, and a changed fill is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrate.data.loading import load_market
from orchestrate.domain.market.stamps import DAY
from orchestrate.runs.plans import plan_of
from orchestrate.runs.reading import read_run
from orchestrate.usecases.audit.verify import TABLES, facts_of
from orchestrate.usecases.backtest import Request, backtest
from orchestrate.verification.facts import Run
from orchestrate.verification.options.assignments import check_assignments
from orchestrate.verification.verify import verify
from tests.usecases.options.runs import write
from tests.verification.test_random_portfolios import with_change

ENGINES = ("backtrader", "nautilus")
DAYS = {"2018-02-26": 100.0, "2018-02-27": 101.0, "2018-02-28": 107.0, "2018-03-01": 108.0}
QUOTES = [f"{day},2018-02-28,100,call,4.9,5.1" for day in DAYS if day < "2018-03"]
LEGS = [["2018-02-28", "call", 100, 1]]
AM = {"settlement": "am", "delivery": "cash", "style": "european"}


def known(path: Path) -> Run:
    """Run a configuration; return what the verification takes of it."""
    reports = path.parent / "reports"
    done = backtest(Request(str(path), reports=reports, cache=False, lookahead=False))
    assert done.folder is not None, done.error
    run = read_run(reports, done.folder.name, [f"{name}.parquet" for name in TABLES])
    plan = plan_of(run)
    return facts_of(run, plan, load_market(plan)[0])


def ended(run: Run) -> list[tuple[str, float, str]]:
    return [(one["symbol"], one["price"], one["reason"]) for one in run.rows("fills") if one["reason"]]


def assert_holds(run: Run) -> None:
    """Verify a run; each price, quantity and fee of what ended its options is found when it is another one."""
    assert verify(run).difference is None
    rows = [row for row, one in enumerate(run.rows("fills")) if one["reason"]]
    assert rows
    for row in rows:
        for name in ("price", "quantity", "fee"):
            assert verify(with_change(run, "fills", name, row)).difference is not None, (row, name)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("chain", "price"),
    [({"settlement_prices": {"2018-02-28": 104.5}}, 4.5), ({"settlement_series": "SET"}, 3.25)],
)
def test_given_settlement_prices(tmp_path: Path, engine: str, chain: dict[str, Any], price: float) -> None:
    (tmp_path / "set.csv").write_text(
        "date,open,high,low,close,volume\n2018-02-27,1,1,1,1,0\n2018-02-28,1,999,1,103.25,0\n"
    )
    data = {"SET": {"path": "set.csv"}} if "settlement_series" in chain else {}
    path = write(tmp_path, DAYS, QUOTES, LEGS, chain=chain, terms=AM, data=data, strategy={"framework": engine})
    run = known(path)
    assert ended(run) == [("XO 2018-02-28 C 100", price, "settlement")]
    assert_holds(run)


@pytest.mark.parametrize(
    ("expiry", "price"),
    [("2018-03-03", 8.0), ("2018-03-02", 8.0), ("2018-02-28", 7.0)],
    ids=["a Saturday", "a day without a bar", "a day with one"],
)
@pytest.mark.parametrize("delivery", ["cash", "physical"])
def test_the_last_close_up_to_an_expiry(tmp_path: Path, expiry: str, price: float, delivery: str) -> None:
    """The close of Thursday counts on Friday, that of Monday comes too late."""
    days = DAYS | {"2018-03-05": 120.0}
    quotes = [f"{day},{expiry},100,call,4.9,5.1" for day in days if day <= expiry]
    legs = [[expiry, "call", 100, 1]]
    run = known(write(tmp_path, days, quotes, legs, terms={"delivery": delivery, "style": "european"}))
    option, *shares = ended(run)
    assert option == (f"XO {expiry} C 100", price if delivery == "cash" else 0.0, "settlement")
    assert shares == ([] if delivery == "cash" else [("X", 100.0, "settlement")])
    assert_holds(run)


#: The minutes before the close of 2018-02-28, stamped when they begin, and one of the next morning.
MINUTES = {"2018-02-28T20:57:00Z": 100.0, "2018-02-28T20:58:00Z": 101.0, "2018-02-28T20:59:00Z": 103.0}
MORNING = {"2018-03-01T14:30:00Z": 120.0}


@pytest.mark.parametrize("last", [103.0, None], ids=["the last minute", "no last minute"])
@pytest.mark.parametrize("stamp", ["start", "end"])
def test_minutes_that_end_at_the_expiry(tmp_path: Path, last: float | None, stamp: str) -> None:
    """What begins at 20:59 is made by 21:00; stamped with its end it is made by 20:59, and nothing at 21:00."""
    minutes = MINUTES | MORNING
    if last is None:
        del minutes["2018-02-28T20:59:00Z"]
    quotes = [f"{minute},2018-02-28,100,call,4.9,5.1" for minute in minutes if minute < "2018-03"]
    data = {"X": {"path": "x.csv", "frequency": "1min", "stamp": stamp}}
    own = {"columns": {"timestamp": "date"}, "frequency": "1min"}
    terms = {"delivery": "cash", "style": "european"}
    run = known(write(tmp_path, minutes, quotes, LEGS, data=data, chain=own, terms=terms))
    assert ended(run) == [("XO 2018-02-28 C 100", 1.0 if last is None else 3.0, "settlement")]
    assert_holds(run)


#: The eve of the ex-date is a Friday.
EVE = {"2018-02-22": 100.0, "2018-02-23": 110.0, "2018-02-26": 109.0, "2018-02-27": 109.5, "2018-02-28": 104.0}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "delivery"), [("dividend", "physical"), ("deep", "physical"), ("deep", "cash")])
def test_early_assignments(tmp_path: Path, engine: str, rule: str, delivery: str) -> None:
    sides = {"call": (10.5, 10.9) if rule == "dividend" else (8.95, 9.05), "put": (0.1, 0.2)}
    quotes = [f"{day},2018-02-28,100,{right},{bid},{ask}" for day in EVE for right, (bid, ask) in sides.items()]
    run = known(
        write(
            tmp_path,
            EVE,
            quotes,
            [["X", 100], ["2018-02-28", "call", 100, -1]],
            terms={"delivery": delivery},
            dividends={"X": {"2018-02-26": 0.5}},
            execution={"options": {"early_assignment": rule}},
            strategy={"framework": engine},
        )
    )
    delivered = [("X", 100.0, "assigned")] if delivery == "physical" else []
    worth = 0.0 if delivery == "physical" else 10.0 if rule == "dividend" else 9.0
    assert ended(run)[: 1 + len(delivered)] == [("XO 2018-02-28 C 100", worth, "assigned"), *delivered]
    assert_holds(run)
    [(symbol, option)] = run.contracts.items()
    for other in (replace(option, is_american=False), replace(option, is_call=False)):
        assert reasons(replace(run, contracts={symbol: other}))
    assert reasons(replace(run, rules=replace(run.rules, early_assignment="off")))
    if rule == "deep":  # were it quoted higher, or farther from its expiry, its holder would keep it
        for other in (replace(option, bid=option.bid + 0.2), replace(option, instants=option.instants - 3 * DAY)):
            assert reasons(replace(run, contracts={symbol: other}))


def reasons(run: Run) -> bool:
    """Return whether an early assignment is found to be none."""
    return any(one.computed == "a short that is kept" for one in check_assignments(run))
