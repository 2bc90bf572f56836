"""The plan of a run: the configuration after every question is answered. Frozen; two equal plans are one run.

Paths are relative to `root`, the folder of the configuration, unless they were written absolute; `root` and each
framework's `feed` say nothing about the result and are no part of the plan's hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from orchestrate.domain.instruments.instrument import LotRule
from orchestrate.domain.options.settings import AccountType, ChainSettings
from orchestrate.domain.orders.execution import ExecutionRules
from orchestrate.domain.orders.option_rules import OptionRules
from orchestrate.domain.portfolio import AllocationPlan, Limits, PortfolioPlan
from orchestrate.domain.strategies.protocols import Kind

Mode = Literal["single", "multi"]


class OrchestratorMode(StrEnum):
    """The modes of a configuration; each equals its text."""

    SINGLE = "single"
    MULTI = "multi"


CapitalMode = Literal["isolated", "pooled"]
GateOperator = Literal[">=", "<=", ">", "<", "==", "!="]


@dataclass(frozen=True, slots=True)
class CapitalPlan:
    """The total capital, its currency, whether strategies share it, and what options may be held without cover."""

    total: Decimal
    mode: CapitalMode = "isolated"
    currency: str = "USD"
    account: AccountType = "margin"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Corporate actions to take out of a series: `splits` by ISO date, or a factor file."""

    splits: tuple[tuple[str, Decimal], ...] = ()
    factors: str = ""
    dividends: bool = False


@dataclass(frozen=True, slots=True)
class DataPlan:
    """The source of one symbol's bars and how to read it.

    Exactly one of `path`, `synthetic`, `resample` is set.
    """

    symbol: str
    path: str = ""
    synthetic: Mapping[str, object] | None = None
    resample: Mapping[str, str] | None = None
    format: str = "auto"
    date_format: str = ""
    timezone: str = "UTC"
    stamp: Literal["start", "end"] = "start"
    frequency: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""
    decimal: str = ""
    on_duplicate: Literal["error", "first", "last"] = "error"
    allow_negative: bool = False
    bar_type: str = ""
    adjust: Adjustment | None = None
    max_unpacked: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class InstrumentPlan:
    """The properties of an instrument that a configuration sets; None where the data or a default decides."""

    symbol: str
    multiplier: Decimal | None = None
    tick_size: Decimal | None = None
    precision: int | None = None
    margin_rate: Decimal | None = None
    currency: str | None = None
    asset_class: str | None = None
    maintenance_rate: Decimal | None = None
    lot: Decimal | LotRule | None = None
    expiry: str | None = None
    fx: str | None = None
    borrow: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """The size of an entry without a quantity of its own; `value` is what its method asks for.

    `lookback` is the number of returns whose volatility counts. An entry sized by risk has a stop that is `stop_atr`
    average true ranges of `period` bars away, and a target `take_profit_risk_reward` times as far; None for no target.
    """

    method: str = "percent"
    value: Decimal = Decimal(95)
    lookback: int = 60
    stop_atr: Decimal = Decimal(2)
    period: int = 14
    take_profit_risk_reward: Decimal | None = None

    def __str__(self) -> str:
        text = f"{self.method} {self.value:f}"
        if self.method != "risk":
            return text
        reward = self.take_profit_risk_reward
        return f"{text} at {self.stop_atr:f} × ATR {self.period}" + ("" if reward is None else f", target × {reward:f}")


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """The plan of one enabled strategy.

    `weight` is its share of the total capital, 0..1, and equal to the others' as long as it is still to be estimated;
    `config` has every default filled in.
    """

    id: str
    name: str
    kind: Kind
    reference: str
    framework: str
    weight: Decimal
    symbols: tuple[str, ...]
    priority: int = 0
    depends_on: tuple[str, ...] = ()
    sizing: Sizing = field(default_factory=Sizing)
    limits: Limits = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a run must meet, such as `sharpe >= 0.5` or `strategies.trend.trades >= 5`."""

    metric: str
    operator: GateOperator
    threshold: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {self.threshold!r}"

    @property
    def bound(self) -> float:
        """What the figure is compared with."""
        return self.threshold


@dataclass(frozen=True, slots=True)
class BaselineGate(Gate):
    """A condition on what has become of a figure since another run, such as `sharpe >= baseline - 0.1`.

    `baseline` is the figure of that run, None until it is known; `threshold` is what is added to it.
    """

    baseline: float | None = None

    def __str__(self) -> str:
        change = f" {'-' if self.threshold < 0 else '+'} {abs(self.threshold)!r}" if self.threshold else ""
        return f"{self.metric} {self.operator} baseline{change}"

    @property
    def bound(self) -> float:
        """What the figure is compared with."""
        if self.baseline is None:
            raise ValueError(f"gate '{self}' has no baseline")
        return self.baseline + self.threshold


@dataclass(frozen=True, slots=True)
class LoggingPlan:
    """Where the journal is and what goes into it."""

    path: str = "logs/backtest/orchestrate.jsonl"
    level: Literal["debug", "info", "warning", "error"] = "info"
    user: str = ""


class MultiFrameworkConfig(dict[str, Mapping[str, object]]):
    """The `frameworks:` section: each framework's settings by its name."""

    @property
    def fed_in_full(self) -> frozenset[str]:
        """Return the frameworks that receive every bar."""
        return frozenset(name for name, settings in self.items() if settings.get("feed") == "full")

    def without_feed(self) -> dict[str, dict[str, object]]:
        """Return the settings that can change a result; the way a framework is fed can't."""
        bare = {name: {k: v for k, v in settings.items() if k != "feed"} for name, settings in self.items()}
        return {name: settings for name, settings in bare.items() if settings}


