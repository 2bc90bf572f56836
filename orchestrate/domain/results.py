"""What a run leaves behind: facts only, no figure that can be derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from orchestrate.domain.books import Accrual, Flow, Handover, Position, Trade
from orchestrate.domain.events import StrategyConflictDetectedEvent
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.order import Decision, Fill, OrderGroup, OrderStatus, Reason
from orchestrate.domain.plan import RunPlan
from orchestrate.domain.values import value

if TYPE_CHECKING:  # findings need no numpy
    from orchestrate.domain.instruments.instrument import Instrument
    from orchestrate.domain.market.timeline import BarSeries, Flags, Floats, Stamps

Severity = Literal["info", "warning", "error"]
RunStatus = Literal["completed", "degraded", "failed", "interrupted"]
StrategyStatus = Literal["completed", "failed", "paused", "waiting", "removed", "ruined"]
#: The status of a strategy while a run goes on.
EntryStatus = Literal["waiting", "active", "paused", "failed", "removed", "ruined"]
#: Whether something happened before a bar's open or after its close.
Moment = Literal["open", "close"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A note about data or figures that users should read.

    `count` is how often, `first` the first places.
    """

    severity: Severity
    where: str
    message: str
    count: int = 1
    first: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """Return the finding as `--format json` prints it."""
        return {"severity": self.severity, "where": self.where, "message": self.message, "count": self.count}


#: Of `entries` and `exits`, how many were `acted_upon`, and how many the look-ahead check has `checked`.
Coverage = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class StrategyError:
    """The error by which a strategy failed; `t` is the label of the bar, None before the first bar.

    `file` and `line` are the innermost place in the user's own code, "" and 0 where it is not known.
    """

    type: str
    message: str
    traceback: str
    t: int | None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RunError(StrategyError):
    """The error that ended a run: a user's function for the portfolio failed, at that line of that file."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of a strategy's status before the open of a bar or after its close.

    `t` is the label of the bar, None before the first one.
    """

    status: EntryStatus
    t: int | None
    moment: Moment = "close"


@dataclass(frozen=True, slots=True)
class PortfolioStop:
    """The end of all trading after the close of the bar `t`: the `figure` of a limit reached its `bound`."""

    limit: str
    figure: float
    bound: float
    t: int

    def __str__(self) -> str:
        figures = f"{self.limit}: {self.figure:.4g} of {self.bound:.4g}"
        return f"the portfolio was stopped at the close of {label_text(self.t)} ({figures})"


@value
class DecisionRecord:
    """A decision as it is stored; `t` is the label of the bar, `order_id` empty where there is no order.

    Orders that end otherwise than by a whole fill (cut or refused at the open, cancelled) get a record of their own.
    """

    t: int
    decision: Decision
    order_id: str = ""


@value
class FillRecord:
    """A fill with the label of its bar and the reason of its order.

    `moment` is that of its step, None where it is the label. `slippage` is the money that slippage cost; `group` is
    what its order belongs to.
    """

    t: int
    fill: Fill
    framework: str
    closing: bool
    reason: Reason = Reason.NONE
    moment: int | None = None
    group: OrderGroup | None = None
    slippage: float = 0.0


class Move(NamedTuple):
    """A transfer, handover or accrual, the step at which it counts, and how many fills of its book came before it."""

    step: int
    fills: int
    what: Flow | Handover | Accrual


