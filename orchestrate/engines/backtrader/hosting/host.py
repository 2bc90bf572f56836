"""Native Backtrader strategies under the orchestrator, each in an environment and with a broker of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrate.domain.market.timeline import Market
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.order import Fill, StrategyCommand
from orchestrate.engines.backtrader.hosting.demands import NOTHING, joined
from orchestrate.engines.backtrader.hosting.guest import Guest
from orchestrate.orchestration.orders.ports import EngineReport, StrategySeat


class NativeHost:
    """The part of the adapter that hosts natives; see `NativeHostPort`.

    `stop` of a native is called once it has seen its last bar and heard what became of its orders, so that what it
    raises there can still be told; after a run that was broken off, in `end`. Orders that it makes there have no next
    open; where orders fill at the close they would fill at once, so nobody is told of them.
    """

    def __init__(self, market: Market, accounts: Sequence[StrategySeat], rules: ExecutionRules) -> None:
        self._timeline = market.timeline
        self._orders_late = rules.fill == "next_open"
        self._advanced: int | None = None
        self._symbols = {symbol for account in accounts for symbol in account.symbols}
        self._last = self._timeline.last_stamp(self._symbols)
        self._over = False
        self._guests: dict[str, Guest] = {}
        for account in accounts:
            if account.native is not None:
                self._guests[account.strategy_id] = Guest(account, account.native, market, rules, self._moment)

    def _moment(self) -> tuple[int, int]:
        t = self._timeline.begins if self._advanced is None else self._advanced
        return int(np.searchsorted(self._timeline.stamps, t)), t

    def __contains__(self, strategy_id: object) -> bool:
        return strategy_id in self._guests

    def execute(self, commands: Sequence[StrategyCommand]) -> None:
        """Carry commands out; natives hear of verdicts when all of them are."""
        guests = self._guests
        hearing = [command.strategy_id for command in commands if guests[command.strategy_id].obey(command)]
        for strategy_id in dict.fromkeys(hearing):
            guests[strategy_id].hear()

    def advance(self, t: int, rows: Mapping[str, int]) -> EngineReport:
        """All natives live through their bars."""
        self._advanced = t
        for guest in self._guests.values():
            guest.live(rows)
        return self._tell()

    def _tell(self) -> EngineReport:
        """What all natives have to say."""
        told = [stepped for guest in self._guests.values() if (stepped := guest.tell()) is not NOTHING]
        return told[0] if len(told) == 1 else joined(told) if told else NOTHING

    def close(self) -> tuple[Fill, ...]:
        """What is due fills at the close."""
        return tuple(fill for guest in self._guests.values() for fill in guest.close())

    def listen(self) -> EngineReport:
        """What natives did in answer; at the very end, what they did when they were told of it."""
        told = self._tell()
        if self._last is None:
            self._last = self._timeline.last_stamp(self._symbols)
        if self._last is None or self._advanced != self._last or self._over or told is not NOTHING:
            return told
        self._stop()
        return self._tell()

    def _stop(self) -> None:
        self._over = True
        for guest in self._guests.values():
            guest.stop(orders_late=self._orders_late)

    @property
    def realised(self) -> float:
        """Profit net of fees, by the natives' own brokers."""
        return sum(guest.realised() for guest in self._guests.values())

    def held(self) -> dict[str, float]:
        """Net quantity a symbol, by the natives' own brokers."""
        held: dict[str, float] = {}
        for guest in self._guests.values():
            for symbol, size in guest.held().items():
                held[symbol] = held.get(symbol, 0.0) + size
        return held

    def state_of(self, strategy_id: str) -> tuple[dict[str, float], float]:
        """What one native holds and has realised; NativeError where its broker can't say."""
        guest = self._guests[strategy_id]
        held, realised = guest.held(), guest.realised()
        if guest.broken is not None:
            raise guest.broken
        return held, realised

    def drop(self, strategy_id: str) -> None:
        """Let go of a native."""
        self._guests.pop(strategy_id, None)

    def end(self) -> None:
        """Stop those who have not been stopped."""
        if not self._over:
            self._stop()
