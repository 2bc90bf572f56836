"""An engine that breaks its promise: one of ours but for one fill."""

from __future__ import annotations

from orchestrate.domain.orders.order import Fill
from orchestrate.engines.nautilus.adapter import NautilusOrchestrationAdapter
from orchestrate.engines.nautilus.exchange import Exchange
from orchestrate.engines.pending_fills import DueFill

DEARER = 0.25


class Misprices(NautilusOrchestrationAdapter):
    """Fills the third order of a run at another price, and keeps its own books by that."""

    def __init__(self, settings=None) -> None:
        super().__init__(settings)
        self._filled = 0

    def _trade(self, exchange: Exchange, due: DueFill, t: int) -> Fill:
        self._filled += 1
        return super()._trade(exchange, due._replace(price=due.price + DEARER * (self._filled == 3)), t)
