"""`capital: {account: cash}`, `rates:` and `dividends:` of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrate.data.loading import load_market
from orchestrate.data.options.pricing import pricing_of
from orchestrate.data.options.sessions import day_of, opening
from orchestrate.domain.options.chain import Payment
from tests.usecases.options.runs import Done, done, resolved, write

DAYS = {"2018-02-26": 100.0, "2018-02-27": 101.0, "2018-02-28": 99.0, "2018-03-01": 98.0}
QUOTES = [
    f"{day},2018-02-28,{strike},{right},{bid},{bid + 0.2}"
    for day in DAYS
    for strike, right, bid in ((100, "put", 2.0), (105, "call", 1.0), (110, "call", 0.5))
    if day < "2018-03"
]
PUT, CALL, WING = (["2018-02-28", right, strike, -1] for right, strike in (("put", 100), ("call", 105), ("call", 110)))


def traded(folder: Path, *legs: list[object], account: str = "cash", total: int = 21_000, quantity: int = 1) -> Done:
    capital = {"total": total, "account": account}
    config = {"legs": [list(leg) for leg in legs], "quantity": quantity}
    return done(write(folder, DAYS, QUOTES, [], capital=capital, strategy={"config": config}))


def decided(run: Done) -> list[tuple[str, float, str]]:
    decisions = [record.decision for record in run.result.decisions]
    return [(one.reason, abs(one.quantity), one.detail) for one in decisions if one.outcome != "approved"]


def test_a_cash_account_reserves_the_strike_of_a_put_less_its_premium(tmp_path: Path) -> None:
    """Each takes 10,000 less the 200 that it brings: two of three are what 21,000 pay."""
    run = traded(tmp_path, PUT, quantity=3)
    assert decided(run) == [("capital", 2.0, "3 cost 29400.00, 21000.00 is available")]
    assert traded(tmp_path, PUT, quantity=3, account="margin").result.fills[0].fill.quantity == -3


@pytest.mark.parametrize(("account", "refused"), [("cash", ["not_covered"]), ("margin", [])])
def test_a_cash_account_has_no_naked_calls(tmp_path: Path, account: str, refused: list[str]) -> None:
    run = traded(tmp_path, CALL, account=account)
    assert [str(reason) for reason, *_ in decided(run)] == refused
    assert len(run.result.fills) == (0 if refused else 2)


def test_shares_and_longs_cover_calls_in_a_cash_account(tmp_path: Path) -> None:
    assert decided(traded(tmp_path, ["X", 100], CALL)) == []
    assert decided(traded(tmp_path, CALL, [*WING[:3], 1])) == []


def test_what_one_lot_of_shares_covers_is_one_call(tmp_path: Path) -> None:
    [(reason, quantity, detail)] = decided(traded(tmp_path, ["X", 50], CALL, quantity=2))
    assert (str(reason), quantity, detail) == ("not_covered", 0.0, "a cash account has no naked calls")


def test_computed_greeks_know_rates_and_dividends(tmp_path: Path) -> None:
    top = {"rates": {"USD": 0.05}, "dividends": {"X": {"2018-02-28": 0.5, "2017-11-30": 2.0}}}
    with_them = resolved(write(tmp_path, DAYS, QUOTES, [], **top)).plan
    without = resolved(write(tmp_path, DAYS, QUOTES, [])).plan
    assert with_them is not None
    assert without is not None
    assert not {"rates", "dividends", "account"} & {*without.to_dict(), *without.to_dict()["capital"]}
    views = [load_market(plan)[0].chains["XO"] for plan in (with_them, without)]
    assert [payment.amount for payment in views[0].payments] == [2.0, 0.5]
    assert views[0].payments[1].moment == opening(day_of(17590))
    first, plain = (chain.at(int(chain.moments[0])) for chain in views)
    assert not np.isclose(first.delta, plain.delta, atol=1e-5).any()
    ex_date = (opening(day_of(17590)), 0.5)
    expected = replace(plain, pricing=pricing_of("american", 0.05, payments=[Payment(*ex_date)]))
    assert first.delta.tolist() == expected.delta.tolist()
    assert set(first.sources("delta").tolist()) == {"american"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rates: {USD: 5}", "at most 0.5"),
        ("rates: {dollar: 0.05}", "dollar"),
        ("dividends: {Y: {2018-02-28: 3}}", "the symbol 'Y' is not in data"),
        ("dividends: {X: {2018-02-30: 3}}", "is not a date"),
        ("capital: {total: 1000, account: ira}", "must be margin or cash"),
    ],
)
def test_mistakes_have_their_place(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, DAYS, QUOTES, [])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([text, *(line for line in lines if not line.startswith(text.partition(":")[0] + ":"))]))
    [problem] = resolved(path).problems
    assert (problem.line, message in problem.message) == (1, True), problem
