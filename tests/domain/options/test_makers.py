"""Structures by name, and what is said about contracts that don't make one."""

from __future__ import annotations

from dataclasses import replace
from inspect import isfunction
from pathlib import Path

import pytest

from orchestrate.domain.options import makers
from tests.domain.options.contracts import FEBRUARY, call, put

P, C = put, call


@pytest.mark.parametrize(
    ("structure", "legs"),
    [
        (makers.vertical(C(745), C(750)), "+1 C 745, -1 C 750"),
        (makers.iron_condor(P(740), P(745), C(755), C(765)), "+1 P 740, -1 P 745, -1 C 755, +1 C 765"),
        (makers.iron_butterfly(P(740), P(750), C(750), C(765)), "+1 P 740, -1 P 750, -1 C 750, +1 C 765"),
        (makers.butterfly(P(740), P(750), P(765)), "+1 P 740, -2 P 750, +1 P 765"),
        (makers.butterfly(C(740), C(750), C(765), sold=True), "-1 C 740, +2 C 750, -1 C 765"),
        (makers.strangle(P(740), C(760)), "+1 P 740, +1 C 760"),
        (makers.strangle(P(740), C(760), sold=True), "-1 P 740, -1 C 760"),
        (makers.straddle(P(750), C(750)), "+1 P 750, +1 C 750"),
        (makers.straddle(P(750), C(750), sold=True), "-1 P 750, -1 C 750"),
        (makers.cash_secured_put(P(740)), "-1 P 740"),
    ],
)
def test_legs_of_named_structures(structure, legs):
    assert structure.symbol.replace("GOOG 2016-01-15 ", "") == legs


def test_a_calendar_buys_what_expires_later():
    bought = makers.calendar(P(750), P(750, FEBRUARY))
    assert bought.symbol == "-1 GOOG 2016-01-15 P 750, +1 GOOG 2016-02-19 P 750"
    assert makers.calendar(P(750), P(750, FEBRUARY), sold=True) == bought.reversed()


def test_shares_go_with_covered_calls_and_collars():
    assert makers.covered_call(C(750)).symbol == "+100 GOOG, -1 GOOG 2016-01-15 C 750"
    assert makers.covered_call(replace(C(750), multiplier=10.0), "GOOGL").symbol.startswith("+10 GOOGL,")
    assert makers.collar(P(740), C(760)).symbol == "+100 GOOG, +1 GOOG 2016-01-15 P 740, -1 GOOG 2016-01-15 C 760"


def test_quantity_and_tag_are_kept():
    made = makers.strangle(P(740), C(760), 4, "monthly", sold=True)
    assert (made.quantity, made.tag) == (4, "monthly")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: makers.vertical(C(745), P(750)), "a vertical has two calls or two puts, not a call and a put"),
        (lambda: makers.vertical(C(745), C(745)), "a vertical has two strikes, not 745 twice"),
        (lambda: makers.vertical(C(745), C(750, FEBRUARY)), "C 745 and GOOG 2016-02-19 C 750 have two"),
        (lambda: makers.iron_condor(P(740), C(745), C(755), C(760)), "an iron condor has a put where GOOG .* C 745"),
        (lambda: makers.iron_condor(P(740), P(745), P(755), C(760)), "an iron condor has a call where GOOG .* P 755"),
        (
            lambda: makers.iron_condor(P(745), P(740), C(755), C(760)),
            "rise from one to the next, not 745, 740, 755, 760",
        ),
        (lambda: makers.iron_condor(P(740), P(745), C(755), C(760, FEBRUARY)), "an iron condor has one expiry, but"),
        (lambda: makers.iron_butterfly(P(740), P(745), C(755), C(760)), "sells one strike, not 745 and 755"),
        (lambda: makers.iron_butterfly(P(750), P(750), C(750), C(760)), "rise from one to the next, not 750, 750, 760"),
        (lambda: makers.butterfly(P(740), C(750), P(760)), "three calls or three puts: see iron_butterfly"),
        (lambda: makers.butterfly(P(740), P(740), P(760)), "strikes of a butterfly rise"),
        (lambda: makers.butterfly(P(740), P(750, FEBRUARY), P(760)), "a butterfly has one expiry"),
        (lambda: makers.strangle(C(740), C(750)), "a strangle has a put where GOOG .* C 740"),
        (lambda: makers.strangle(P(740), P(750)), "a strangle has a call where GOOG .* P 750"),
        (lambda: makers.strangle(P(750), C(750)), "strikes of a strangle rise from one to the next, not 750, 750"),
        (lambda: makers.straddle(P(740), C(750)), "a straddle has one strike, not 740 and 750: see strangle"),
        (lambda: makers.straddle(P(750), C(750, FEBRUARY)), "a straddle has one expiry"),
        (lambda: makers.calendar(P(750), C(750, FEBRUARY)), "not a put and a call"),
        (lambda: makers.calendar(P(740), P(750, FEBRUARY)), "a calendar has one strike, not 740 and 750"),
        (lambda: makers.calendar(P(750, FEBRUARY), P(750)), "sells what expires first: GOOG 2016-02-19 P 750 doesn't"),
        (lambda: makers.covered_call(P(750)), "a covered call has a call where GOOG .* P 750"),
        (lambda: makers.cash_secured_put(C(750)), "a cash-secured put has a put where GOOG .* C 750"),
        (lambda: makers.collar(P(760), C(750)), "strikes of a collar rise"),
        (lambda: makers.collar(P(740), replace(C(750), multiplier=10.0)), "on as many shares, not 100 and 10"),
        (lambda: makers.covered_call(C(750), quantity=0), "whole number from 1 on"),
    ],
)
def test_contracts_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_maker_is_on_the_page_of_options():
    page = (Path(__file__).parents[3] / "docs/options.md").read_text(encoding="utf-8")
    names = [name for name, made in vars(makers).items() if isfunction(made) and not name.startswith("_")]
    own = [name for name in names if getattr(makers, name).__module__ == makers.__name__]
    assert len(own) == 10
    assert [name for name in own if f"`{name}`" not in page] == []
