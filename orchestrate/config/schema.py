"""The sections of a configuration in their long form: names, types and ranges. Unknown keys are refused.

Short forms (`capital: 300000`) have become long ones before (see shapes.py); what several sections must agree on is
checked after (see checks.py).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from orchestrate.config.numbers import (
    AssetClassName,
    Column,
    ColumnName,
    Cost,
    Crossing,
    Day,
    Factor,
    Fee,
    Filled,
    FormatName,
    Fraction,
    Frequency,
    Interest,
    Lot,
    Margin,
    Moment,
    Money,
    Percentage,
    Periods,
    Positive,
    Quantity,
    Rate,
    Real,
    SamplerName,
    Size,
    SizingName,
    Span,
    Tick,
    Ticks,
    Timeout,
    Yearly,
)
from orchestrate.config.section import Section, made
from orchestrate.domain.portfolio import Period
from orchestrate.domain.sweeps import MAX_POINTS

Count = Annotated[int, Field(ge=1)]
Lookback = Annotated[int, Field(ge=3)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")]


class Capital(Section):
    """`capital:`"""

    total: Money
    mode: Literal["isolated", "pooled"] = "isolated"
    account: Literal["margin", "cash"] = "margin"
    currency: Currency = "USD"


class Resample(Section):
    """`resample:` of a data entry"""

    of: Filled
    to: Frequency


class Adjust(Section):
    """`adjust:` of a data entry; `splits` by date, or the name of a factor file"""

    splits: dict[Day, Factor] = made(dict)
    factors: str = ""
    dividends: bool = False


class Data(Section):
    """One symbol under `data:`"""

    short: ClassVar[str] = "path"

    path: Filled | None = None
    synthetic: dict[str, Any] | None = None
    resample: Resample | None = None
    chain: Filled | None = None
    underlying: Filled | None = None
    root: str = ""
    settlement_prices: dict[Day, Positive] = made(dict)
    settlement_series: Filled | None = None
    format: FormatName = "auto"
    date_format: str = ""
    timezone: Filled = "UTC"
    stamp: Literal["start", "end"] = "start"
    frequency: Frequency | None = None
    columns: dict[ColumnName, Column] = made(dict)
    delimiter: Annotated[str, Field(max_length=1)] = ""
    decimal: Literal["", ".", ","] = ""
    on_duplicate: Literal["error", "first", "last"] = "error"
    allow_negative: bool = False
    bar_type: str = ""
    adjust: Adjust | None = None
    max_unpacked: Size = "2GB"

    @property
    def is_chain(self) -> bool:
        """True for a chain of options: it names one, or makes one on an underlying."""
        return self.chain is not None or "underlying" in (self.synthetic or {})

    @property
    def on(self) -> str:
        """What the options of a chain are on."""
        return self.underlying or str((self.synthetic or {}).get("underlying", ""))


class InstrumentSection(Section):
    """One symbol under `instruments:`"""

    multiplier: Factor | None = None
    tick_size: Tick | None = None
    precision: Annotated[int, Field(ge=0, le=8)] | None = None
    margin_rate: Margin | None = None
    currency: Currency | None = None
    asset_class: AssetClassName | None = None
    maintenance_rate: Rate | None = None
    lot: Lot | None = None
    fx: Filled | None = None
    borrow: Yearly | None = None
    expiry: Day | None = None
    style: Literal["american", "european"] | None = None
    delivery: Literal["cash", "physical"] | None = None
    settlement: Literal["am", "pm"] | None = None


class SizingSection(Section):
    """`sizing:` of a strategy"""

    short: ClassVar[str] = "percent"

    method: SizingName = "percent"
    percent: Percentage | None = None
    quantity: Quantity | None = None
    amount: Money | None = None
    annual: Positive | None = None
    lookback: Lookback | None = None
    risk: Fraction | None = None
    stop_atr: Factor | None = None
    period: Count | None = None
    take_profit_risk_reward: Factor | None = None


class Strategy(Section):
    """One strategy"""

    short: ClassVar[str] = "name"

    stranger: ClassVar[str] = "parameters of the strategy stand under 'config'"

    name: Filled | None = None
    enabled: bool = True
    framework: Filled | None = None
    allocation: Positive | None = None
    symbols: Annotated[list[Filled], Field(min_length=1)] | None = None
    priority: int = 0
    depends_on: list[Filled] = made(list)
    sizing: SizingSection = made(SizingSection)
    limits: dict[str, Any] = made(dict)
    config: dict[str, Any] = made(dict)


class RiskConfig(Section):
    """`risk_config:` of an entry of the live runner's file; fractions of the book's equity"""

    risk_per_trade: Fraction | None = None
    max_position_size: Fraction | None = None
    stop_loss_atr_multiple: Factor | None = None
    take_profit_risk_reward: Factor | None = None


class LiveStrategy(Section):
    """One entry of the live runner's file"""

    name: Filled
    strategy: Filled | None = None
    symbol: Filled | None = None
    model_path: Filled | None = None
    enabled: bool = True
    threshold: Real | None = None
    risk_config: RiskConfig | None = None
    framework: Filled | None = None
    config: dict[str, Any] = made(dict)


