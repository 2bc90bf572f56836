"""The rules by which the portfolio acts beside its strategies: before the open, and after the close."""

from __future__ import annotations

from typing import Protocol

from orchestrate.domain.market.timeline import MarketEvent


class PortfolioRule(Protocol):
    """One rule of the portfolio. It sees every step that is taken, and names those that must be taken."""

    def before_open(self, event: MarketEvent) -> None:
        """Act as a step begins; nothing of it is released yet."""

    def after_close(self, event: MarketEvent) -> None:
        """Act on a step that is over: its fills are booked, its decisions made, its books marked."""

    def next_event(self, step: int) -> int:
        """Return the first step after `step` that this rule must see; `NEVER` where it needs none."""
