"""Compute a stored run again from its fills and the data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrate import wiring
from orchestrate.data.loading import load_market
from orchestrate.domain.errors import StoreError
from orchestrate.domain.instruments.instrument import ASSET_CLASSES, Instrument
from orchestrate.domain.market.digests import data_hashes
from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.plan import BaselineGate, RunPlan
from orchestrate.domain.plan import Gate as PlannedGate
from orchestrate.domain.portfolio import UNMANAGED
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.domain.text.printable import one_line
from orchestrate.runs.arrays import arrays
from orchestrate.runs.plans import plan_of
from orchestrate.runs.reading import StoredRun, read_run
from orchestrate.usecases.audit.contracts import contracts_of, terms_of
from orchestrate.usecases.audit.inputs import changed_data
from orchestrate.verification.facts import Bars, Commission, Difference, Gate, Rules, Run, Strategy, Table, Terms
from orchestrate.verification.options.contracts import bars_of
from orchestrate.verification.verify import verify as verify_run

SCHEMA_VERSION: Final = 1
DIFFERENT: Final = 1
_LONG: Final = ("equity.parquet", "exposure.parquet")
TABLES: Final = ("equity", "trades", "decisions", "fills", "positions", "flows", "exposure")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to verify a run. `root` is where relative paths of its plan begin, None for where they did."""

    run: str
    reports: Path = Path("reports")
    root: Path | None = None
    cache: bool = True
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked of a run, and the first thing that is not as it should be."""

    run_id: str
    checks: tuple[str, ...]
    difference: Difference | None

    @property
    def exit_code(self) -> int:
        """Return 0 where all is right."""
        return 0 if self.difference is None else DIFFERENT

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        one = self.difference
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "verified": one is None,
            "checks": list(self.checks),
            "difference": None
            if one is None
            else {"check": one.check, "where": one.where, "stored": one.stored, "computed": one.computed},
        }


def verify(request: Request) -> Verification:
    """Check a run. DataError where its data is missing, StoreError where its files are damaged."""
    run = read_run(request.reports, request.run, [f"{name}.parquet" for name in TABLES])
    plan = plan_of(run, request.root)
    cache = wiring.column_cache(request.environ, wanted=request.cache)
    market, _ = load_market(plan, cache=cache)
    changed = next(changed_data(run, data_hashes(market)), None)
    if changed is not None:
        difference = Difference("data", f"data.{changed.name}: sha256 of its bars", changed.stored, changed.now)
        return Verification(run.folder.name, ("data",), difference)
    try:
        verdict = verify_run(facts_of(run, plan, market))
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:  # values that no run can have
        raise StoreError(f"{run.folder}: damaged: {type(error).__name__}: {one_line(error)}") from None
    return Verification(run.folder.name, ("data", *verdict.checks), verdict.difference)


def facts_of(run: StoredRun, plan: RunPlan, market: Market) -> Run:
    """Return what is known of a run, as the verification takes it."""
    tables = {name: _table(run, f"{name}.parquet") for name in TABLES}
    bars = {symbol: _bars(series) for symbol, series in market.series.items()}
    terms = {symbol: _terms(instrument) for symbol, instrument in market.instruments.items()}
    contracts = contracts_of(market, tables, plan)
    for symbol, one in contracts.items():
        bars[symbol] = bars_of(one, bars[one.underlying])
        terms[symbol] = terms_of(one, market.instruments[one.underlying], plan.capital.account)
    return Run(
        capital=float(plan.capital.total),
        pooled=plan.capital.mode == "pooled",
        rules=_rules(plan),
        strategies=_strategies(run, plan),
        bars=bars,
        terms=terms,
        tables=tables,
        figures=run.figures,
        benchmark=plan.benchmark,
        gates=[Gate(str(one), one.metric, one.operator, one.bound, _baseline(one)) for one in plan.gates],
        earlier_rates=market.earlier_rates,
        contracts=contracts,
    )


def _rules(plan: RunPlan) -> Rules:
    rules = plan.execution
    return Rules(
        at_close=rules.fill == "close",
        commission=_commission(rules.commission),
        commissions={symbol: _commission(one) for symbol, one in rules.commissions.items()},
        slip_percent=rules.slippage.percent,
        slip_ticks=rules.slippage.ticks,
        periods_per_year=plan.periods_per_year,
        cross=rules.options.cross,
        per_contract=rules.options.per_contract,
        contract_minimum=rules.options.minimum,
        early_assignment=rules.options.early_assignment,
    )


def _table(run: StoredRun, file: str) -> Table:
    """Return a table; those with a row a step, or many, as arrays."""
    if file in _LONG:
        return arrays(run, file, tuple(run.names(file)))
    names = tuple(run.names(file))
    return dict(zip(names, run.columns(file, names), strict=True))


def _baseline(gate: PlannedGate) -> float | None:
    return gate.baseline if isinstance(gate, BaselineGate) else None


def _commission(one: Any) -> Commission:
    return Commission(one.percent, one.per_share, one.minimum)


def _strategies(run: StoredRun, plan: RunPlan) -> dict[str, Strategy]:
    natives = {one.id for one in plan.strategies if one.kind not in PORTABLE_KINDS}
    return {
        name: Strategy(
            id=name,
            framework=facts["framework"],
            symbols=tuple(facts["symbols"]),
            allocated=float(facts["allocated_capital"]),
            is_native=name in natives or name.startswith(UNMANAGED),
            is_unmanaged=name.startswith(UNMANAGED),
        )
        for name, facts in run.figures["strategies"].items()
    }


def _bars(series: BarSeries) -> Bars:
    moments = series.timestamp, series.available_at
    return Bars(*moments, series.open, series.high, series.low, series.close, series.length, series.tradable)


def _terms(instrument: Instrument) -> Terms:
    return Terms(
        multiplier=instrument.multiplier,
        tick=instrument.tick,
        precision=instrument.precision,
        by_notional=instrument.moves_cash_by_notional,
        initial=(instrument.initial_rate(1.0), instrument.initial_rate(-1.0)),
        maintenance=(instrument.maintenance(1.0), instrument.maintenance(-1.0)),
        fx=instrument.fx,
        borrow=instrument.borrow,
        week=ASSET_CLASSES[instrument.asset_class].week,
    )
