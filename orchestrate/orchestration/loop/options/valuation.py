"""What options were worth at each step, computed at the end of a run: sources of marks, and what closing brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from orchestrate.domain.market.timeline import Floats, Market
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.contract import OptionContract
from orchestrate.domain.options.marks import SOURCES
from orchestrate.domain.options.structure import Structure
from orchestrate.domain.results import Holding
from orchestrate.orchestration.loop.marks import Marks

#: A mark that is beyond a bound by less is at it.
_GRAIN: Final = 1e-9
#: The structures that a strategy holds, and the step from which on.
_Held = tuple[int, tuple[Structure, ...]]


class Valuation:
    """Notes which structures are held, and values holdings by the quotes of the `chains`, by root."""

    def __init__(self, market: Market, marks: Marks, chains: Mapping[str, Chain], max_age: int | None) -> None:
        self._market, self._marks, self._chains, self._max_age = market, marks, chains, max_age
        self._noted: dict[str, list[_Held]] = {}

    def note(self, strategy_id: str, held: Sequence[Structure]) -> None:
        """Note what a strategy holds at the end of the step under way."""
        noted, now = self._noted.setdefault(strategy_id, []), tuple(held)
        if now != (noted[-1][1] if noted else ()):
            noted.append((self._marks.step, now))

    def liquidation(self, equity: Floats, holdings: Mapping[str, Holding]) -> Floats | None:
        """Return equity with longs at their bids and shorts at their asks; None where no option was held.

        What is offered and has no buyer is worth 0; without a quote that counts, the mark stays.
        """
        options = [one for one in holdings.values() if one.instrument.option is not None]
        if not options:
            return None
        value = equity.copy()
        for one in options:
            assert one.instrument.option is not None
            quantity = one.quantity.path(len(equity))
            bid, ask = self._sides(one.instrument.option, len(equity))
            bid = np.where(np.isnan(bid) & (ask > 0), 0.0, bid)
            price = np.where(quantity > 0, bid, np.where(ask > 0, ask, np.nan))
            gap = np.where((quantity == 0) | np.isnan(price), 0.0, price - one.closes)
            value += quantity * gap * one.instrument.multiplier
        return value

    def counts(self, strategy_id: str, holdings: Mapping[str, Holding], steps: int) -> Mapping[str, int]:
        """Return how many marks of a strategy came from each source, and how many of its structures' were bounded."""
        total = np.zeros(len(SOURCES), dtype=np.int64)
        options = [one for one in holdings.values() if one.instrument.option is not None]
        for one in options:
            total += self._sources(one, steps)
        if not options:
            return {}
        bounded = sum(self._beyond(*stretch) for stretch in self._stretches(strategy_id, steps))
        return dict(zip(SOURCES, total.tolist(), strict=True)) | {"bounded": bounded}

    def _sides(self, contract: OptionContract, steps: int) -> tuple[Floats, Floats]:
        stamps = self._market.timeline.stamps[:steps]
        return self._chains[contract.root].sides(contract, stamps, self._max_age)

    def _sources(self, holding: Holding, steps: int) -> np.typing.NDArray[np.int64]:
        """Count the sources of the marks at the steps at which something is held, those of the settlement apart."""
        contract = holding.instrument.option
        assert contract is not None
        chain = self._chains[contract.root]
        sources = chain.marks(contract, np.zeros(len(chain.moments)), self._max_age).sources
        rows = self._market.timeline.latest_rows(contract.symbol)[:steps][holding.quantity.path(steps) != 0]
        return np.bincount(sources[rows[(rows >= 0) & (rows < len(sources))]], minlength=len(SOURCES))

    def _stretches(self, strategy_id: str, steps: int) -> Iterator[tuple[Structure, int, int]]:
        """Yield each structure with bounds, and the steps from and up to which it is held unchanged."""
        noted = self._noted.get(strategy_id, [])
        ends = [step for step, _ in noted[1:]] + [steps]
        for (start, held), stop in zip(noted, ends, strict=True):
            yield from ((one, start, min(stop, steps)) for one in held if one.is_bounded)

    def _beyond(self, structure: Structure, start: int, stop: int) -> int:
        """Return at how many steps the marks of its legs add up to more or less than it can be worth."""
        parts = [leg.units * self._marks.closes(leg.symbol, start, stop) for leg in structure.legs]
        net = np.sum(parts, axis=0) / structure.multiplier
        least, greatest = structure.bounds or (-np.inf, np.inf)
        return int(np.count_nonzero((net < least - _GRAIN) | (net > greatest + _GRAIN)))
