"""What a vendor leaves out is computed from the middle of the quotes; chains can be made without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestrate.analytics.options.synthetic.quotes import synthetic_quotes
from orchestrate.analytics.options.synthetic.spec import SyntheticChain
from orchestrate.data.options.assembly import Assembled
from orchestrate.data.options.findings import judge
from orchestrate.data.options.pricing import pricing_of
from orchestrate.data.options.quotes import Source
from orchestrate.data.options.roots import expiry_of
from orchestrate.data.options.sessions import closing, day_of
from orchestrate.data.options.synthetic import make_chain
from orchestrate.data.precision import decimals
from orchestrate.domain.market.timeline import Closes
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.options.view import GREEKS

DAY = 86_400 * 10**9
FIRST = 17905  # 2019-01-09
SETTINGS = ChainSettings("CHAIN", "", "ALPHA", "synthetic")
WEEKDAYS = np.array([FIRST + day for day in range(100) if (FIRST + day + 3) % 7 < 5])
CLOSES = Closes(WEEKDAYS * DAY, 100.0 + 10 * np.sin(np.arange(len(WEEKDAYS)) / 9))
SPEC = SyntheticChain("ALPHA", rate=0.03, dividend=0.01, strikes=20, expiries=(7, 30, 60))


@pytest.fixture(scope="module")
def made() -> Chain:
    return make_chain(SETTINGS, SPEC, CLOSES, DAY)


def test_a_chain_is_made_at_each_close(made: Chain) -> None:
    assert made.moments.tolist() == CLOSES.stamps.tolist()
    assert made.spots.tolist() == CLOSES.closes.tolist()
    assert (made.length, made.terms.style, made.terms.delivery) == (DAY, "european", "cash")
    view = made.at(int(made.moments[0]))
    assert view.expiries == ("2019-01-18", "2019-02-08", "2019-03-15")
    assert view.dte.tolist()[0] == 9.0
    assert view.pick("put", delta=0.25).symbol.startswith("CHAIN 2019-")


def test_a_contract_is_quoted_from_its_listing_to_its_expiry(made: Chain) -> None:
    view = made.at(int(made.moments[0]))
    contract = view.nearest(30).pick("call", moneyness=1.0)
    quoted = [moment for moment in made.moments.tolist() if made.quote(contract, moment).age == 0]
    assert quoted[-1] == np.datetime64("2019-02-08").astype("M8[ns]").astype(np.int64)
    assert len(quoted) == 23


def test_a_friday_without_a_session_ends_contracts_on_thursday(made: Chain) -> None:
    moment = int(np.datetime64("2019-04-10").astype("M8[ns]").astype(np.int64))
    good_friday = made.at(moment).expiring("2019-04-19")
    assert set(good_friday.expiry.tolist()) == {closing(day_of(18004))}  # the 18th of April


def test_a_made_chain_has_no_findings(made: Chain) -> None:
    rows = np.arange(len(made))
    assert judge(Assembled("CHAIN", made, Source(("x",), (0,), rows), rows, ())) == []


def test_settings_say_what_made_contracts_are() -> None:
    terms = make_chain(replace(SETTINGS, multiplier=10.0, delivery="physical"), SPEC, CLOSES, DAY).terms
    assert (terms.multiplier, terms.delivery, terms.style) == (10.0, "physical", "european")


def test_a_chain_of_hours_is_quoted_at_its_own_moments() -> None:
    hours = Closes(FIRST * DAY + np.arange(15, 21) * DAY // 24, np.full(6, 100.0))
    chain = make_chain(SETTINGS, SPEC, hours, DAY // 24)
    assert (chain.quoted_at.tolist(), chain.length) == (hours.stamps.tolist(), DAY // 24)


def test_made_prices_are_in_ticks_around_the_exact_ones(made: Chain) -> None:
    exact = synthetic_quotes(SPEC, made.quoted_at, CLOSES.closes, lambda day: expiry_of(day_of(day), "pm")).quoted
    for name, sign in (("bid", 1), ("ask", -1)):
        ticks = made.quoted[name]
        assert np.array_equal(ticks, np.round(ticks, 2))
        assert (sign * (exact[name] - ticks) >= -1e-6).all()
        assert (np.abs(exact[name] - ticks) < 0.0101).all()
    cheap = make_chain(SETTINGS, SPEC, replace(CLOSES, closes=CLOSES.closes / 80), DAY)
    assert decimals([cheap.quoted["bid"]]) == 4


def test_what_is_computed_is_what_the_chain_was_made_of(made: Chain) -> None:
    given = made.at(int(made.moments[5]))
    exact = synthetic_quotes(SPEC, made.quoted_at, CLOSES.closes, lambda day: expiry_of(day_of(day), "pm")).quoted
    prices = {name: exact[name] for name in ("bid", "ask")}  # in no ticks
    bare = replace(made, quoted=prices, pricing=pricing_of("european", 0.03, 0.01))
    computed = bare.at(int(made.moments[5]))
    # prices have nine digits, which tell little of what is far in or out of the money
    known = (np.abs(given.delta) > 0.01) & (np.abs(given.delta) < 0.9)
    assert known.sum() > 80
    for name in GREEKS:
        assert getattr(computed, name)[known] == pytest.approx(getattr(given, name)[known], rel=1e-3, abs=1e-6)
        assert set(computed.sources(name)[known].tolist()) == {"european"}


def test_a_vendors_volatility_is_that_of_computed_greeks(made: Chain) -> None:
    quoted = {name: made.quoted[name] for name in ("bid", "ask")} | {"iv": np.full(len(made), 0.5)}
    view = replace(made, quoted=quoted, pricing=pricing_of("european")).at(int(made.moments[5])).nearest(60)
    place = int(np.abs(view.strike - view.spot).argmin())
    years = view.dte[place] / 365
    assert view.vega[place] == pytest.approx(view.spot * np.sqrt(years / (2 * np.pi)) / 100, rel=0.02)
    assert (view.sources("iv")[place], view.sources("vega")[place]) == ("vendor", "european")


def test_dividends_before_expiry_make_american_calls_cheaper(made: Chain) -> None:
    quoted = {name: made.quoted[name] for name in ("bid", "ask")} | {"iv": np.full(len(made), 0.3)}
    view = replace(made, quoted=quoted).at(int(made.moments[5])).nearest(30)
    soon = ((int(view.now) + 5 * DAY, 5.0),)
    plain, paying = (replace(view, pricing=pricing_of("american", payments=paid)) for paid in ((), soon))
    past = replace(view, pricing=pricing_of("american", payments=((int(view.now), 5.0),)))
    place = int(np.abs(view.strike - view.spot).argmin())
    assert paying.delta[place] < plain.delta[place] - 0.03
    assert np.array_equal(past.delta, plain.delta, equal_nan=True)
