"""What an account must hold for its options on one underlying.

The requirement is the least over all ways to pair positions into structures, as their owner would choose it, so that
it doesn't depend on when or as what they were opened. `pairing.py` finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, inf, isfinite
from typing import Final

from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.margin.pairing import Long, Pairing, Short, best_pairing
from orchestrate.domain.options.settings import AccountType
from orchestrate.domain.options.structure import Structure
from orchestrate.domain.values import value


@value
class Holding:
    """A position in one option: contracts (negative: short), and what one unit was traded at and is worth now."""

    contract: OptionContract
    quantity: int
    price: float
    mark: float

    def __post_init__(self) -> None:
        if self.quantity != int(self.quantity):
            raise ValueError(f"{self.contract.symbol}: options come in whole contracts, not {self.quantity:g}")
        if not (isfinite(self.price) and isfinite(self.mark)):
            raise ValueError(
                f"{self.contract.symbol}: a position needs a price and a mark, not {self.price}, {self.mark}"
            )

    @property
    def credit(self) -> float:
        """The money that it brought; negative: cost."""
        return -self.quantity * self.price * self.contract.multiplier


@value
class MarginRule:
    """How shorts count that nothing covers: `rate` of the underlying less what the option is out of the money.

    That is at least `least` of the underlying for calls, of the strike for puts. Where `naked` is False, as in a cash
    account, a put counts with its strike and a call is refused.
    """

    rate: float = 0.20
    least: float = 0.10
    naked: bool = True

    def beside_premium(self, contract: OptionContract, price: float) -> float:
        """Return what one unit of a short needs beside its premium, with the underlying at `price`."""
        out = max(contract.strike - price if contract.is_call else price - contract.strike, 0.0)
        return max(self.rate * price - out, self.least * (price if contract.is_call else contract.strike))

    def alone(self, contract: OptionContract, mark: float, price: float) -> float:
        """Return the margin of one contract that is worth `mark`: without bound where it may not be naked."""
        return (mark + self.beside_premium(contract, price)) * contract.multiplier if self.naked else inf


EQUITY: Final = MarginRule()
BROAD_INDEX: Final = MarginRule(rate=0.15)
CASH_ACCOUNT: Final = MarginRule(rate=1.0, naked=False)


def rule_at(rate: float) -> MarginRule:
    """Return the rule of that rate; all of the underlying is what a cash account asks for."""
    return CASH_ACCOUNT if rate == CASH_ACCOUNT.rate else MarginRule(rate=rate)


def margin_rule(asset_class: str, account: AccountType = "margin") -> MarginRule:
    """Return the rule for options on an underlying of that class."""
    if account == "cash":
        return CASH_ACCOUNT
    return BROAD_INDEX if asset_class == "index" else EQUITY


@value
class Requirement:
    """What is required for options on one underlying, beside what their shares require.

    `required` is `gross`, the losses at expiry of what is covered and the margins of what is not, less `credit`, the
    net credit of what is covered. `naked` counts the shorts that nothing covers, by symbol, and `covered` those that
    shares do; `loss` is that of the rest at expiry. In a cash account calls of `naked` are refused: the requirement is
    infinite.
    """

    required: float = 0.0
    gross: float = 0.0
    credit: float = 0.0
    naked: tuple[tuple[str, int], ...] = ()
    covered: tuple[tuple[str, int], ...] = ()
    loss: float = 0.0


def requirement(
    holdings: Sequence[Holding], price: float | None, rule: MarginRule = EQUITY, shares: float = 0.0
) -> Requirement:
    """Return the least requirement of options on one underlying, which stands at `price`, beside `shares` of it.

    Without a price each short counts as if the underlying were at its strike. Positions in the same option are netted.
    """
    _check(holdings, price)
    held = _netted(holdings)
    shorts = [one for one in held if one.quantity < 0]
    longs = [one for one in held if one.quantity > 0]
    if not shorts:
        credit = fsum(one.credit for one in longs)
        return Requirement(-credit, 0.0, credit)
    owed = [_short(one, price, rule) for one in shorts]
    pairing = best_pairing(owed, [Long(one.contract, int(one.quantity)) for one in longs], shares)
    return _required(shorts, longs, owed, pairing, rule)


def _check(holdings: Sequence[Holding], price: float | None) -> None:
    """Refuse positions on several underlyings, and a price that is none."""
    underlyings = sorted({one.contract.underlying for one in holdings})
    if len(underlyings) > 1:
        raise ValueError(f"a requirement is that of one underlying, not of {' and '.join(underlyings)}")
    if holdings and price is not None and not isfinite(price):
        raise ValueError(f"{underlyings[0]}: a requirement needs the price of the underlying, not {price}")


def opened(structure: Structure, prices: Mapping[str, float]) -> list[Holding]:
    """Return the options of a structure as positions that were opened at `prices` and are worth them."""
    return [
        Holding(leg.option, int(leg.ratio) * structure.quantity, prices[leg.symbol], prices[leg.symbol])
        for leg in structure.legs
        if leg.option is not None
    ]


def _netted(holdings: Sequence[Holding]) -> list[Holding]:
    """Return one holding of each option, in an order that doesn't depend on theirs."""
    together: dict[str, list[Holding]] = {}
    for one in holdings:
        together.setdefault(one.contract.symbol, []).append(one)
    nets = [_net(together[symbol]) for symbol in sorted(together)]
    return [net for net in nets if net.quantity]


def _net(parts: Sequence[Holding]) -> Holding:
    """Return positions in one option as one: contracts of either side at their average price, closed by the other's."""
    if len(parts) == 1:
        return parts[0]
    quantity = sum(part.quantity for part in parts)
    side = [part for part in parts if part.quantity * quantity > 0]
    paid = fsum(part.quantity * part.price for part in side)
    price = paid / sum(part.quantity for part in side) if side else 0.0
    return Holding(parts[0].contract, quantity, price, max(part.mark for part in parts))


def _short(holding: Holding, price: float | None, rule: MarginRule) -> Short:
    """Return a short as pairings count it. What is naked keeps its premium back, what is covered has it as credit."""
    contract = holding.contract
    if not rule.naked:
        return Short(contract, int(-holding.quantity))
    beside = rule.beside_premium(contract, contract.strike if price is None else price) * contract.multiplier
    alone = holding.mark * contract.multiplier + beside
    return Short(contract, int(-holding.quantity), alone + holding.price * contract.multiplier, alone, beside)


def _required(
    shorts: Sequence[Holding], longs: Sequence[Holding], owed: Sequence[Short], pairing: Pairing, rule: MarginRule
) -> Requirement:
    """Add up what a pairing requires."""
    if any(pairing.naked) and not rule.naked:
        gross = inf
    else:
        alone = fsum(short.alone * naked for short, naked in zip(owed, pairing.naked, strict=True))
        gross = pairing.loss + alone - pairing.saved
    covered = (
        one.price * one.contract.multiplier * (short.quantity - naked)
        for one, short, naked in zip(shorts, owed, pairing.naked, strict=True)
    )
    credit = fsum([*covered, *(one.credit for one in longs)])
    counted = [
        tuple((short.contract.symbol, number) for short, number in zip(owed, numbers, strict=True) if number)
        for numbers in (pairing.naked, pairing.covered)
    ]
    return Requirement(max(gross - credit, 0.0), gross, credit, counted[0], counted[1], pairing.loss)
