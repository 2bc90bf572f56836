"""Rules that the strategies in options share: when to leave, which expiry is the month's, how many lots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite

from orchestrate import ChainView, Context, HeldStructure, Signal, Structure

DAY = timedelta(days=1)
FRIDAY = 4


@dataclass(frozen=True)
class Exits:
    """When a structure is closed before it expires.

    `profit_target` is a share of the greatest profit, `stop_loss` a multiple of the credit or debit.
    """

    profit_target: float
    stop_loss: float
    exit_dte: float

    def is_due(self, held: HeldStructure) -> bool:
        """Return True for a structure that has won or lost enough, or expires too soon."""
        share = held.share_of_profit
        has_won = share is not None and share >= self.profit_target
        return has_won or held.profit <= -self.stop_loss * abs(held.credit) or held.dte < self.exit_dte


class OneAtATime:
    """Holds one structure at a time, and opens the next at the first step after it."""

    exits: Exits

    def opened(self, context: Context) -> Structure | None:
        """Return what is to be opened, None for nothing."""
        raise NotImplementedError

    def on_bar(self, context: Context) -> Iterator[Signal]:
        """Close what is due; open where nothing is held."""
        yield from undelivered(context)
        structures = context.structures
        for held in structures:
            if self.exits.is_due(held):
                yield Signal.close(held)
        if not structures and (structure := self.opened(context)):
            yield Signal.structure(structure)


def undelivered(context: Context) -> Iterator[Signal]:
    """Close shares that an option has delivered."""
    for symbol in context.symbols:
        position = context.position(symbol)
        if position and position.quantity:
            yield Signal.exit(symbol)


def front_month(chain: ChainView) -> ChainView | None:
    """Return the chain of the next monthly expiry after today, None where there is none."""
    for day in chain.expiries:
        month = chain.expiring(day)
        if is_monthly(day, chain.expiries) and month.dte[0] >= 1:
            return month
    return None


def is_monthly(day: str, expiries: tuple[str, ...]) -> bool:
    """Return True for a third Friday, the Saturday after it, and the Thursday before one that nothing expires on."""
    own = date.fromisoformat(day)
    first = own.replace(day=1)
    third = first + DAY * ((FRIDAY - first.weekday()) % 7 + 14)
    return own in (third, third + DAY) or (own == third - DAY and third.isoformat() not in expiries)


def lots_at_risk(chain: ChainView, structure: Structure, money: float) -> int:
    """Return how many of a structure lose no more than `money` at its expiry, 0 where a leg has no quote."""
    loss = structure.greatest_loss(structure.price({one.symbol: chain.quote(one) for one in structure.options}))
    return int(money // loss) if loss and isfinite(loss) and money > 0 else 0