class Global(Section):
    """`global:` of the live runner's file; all but the balance concerns live runs alone"""

    default_balance: Money | None = None
    zmq_market_url: Filled | None = None
    zmq_execution_host: Filled | None = None
    zmq_execution_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    feature_api_url: Filled | None = None
    paper_trading: bool | None = None


class Rebalance(Section):
    """`rebalance:` of the portfolio"""

    threshold: Fraction | None = None
    every: Literal["day", "week", "month", "quarter", "year"] | None = None
    top_up: bool = True


class TargetVolatility(Section):
    """`target_volatility:` of the portfolio"""

    annual: Positive
    lookback: Annotated[int, Field(ge=2)] = 60
    max_leverage: Positive = Decimal(1)


class Compatibility(Section):
    """`compatibility:` of the portfolio"""

    short: ClassVar[str] = "require"

    require: Annotated[int, Field(ge=0, le=100)] = 0


class Appointment(Section):
    """One entry of `schedule:`"""

    at: Moment
    pause: Filled | None = None
    resume: Filled | None = None
    remove: Filled | None = None
    positions: Literal["flatten", "keep"] | None = None
    add: Filled | None = None
    allocation: dict[str, Percentage] | None = None


class AllocationSection(Section):
    """`allocation:` of the portfolio"""

    short: ClassVar[str] = "method"

    method: Filled = "custom"
    lookback: Lookback | None = None
    every: Period | None = None


class Portfolio(Section):
    """`portfolio:`"""

    short: ClassVar[str] = "allocation"

    allocation: AllocationSection = made(AllocationSection)
    lookback: Lookback | None = None
    over_100: Literal["reject", "normalize"] = "reject"
    conflicts: Filled = "independent"
    exits: Literal["protected", "included"] = "protected"
    rebalance: Rebalance = made(Rebalance)
    target_volatility: TargetVolatility | None = None
    limits: dict[str, Any] = made(dict)
    schedule: list[Appointment] = made(list)
    compatibility: Compatibility = made(Compatibility)


class CommissionSection(Section):
    """`commission:`"""

    short: ClassVar[str] = "percent"

    percent: Cost | None = None
    per_share: Fee | None = None
    minimum: Fee | None = None


class SlippageSection(Section):
    """`slippage:`"""

    short: ClassVar[str] = "percent"

    percent: Cost | None = None
    ticks: Ticks | None = None


class OptionsSection(Section):
    """`options:` of the execution"""

    cross: Crossing = Decimal(1)
    quotes: Literal["decided", "next"] = "decided"
    max_age: Frequency | None = None
    per_contract: Fee | None = None
    minimum: Fee | None = None
    early_assignment: Literal["off", "dividend", "deep"] = "off"


class Execution(Section):
    """`execution:`"""

    fill: Literal["next_open", "close"] = "next_open"
    commission: CommissionSection = made(CommissionSection)
    slippage: SlippageSection = made(SlippageSection)
    lots: Literal["integer", "fractional"] = "integer"
    close_at_end: bool = False
    ruin: Literal["degrade", "allow"] = "degrade"
    strategy_timeout: Timeout = Decimal(5)
    options: OptionsSection = made(OptionsSection)


class Logging(Section):
    """`logging:`"""

    short: ClassVar[str] = "level"

    path: Filled = "logs/backtest/orchestrate.jsonl"
    level: Literal["debug", "info", "warning", "error"] = "info"
    user: str = ""


class WalkForwardSection(Section):
    """`walk_forward:` of the sweep"""

    train: Span
    test: Span
    step: Span | None = None
    anchored: bool = False
    embargo: Span | None = None
    positions: Literal["flatten", "carry"] = "flatten"


class SweepSection(Section):
    """`sweep:`"""

    parameters: Annotated[dict[str, Any], Field(min_length=1)]
    where: list[Filled] = made(list)
    method: SamplerName = "grid"
    trials: Annotated[int, Field(ge=1, le=MAX_POINTS)] = 100
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    batch: Annotated[int, Field(ge=1, le=1024)] = 16
    objective: Any = "sharpe"
    require: list[Filled] = made(list)
    each: Literal["portfolio", "strategy"] = "portfolio"
    select: Literal["plateau", "best"] = "plateau"
    walk_forward: WalkForwardSection | None = None
    workers: Any = "auto"


class Configuration(Section):
    """The top level, in the long form that every shape becomes"""

    mode: Literal["single", "multi"] | None = None
    capital: Capital | None = None
    data: dict[str, Data] | None = None
    instruments: dict[str, InstrumentSection] = made(dict)
    rates: dict[Currency, Interest] = made(dict)
    dividends: dict[Filled, dict[Day, Positive]] = made(dict)
    start: Moment | None = None
    end: Moment | None = None
    periods_per_year: Periods | None = None
    strategies: dict[str, Strategy]
    portfolio: Portfolio = made(Portfolio)
    execution: Execution = made(Execution)
    frameworks: dict[str, dict[str, Any]] = made(dict)
    gates: dict[str, Any] = made(dict)
    logging: Logging = made(Logging)
    benchmark: Filled | None = None
    sweep: SweepSection | None = None
