"""How options are filled: how far across the spread, at which quotes, of which age, for which fee."""

from __future__ import annotations

from typing import Final, Literal

from orchestrate.domain.market.synthetic import seconds
from orchestrate.domain.options.settlement import EarlyAssignment
from orchestrate.domain.values import value

_SECOND: Final = 10**9
#: Which quotes count: those of the step that decides, or the next ones.
QuotesRule = Literal["decided", "next"]


@value
class OptionRules:
    """The section `execution.options`.

    A buy fills at bid + `cross` × spread, a sale at ask − `cross` × spread. `max_age` is a length such as `30min`; by
    default quotes of minutes count for one step, those of days at their own alone. With `per_contract` contracts pay
    that, and each order at least `minimum`; without it they pay the run's commission. `early_assignment` says which
    American options are exercised against a strategy before they expire.
    """

    cross: float = 1.0
    quotes: QuotesRule = "decided"
    max_age: str = ""
    per_contract: float | None = None
    minimum: float = 0.0
    early_assignment: EarlyAssignment = "off"

    def __post_init__(self) -> None:
        if not 0.0 <= self.cross <= 1.0:
            raise ValueError(f"cross must lie in 0..1, not {self.cross:g}")
        if self.quotes not in ("decided", "next"):
            raise ValueError(f"quotes must be 'decided' or 'next', not {self.quotes!r}")
        if self.max_age:
            seconds(self.max_age)
        if min(self.per_contract or 0.0, self.minimum) < 0:
            raise ValueError("a fee is never negative")
        if self.minimum and self.per_contract is None:
            raise ValueError("a minimum needs per_contract")

    @property
    def oldest(self) -> int | None:
        """The age up to which quotes count, in nanoseconds; None where the chain decides."""
        return seconds(self.max_age) * _SECOND if self.max_age else None

    def fee(self, contracts: float) -> float | None:
        """Return the fee of an order of so many contracts; None where the run's commission counts."""
        return None if self.per_contract is None else max(abs(contracts) * self.per_contract, self.minimum)
