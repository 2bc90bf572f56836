"""What became of each structure of options: its entry, its exit and the cause of that, its profit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum, isfinite, nan
from typing import Final, NamedTuple

import numpy as np

from orchestrate.domain.market.stamps import DAY, moment_of
from orchestrate.domain.options.contract import LEAST_VALUE, OptionContract
from orchestrate.domain.options.structure import Leg, Structure
from orchestrate.domain.orders.order import Demand, Reason
from orchestrate.domain.results import FillRecord, RunResult, StrategyResult

#: Exits that no strategy asked for and no expiry brought are named by the reason of their orders.
CLOSED: Final = "closed"
ROLLED: Final = "rolled"
EXPIRED: Final = "expired"
ASSIGNED: Final = "assigned"
EXERCISED: Final = "exercised"
OPEN: Final = "open"
_OWN: Final = (Reason.NONE, Reason.SETTLEMENT)


@dataclass(frozen=True, slots=True)
class StructureResult:
    """A structure from its entry to its exit, or to the end of the run; its prices are those of one of it, in points.

    `exited` is None while it is open, and `exit` what it is worth then. `profit` is after `fees`; shares count at the
    close of their exit, and what is delivered at the settlement price. `most` and `least` are its greatest profit and
    loss at expiry, before fees, None where nothing bounds them.
    """

    strategy_id: str
    framework: str
    structure: Structure
    entered: int
    exited: int | None
    entry: float
    exit: float
    fees: float
    cause: str
    until: int

    @property
    def credit(self) -> float:
        """The money that it brought when it was opened; negative for a debit."""
        return -self.structure.money(self.entry)

    @property
    def profit(self) -> float:
        """What it has won, after fees."""
        return self.structure.profit(self.entry, self.exit) - self.fees

    @property
    def days(self) -> float:
        """The days that it was held."""
        return (self.until - self.entered) / DAY

    @property
    def most(self) -> float | None:
        """The most that it could win at expiry, before fees; None where that is unknown or infinite."""
        most = self.structure.greatest_profit(self.entry)
        return most if most is not None and isfinite(most) else None

    @property
    def least(self) -> float | None:
        """The most that it could lose at expiry, before fees; None where that is unknown or infinite."""
        loss = self.structure.greatest_loss(self.entry)
        return loss if loss is not None and isfinite(loss) else None

    @property
    def share(self) -> float | None:
        """Its profit before fees as a share of the greatest one; None where there is none."""
        return self.structure.share_of_profit(self.entry, self.exit)


class _Exit(NamedTuple):
    label: int
    moment: int
    price: float
    fees: float
    cause: str


def structures(result: RunResult) -> list[StructureResult]:
    """Return all structures of a run that were opened, in the order of their entries."""
    demands = [record for record in result.decisions if record.order_id and _is_structure(record.decision.demand)]
    if not demands:
        return []
    books = {strategy.id: _Book(result, strategy) for strategy in result.strategies.values()}
    for record in demands:
        books[record.decision.demand.strategy_id].take(record.order_id, record.decision.demand)
    found = [one for book in books.values() for one in book.results()]
    return sorted(found, key=lambda one: (one.entered, one.strategy_id))


def _is_structure(demand: Demand) -> bool:
    return demand.group is not None and demand.group.kind == "legs"


class _Opened(NamedTuple):
    structure: Structure
    label: int
    moment: int
    entry: float
    fees: float


class _Book:
    """The structures of one strategy, as they were opened and closed."""

    def __init__(self, result: RunResult, strategy: StrategyResult) -> None:
        self._result, self._strategy = result, strategy
        self._fills: dict[str, list[FillRecord]] = {}
        self._others: dict[str, list[FillRecord]] = {}
        for record in result.fills:
            if record.fill.strategy_id == strategy.id:
                if record.group is not None and record.group.kind == "legs":
                    self._fills.setdefault(record.group.id, []).append(record)
                else:
                    self._others.setdefault(record.fill.symbol, []).append(record)
        self._open: list[_Opened] = []
        self._done: list[StructureResult] = []

    def take(self, order_id: str, demand: Demand) -> None:
        """Take in a structure that was opened, or the close of one; nothing where it was not filled."""
        assert demand.group is not None
        records = self._fills.get(demand.group.id, [])
        if not any(record.fill.order_id == order_id for record in records):
            return
        structure = self._structure(demand, records)
        if demand.closing:
            self._close(structure.reversed(), records, CLOSED)
        elif records[0].reason is Reason.ROLL:
            self._roll(structure, records)
        else:
            self._opens(structure, records)

    def _opens(self, structure: Structure, records: list[FillRecord]) -> None:
        price, fees = _filled(structure, records)
        self._open.append(_Opened(structure, records[0].t, _moment(records[0]), price, fees))

    def _close(self, closed: Structure, records: list[FillRecord], cause: str) -> None:
        place = next((n for n, one in enumerate(self._open) if _alike(one.structure, closed)), None)
        if place is not None:
            price, fees = _filled(closed, records)
            self._end(self._open.pop(place), _Exit(records[0].t, _moment(records[0]), price, fees, cause))

    def _roll(self, traded: Structure, records: list[FillRecord]) -> None:
        """Close the first structure whose legs are reversed in what was traded, and open the rest of it."""
        legs = set(traded.legs)
        old = next((one.structure for one in self._open if set(one.structure.reversed().legs) <= legs), None)
        rest = traded.legs if old is None else tuple(leg for leg in traded.legs if leg not in old.reversed().legs)
        if old is not None:
            self._close(old, records, ROLLED)
        if rest:
            self._opens(Structure(rest, traded.quantity, traded.tag), records)

    def results(self) -> list[StructureResult]:
        """Return all of them, once all were taken in."""
        for opened in self._open:
            self._end(opened, self._exit(opened))
        return self._done

    def _structure(self, demand: Demand, records: list[FillRecord]) -> Structure:
        filled: dict[str, float] = {}
        for record in records:
            filled[record.fill.symbol] = filled.get(record.fill.symbol, 0.0) + record.fill.quantity
        legs = {name: float(ratio) for ratio, _, name in (part.partition(" ") for part in demand.symbol.split(", "))}
        quantity = round(next(filled[name] / ratio for name, ratio in legs.items()))
        known = ((self._strategy.holdings[name].instrument.option, name, ratio) for name, ratio in legs.items())
        return Structure(tuple(Leg(option or name, ratio) for option, name, ratio in known), quantity, demand.tag)

    def _end(self, opened: _Opened, exit_: _Exit) -> None:
        is_open = exit_.cause == OPEN
        self._done.append(
            StructureResult(
                self._strategy.id,
                self._strategy.framework,
                opened.structure,
                opened.label,
                None if is_open else exit_.label,
                opened.entry,
                exit_.price,
                opened.fees + exit_.fees,
                exit_.cause,
                exit_.label,
            )
        )

    # ---- exits that are no close

    def _exit(self, opened: _Opened) -> _Exit:
        """Return when it was ended by an order of a rule, else by the first expiry, else that it is open."""
        forced = [record for leg in opened.structure.legs for record in self._forced(leg, opened.moment)]
        expiries = [found for one in opened.structure.options if (found := self._settled(one)) is not None]
        first = min(forced, key=_moment, default=None)
        settled = min(expiries, default=None)
        if first is not None and (settled is None or _moment(first) < settled):
            return self._at(opened, _moment(first), first.t, str(first.reason), forced)
        if settled is None:
            steps = self._result.stamps
            return self._at(opened, int(steps[-1]), int(self._result.labels[-1]), OPEN, [])
        return self._at(opened, settled, self._label(settled), self._outcome(opened.structure, settled), [])

    def _at(self, opened: _Opened, moment: int, label: int, cause: str, forced: list[FillRecord]) -> _Exit:
        prices = {leg.symbol: self._price(leg, moment) for leg in opened.structure.legs}
        prices |= {record.fill.symbol: record.fill.price for record in forced}
        return _Exit(label, moment, opened.structure.net(prices), fsum(one.fill.fee for one in forced), cause)

    def _forced(self, leg: Leg, since: int) -> Iterator[FillRecord]:
        """Yield the fills by which a rule closed a leg."""
        for record in self._others.get(leg.symbol, ()):
            if leg.option is not None and record.reason not in _OWN and _moment(record) >= since:
                yield record

    def _settled(self, option: OptionContract) -> int | None:
        """Return the moment at which an option was settled; None where the run ended before."""
        series = self._result.series[option.symbol]
        last = int(series.available_at[-1])
        expiry = moment_of(option.expires_on) if series.length >= DAY else option.expiry
        return last if expiry <= last <= int(self._result.stamps[-1]) else None

    def _outcome(self, structure: Structure, moment: int) -> str:
        ending = [leg for leg in structure.legs if leg.option is not None and self._settled(leg.option) == moment]
        exercised = [leg for leg in ending if self._price(leg, moment)]
        if not exercised:
            return EXPIRED
        return ASSIGNED if any(leg.ratio < 0 for leg in exercised) else EXERCISED

    def _price(self, leg: Leg, moment: int) -> float:
        """Return the close of a leg at a moment; 0 of an option that is settled without being exercised."""
        series = self._result.series[leg.symbol]
        row = int(np.searchsorted(series.available_at, moment, side="right")) - 1
        price = float(series.close[row]) if row >= 0 else nan
        is_last = leg.option is not None and row == len(series) - 1 and self._settled(leg.option) == moment
        return 0.0 if is_last and round(price, 8) < LEAST_VALUE else price

    def _label(self, moment: int) -> int:
        return int(self._result.labels[np.searchsorted(self._result.stamps, moment)])


def _filled(structure: Structure, records: list[FillRecord]) -> tuple[float, float]:
    """Return the price of one structure, and the fees of its legs."""
    own = [record.fill for record in records if any(leg.symbol == record.fill.symbol for leg in structure.legs)]
    return structure.net({fill.symbol: fill.price for fill in own}), fsum(fill.fee for fill in own)


def _alike(one: Structure, other: Structure) -> bool:
    return one.quantity == other.quantity and set(one.legs) == set(other.legs)


def _moment(record: FillRecord) -> int:
    return record.t if record.moment is None else record.moment


def summary(found: Sequence[StructureResult]) -> list[dict[str, object]]:
    """Return the figures of structures by strategy and tag, in the order in which these came first."""
    groups: dict[tuple[str, str], list[StructureResult]] = {}
    for one in found:
        groups.setdefault((one.strategy_id, one.structure.tag), []).append(one)
    return [_figures(name, tag, own) for (name, tag), own in groups.items()]


def _figures(strategy_id: str, tag: str, own: Sequence[StructureResult]) -> dict[str, object]:
    done = [one for one in own if one.exited is not None]
    shares = [one.share for one in done if one.share is not None]
    return {
        "strategy_id": strategy_id,
        "tag": tag,
        "count": len(own),
        "won": sum(one.profit > 0 for one in done),
        "credit": fsum(one.credit for one in own),
        "profit": fsum(one.profit for one in own),
        "fees": fsum(one.fees for one in own),
        "days": fsum(one.days for one in done) / len(done) if done else None,
        "share": fsum(shares) / len(shares) if shares else None,
        "causes": dict(Counter(one.cause for one in own).most_common()),
    }
