"""What the pricing of options starts from, in columns: a row an option."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import Flags, Floats, Stamps

Rows = npt.NDArray[np.int64]
#: A year of pricing has 365 days.
DAYS: Final = 365.0
_YEAR: Final = DAYS * 86_400e9


def years_between(now: Stamps | int, expiry: Stamps | int) -> Floats:
    """Return the time from `now` to the instant of expiry in years; both are nanoseconds."""
    return np.asarray(np.subtract(expiry, now) / _YEAR, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Options and the market that they are priced in; `years` to the expiry, `rate` and `dividend` continuous, a year.

    Prices, greeks and volatilities are NaN in a row where a number is missing, or where spot or strike is not positive.
    """

    spot: Floats
    strike: Floats
    years: Floats
    is_call: Flags
    rate: Floats
    dividend: Floats

    @classmethod
    def of(
        cls,
        spot: npt.ArrayLike,
        strike: npt.ArrayLike,
        years: npt.ArrayLike,
        is_call: npt.ArrayLike,
        rate: npt.ArrayLike = 0.0,
        dividend: npt.ArrayLike = 0.0,
    ) -> Options:
        """Return numbers and columns as columns of one length."""
        given = (spot, strike, years, is_call, rate, dividend)
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(one)) for one in given))
        floats = [column.astype(np.float64) for column in columns]
        floats[0] = _positive(floats[0])
        floats[1] = _positive(floats[1])
        return cls(floats[0], floats[1], np.maximum(floats[2], 0.0), columns[3].astype(np.bool_), *floats[4:])

    def __len__(self) -> int:
        """Return the number of options."""
        return len(self.spot)

    def __getitem__(self, rows: slice | Flags | Rows) -> Options:
        """Return some of the options."""
        return Options(*(getattr(self, each.name)[rows] for each in fields(self)))

    @property
    def sign(self) -> Floats:
        """1 for a call, −1 for a put."""
        return np.where(self.is_call, 1.0, -1.0)

    @property
    def discount(self) -> Floats:
        """What 1 at expiry is worth now."""
        return np.asarray(np.exp(-self.rate * self.years))

    def discounted(self, amount: Floats, years: Floats) -> Floats:
        """Return what an amount in some years is worth now."""
        return np.asarray(amount * np.exp(-self.rate * years))

    @property
    def forward(self) -> Floats:
        """The price of the underlying for delivery at expiry."""
        return np.asarray(self.spot * np.exp((self.rate - self.dividend) * self.years))

    @property
    def exercised(self) -> Floats:
        """What exercising now is worth."""
        return np.asarray(np.maximum(self.sign * (self.spot - self.strike), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Dividends:
    """Amounts that the underlying pays: in how many years from now, and how much a share.

    The underlying, less the present value of what it pays until the expiry, moves as one without dividends.
    """

    years: Floats
    amount: Floats

    @classmethod
    def of(cls, *dividends: tuple[float, float]) -> Dividends:
        """Return pairs of a time and an amount as columns, the earliest first."""
        table = np.array(sorted(dividends), dtype=np.float64).reshape(-1, 2)
        return cls(table[:, 0], table[:, 1])

    def value(self, options: Options, after: npt.ArrayLike = 0.0) -> Floats:
        """Return what is paid after `after` and until the expiry of each option, as worth at `after`.

        A price that is lower by this much grows to one that is lower by what is paid.
        """
        growth, worth = options.rate - options.dividend, np.zeros(len(options))
        for years, amount in zip(self.years, self.amount, strict=True):
            is_paid = (years > after) & (years <= options.years)
            worth += np.where(is_paid, amount * np.exp(-growth * (years - after)), 0.0)
        return worth

    def taken_from(self, options: Options) -> Options:
        """Return the options on the underlying without what it pays until their expiry."""
        return replace(options, spot=_positive(options.spot - self.value(options))) if len(self.years) else options


#: An underlying that pays nothing, or whose dividends are a continuous rate.
NO_DIVIDENDS: Final = Dividends.of()


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """The price of each option and how it changes.

    `delta` and `gamma` by a unit of the underlying, `theta` by a calendar day, `vega` by a point (0.01) of volatility.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats

    def put(self, rows: Rows, others: Valuation) -> Valuation:
        """Return these, with those of `others` in some rows."""
        return Valuation(*(_placed(getattr(self, f.name), rows, getattr(others, f.name)) for f in fields(self)))


def _placed(column: Floats, rows: Rows, values: Floats) -> Floats:
    column = column.copy()
    column[rows] = values
    return column


def _positive(column: Floats) -> Floats:
    """Return the column with NaN in place of what is no price."""
    return np.where((column > 0.0) & np.isfinite(column), column, np.nan)
