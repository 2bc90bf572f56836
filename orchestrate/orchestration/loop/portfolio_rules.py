"""What the portfolio does by itself, beside the demands of its strategies: before the open, and after the close."""

from __future__ import annotations

from typing import Protocol

from orchestrate.domain.market.timeline import MarketEvent


class PortfolioRule(Protocol):
    """One such rule. It sees every step that is taken, and names those that must be."""

    def before_open(self, event: MarketEvent) -> None:
        """A step begins; nothing of it is released yet."""

    def after_close(self, event: MarketEvent) -> None:
        """The step is over: its fills are booked, its decisions made, its books marked."""

    def next_event(self, step: int) -> int:
        """The first step after `step` that this rule must see; `NEVER` where it needs none."""
