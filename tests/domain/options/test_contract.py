"""What a contract is called and what it is worth when it is exercised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrate.domain.options.contract import OptionContract

PUT = OptionContract("SPXW", "SPX", "put", 2700.0, 1_519_851_600_000_000_000, "2018-02-28", "european", 100.0, "cash")
CALL = replace(PUT, right="call")


@pytest.mark.parametrize(("strike", "said"), [(2700.0, "2700"), (752.5, "752.5"), (12345.25, "12345.25"), (0.5, "0.5")])
def test_a_symbol_is_readable(strike, said):
    assert replace(PUT, strike=strike).symbol == f"SPXW 2018-02-28 P {said}"
    assert replace(CALL, strike=strike).symbol == f"SPXW 2018-02-28 C {said}"


def test_what_a_contract_is_worth_at_expiry():
    assert (CALL.intrinsic(2750.0), PUT.intrinsic(2750.0)) == (50.0, 0.0)
    assert (CALL.intrinsic(2650.0), PUT.intrinsic(2650.0)) == (0.0, 50.0)


@pytest.mark.parametrize(("price", "exercised"), [(2699.99, True), (2699.995, False), (2700.0, False), (2701.0, False)])
def test_a_put_is_exercised_from_a_cent_on(price, exercised):
    assert PUT.is_exercised(price) is exercised


@pytest.mark.parametrize("wrong", [{"strike": 0.0}, {"strike": float("nan")}, {"multiplier": -1.0}])
def test_a_contract_that_cannot_be_meant(wrong):
    with pytest.raises(ValueError, match=r"SPXW: a \w+ must be positive"):
        replace(PUT, **wrong)