@dataclass(frozen=True, slots=True, eq=False)
class Transfers:
    """Money moved to a strategy during a run, or (negative) away from it: whole cents at each step.

    `earned` is the equity that the same fills give where no money is moved. It is kept, because subtracting transfers
    from the equity gives other last digits, and a return of 1e-16 where nothing happened.
    """

    flows: Floats
    earned: Floats

    @property
    def moved(self) -> Floats:
        """Return the equity with all that was moved so far."""
        return self.earned + self.so_far

    @property
    def so_far(self) -> Floats:
        """Return the sum of all flows up to each step, exact to the cent."""
        import numpy as np

        return np.asarray(np.cumsum(np.rint(self.flows * 100.0)) / 100.0, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """A figure that stays as it is between its changes: its `values` from these `steps` on, and the one `before`."""

    steps: Stamps
    values: Floats
    before: float = 0.0

    def path(self, steps: int, values: Floats | None = None) -> Floats:
        """Return the figure, or others that change with it and are 0 before, at each of the first `steps` steps."""
        import numpy as np

        after, before = (self.values, self.before) if values is None else (values, 0.0)
        bounds = np.concatenate([[0], self.steps, [steps]])
        lasts = bounds[1:] - bounds[:-1]
        return np.repeat(np.concatenate([[before], after]), lasts)


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """What a unit of another currency is worth at each step, and was for what is held after each change of it."""

    closes: Floats
    paid: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """What a book held of one symbol: its signed quantity, and the average cost after each change of it.

    `closes` are those that count at each step, NaN before the first bar; `rates` are there where they are in another
    currency than the capital; `underlying` has the closes of what an option is on.
    """

    instrument: Instrument
    quantity: Changes
    averages: Floats
    closes: Floats
    rates: Rates | None = None
    underlying: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StrategyResult:
    """The facts of one strategy in a run.

    `equity` and `exposed` have one element a step of the timeline. `own` marks the steps at which one of its symbols
    has a bar; `exposed` those with a position at the close. `transfers` is None where no money was moved. `holdings`
    and `reserves`, the money held back for open orders, are by symbol; `weight` is the share of a common account.
    """

    id: str
    name: str
    framework: str
    status: StrategyStatus
    symbols: tuple[str, ...]
    allocated: Decimal
    equity: Floats
    has_bar: Flags
    exposed: Flags
    trades: tuple[Trade, ...]
    open_positions: tuple[Position, ...]
    fees: float
    blocked: int
    resized: int
    error: StrategyError | None = None
    transfers: Transfers | None = None
    #: the changes of its status, in their order
    status_changes: tuple[StatusChange, ...] = ()
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    reserves: Mapping[str, Changes] = field(default_factory=dict)
    weight: Changes | None = None
    #: what changed its book beside its fills
    moves: tuple[Move, ...] = ()
    #: its equity with longs of options at bids and shorts at asks; None where it held none
    liquidation: Floats | None = None
    #: how many marks of options came from each source, and how many of structures were held within their bounds
    marks: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        facts = f"{self.id!r}, {self.framework!r}, {self.status!r}, {len(self.trades)} trades"
        return f"StrategyResult({facts}, {len(self.equity)} steps)"

    @property
    def earned(self) -> Floats:
        """The start capital and results, without transfers, at every step."""
        return self.equity if self.transfers is None else self.transfers.earned


@dataclass(frozen=True, slots=True)
class FrameworkTiming:
    """The time that an engine took: in seconds, in seconds per step (median and 99th percentile), in messages."""

    seconds: float
    p50: float
    p99: float
    messages: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RunResult:
    """All facts of a run, over the steps that were done.

    `reserve` is what no strategy got at the start.
    """

    plan: RunPlan
    status: RunStatus
    stamps: Stamps
    labels: Stamps
    reserve: Decimal
    strategies: Mapping[str, StrategyResult]
    decisions: tuple[DecisionRecord, ...]
    fills: tuple[FillRecord, ...]
    findings: tuple[Finding, ...] = ()
    #: what the look-ahead check found; how far it gets depends on time, so this is no part of the metrics
    checks: tuple[Finding, ...] = ()
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    timings: Mapping[str, FrameworkTiming] = field(default_factory=dict)
    data_hash: str = ""
    #: the same by symbol
    data_hashes: Mapping[str, str] = field(default_factory=dict)
    #: bars per year that metrics use, by strategy id, and "" for the portfolio
    periods_per_year: Mapping[str, float] = field(default_factory=dict)
    #: the benchmark's close that counts at each step, in the capital's currency, NaN before its first bar; None where
    #: no benchmark is named
    benchmark: Floats | None = None
    #: the money of a point of each option that joined the run
    multipliers: Mapping[str, float] = field(default_factory=dict)
    #: the bars of the run by symbol: those of its market, not a copy
    series: Mapping[str, BarSeries] = field(default_factory=dict)
    #: strategies that look ahead, or are not repeatable
    looked_ahead: tuple[str, ...] = ()
    #: what ended the run before its last bar
    error: RunError | None = None
    #: what let no strategy trade any more, while the run went on
    stopped: PortfolioStop | None = None
    #: the status at the end of orders that did not fill as a whole, by id
    order_statuses: Mapping[str, OrderStatus] = field(default_factory=dict)
    #: the sha256 of each strategy file that was loaded, by its path in the folder of the configuration
    sources: Mapping[str, str] = field(default_factory=dict)
    #: demands of several strategies for one symbol on one bar, as they were settled
    conflicts: tuple[StrategyConflictDetectedEvent, ...] = ()

    def __repr__(self) -> str:
        facts = f"{self.status!r}, {list(self.strategies)}, {len(self.stamps)} steps, {len(self.fills)} fills"
        return f"RunResult({facts})"

    @property
    def portfolio_equity(self) -> Floats:
        """The sum of all books and the reserve at every step; transfers change no digit of it."""
        import numpy as np

        total = np.full(len(self.stamps), float(self.reserve))
        for name in sorted(self.strategies):  # the order in the file changes no digit
            total += self.strategies[name].earned
        return total

    @property
    def has_transfers(self) -> bool:
        """True where money was moved between strategies and the reserve."""
        return any(strategy.transfers is not None for strategy in self.strategies.values())

    @property
    def reserve_equity(self) -> Floats:
        """The unallocated capital at every step, exact to the cent."""
        import numpy as np

        if not self.has_transfers:
            return np.full(len(self.stamps), float(self.reserve))
        cents = np.full(len(self.stamps), float(self.reserve * 100))
        for strategy in self.strategies.values():
            if strategy.transfers is not None:
                cents -= np.rint(strategy.transfers.so_far * 100.0)
        return cents / 100.0