#: What a plan without options doesn't have.
_OF_OPTIONS: Final = ("chains", "rates", "dividends")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The plan of a run: the configuration with everything resolved.

    `strategies` are in the order of the file.
    """

    mode: Mode
    capital: CapitalPlan
    data: Mapping[str, DataPlan]
    instruments: Mapping[str, InstrumentPlan]
    strategies: tuple[StrategyPlan, ...]
    allocation: AllocationPlan = field(default_factory=AllocationPlan)
    portfolio: PortfolioPlan = field(default_factory=PortfolioPlan)
    execution: ExecutionRules = field(default_factory=ExecutionRules)
    frameworks: MultiFrameworkConfig = field(default_factory=MultiFrameworkConfig)
    gates: tuple[Gate, ...] = ()
    start: str = ""
    end: str = ""
    periods_per_year: float | None = None
    benchmark: str = ""
    logging: LoggingPlan = field(default_factory=LoggingPlan)
    root: Path = field(default_factory=Path)
    chains: Mapping[str, ChainSettings] = field(default_factory=dict)
    #: continuous rates of interest a year, by currency
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    #: what a share pays, by symbol and ex-date
    dividends: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Return the whole plan as JSON values; `root` left out, so that the same plan reads the same everywhere."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        del plain["root"]
        for name in _OF_OPTIONS:
            if not plain[name]:
                del plain[name]
        execution, capital = plain["execution"], plain["capital"]
        assert isinstance(execution, dict)
        assert isinstance(capital, dict)
        if self.execution.options == OptionRules():
            del execution["options"]
        if self.capital.account == "margin":
            del capital["account"]
        return plain

    @property
    def hash(self) -> str:
        """Names the plan: sha256 over everything that can change a result."""
        return plan_hash(self.to_dict())


def plan_hash(plain: Mapping[str, object]) -> str:
    """Return the hash of a plan in JSON types; of a stored one it is that of the version which stored it."""
    frameworks = plain["frameworks"]
    assert isinstance(frameworks, Mapping)
    decisive = {name: part for name, part in plain.items() if name != "logging"}
    decisive["frameworks"] = MultiFrameworkConfig(frameworks).without_feed()
    text = json.dumps(decisive, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Return `value` in JSON types; Decimals become the numbers that their text shows."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Path):
        return value.as_posix()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
