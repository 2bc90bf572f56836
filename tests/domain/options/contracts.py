"""Contracts and quotes for the tests of options, in few letters."""

from __future__ import annotations

from orchestrate.domain.options.contract import OptionContract, Style
from orchestrate.domain.options.quote import Quote

DAY = 86_400 * 10**9
DECEMBER, JANUARY, FEBRUARY, JUNE = (
    seconds * 10**9 for seconds in (1_450_976_400, 1_452_891_600, 1_455_915_600, 1_466_193_600)
)
_DATES = {DECEMBER: "2015-12-24", JANUARY: "2016-01-15", FEBRUARY: "2016-02-19", JUNE: "2016-06-17"}


def call(
    strike: float, expiry: int = JANUARY, root: str = "GOOG", style: Style = "american", **rest: object
) -> OptionContract:
    """Return a call on GOOG."""
    return OptionContract(root, root, "call", strike, expiry, _DATES.get(expiry, "later"), style, **rest)


def put(
    strike: float, expiry: int = JANUARY, root: str = "GOOG", style: Style = "american", **rest: object
) -> OptionContract:
    """Return a put on GOOG."""
    return OptionContract(root, root, "put", strike, expiry, _DATES.get(expiry, "later"), style, **rest)


#: GOOG on 2015-12-24 at the end of the first minute of trading and of the last one before 13:00 in New York.
OPENING = {
    put(745).symbol: Quote(10.8, 12.2),
    put(747.5).symbol: Quote(12.0, 13.2),
    put(752.5).symbol: Quote(14.6, 15.7),
    call(745, DECEMBER).symbol: Quote(3.0, 5.5),
    call(747.5, DECEMBER).symbol: Quote(2.3, 4.0),
    call(745, JUNE).symbol: Quote(0.0, 58.3),
    call(750, JUNE).symbol: Quote(54.0, 55.5),
    call(750).symbol: Quote(12.9, 14.2),
    call(752.5).symbol: Quote(11.7, 12.8),
}
CLOSING = {
    put(745).symbol: Quote(11.4, 11.8),
    put(747.5).symbol: Quote(12.4, 13.1),
    put(752.5).symbol: Quote(14.8, 15.4),
    call(745, JUNE).symbol: Quote(55.7, 57.0),
    call(750, JUNE).symbol: Quote(53.1, 54.4),
    call(750).symbol: Quote(12.2, 12.6),
    call(752.5).symbol: Quote(11.0, 11.4),
}
