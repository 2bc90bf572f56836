"""Build a symbol's instrument from the configuration and its prices, which are rounded to its precision."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import numpy as np

from orchestrate.data.columns import PRICES, Columns, finding_at
from orchestrate.data.text.cells import BLOCK
from orchestrate.domain.instruments.instrument import ASSET_CLASSES, LOT_STEPS, MAX_PRECISION, Instrument
from orchestrate.domain.market.timeline import Flags, Floats
from orchestrate.domain.plan import InstrumentPlan
from orchestrate.domain.results import Finding, Severity

_NOISE: Final = 1e-12
_SLIGHT: Final = 1e-6  # of a price: no result depends on less


def instrument_of(given: InstrumentPlan, prices: Iterable[Floats], currency: str) -> Instrument:
    """Return what the configuration gives, completed from asset class and data: enough decimals for a tick.

    `currency` is the capital's; it holds where the configuration names none.
    """
    asset_class = given.asset_class or Instrument(given.symbol).asset_class
    defaults = ASSET_CLASSES[asset_class]
    precision = decimals(prices, defaults.decimals) if given.precision is None else given.precision
    tick = given.tick_size or Decimal(0)
    exponent = tick.normalize().as_tuple().exponent
    precision = max(precision, -exponent if tick and isinstance(exponent, int) else 0)
    return Instrument(
        given.symbol,
        precision=min(precision, MAX_PRECISION),
        tick_size=float(tick),
        multiplier=float(given.multiplier or 1),
        margin_rate=float(given.margin_rate or defaults.margin_rate),
        currency=given.currency or currency,
        asset_class=asset_class,
        maintenance_rate=None if given.maintenance_rate is None else float(given.maintenance_rate),
        fx=given.fx or "",
        borrow=float(given.borrow or 0),
        lot=LOT_STEPS[given.lot] if isinstance(given.lot, str) else float(given.lot or 0),
    )


def decimals(prices: Iterable[Floats], fewest: int = 2) -> int:
    """Return the fewest decimals, from `fewest` on, that show every price of the columns."""
    blocks = [column[start : start + BLOCK] for column in prices for start in range(0, len(column), BLOCK)]
    return next(
        (digits for digits in range(fewest, MAX_PRECISION) if all(_shown(one, digits) for one in blocks)), MAX_PRECISION
    )


def _shown(prices: Floats, digits: int) -> bool:
    return not _changed(prices, np.round(prices, digits)).any()


def _changed(prices: Floats, others: Floats) -> Flags:
    """Return where `others` are not the same prices.

    What arithmetic leaves in the last digits of a float is no difference.
    """
    return np.asarray(np.abs(others - prices) > _NOISE * np.abs(prices), dtype=np.bool_)


def rounded(columns: Columns, precision: int, where: str) -> tuple[Columns, list[Finding]]:
    """Return the bars with prices of `precision` decimals, and a finding if that changes one: an error if to 0."""
    prices = np.empty((len(PRICES), len(columns)))
    for result, column in zip(prices, columns.each, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            np.round(column, precision, out=result)
        if not np.isfinite(result).all():  # so great that it has no decimals
            np.copyto(result, column, where=~np.isfinite(result))
    prices.setflags(write=False)  # the memory behind the columns too
    return columns.with_prices(prices), _rounding(columns, prices, precision, where)


def _rounding(columns: Columns, prices: Floats, precision: int, where: str) -> list[Finding]:
    if all(np.array_equal(*pair) for pair in zip(prices, columns.each, strict=True)):
        return []
    before = columns.prices
    lost = ((prices == 0) & (before != 0)).any(axis=0)
    changed = _changed(before, prices).any(axis=0) & ~lost
    findings = []
    if changed.any():
        change = np.abs(prices - before)[:, changed]
        share = float((change / np.abs(before[:, changed])).max())
        then = f"they are rounded, at most by {change.max():.3g}, which is {share:.3g} of the price"
        severity: Severity = "warning" if share > _SLIGHT else "info"
        what = f"prices have more than {precision} decimals"
        findings.append(finding_at(severity, where, what, columns, np.flatnonzero(changed), then))
    if lost.any():
        raised = f"give the instrument a precision of up to {MAX_PRECISION}"
        then = raised if precision < MAX_PRECISION else "write them in a smaller unit, such as a price of a thousand"
        what = f"prices would become 0 with {precision} decimals"
        findings.append(finding_at("error", where, what, columns, np.flatnonzero(lost), then))
    return findings
