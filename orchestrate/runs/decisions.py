"""The demands of a stored run, each with all that happened to it, from `decisions.parquet` and `fills.parquet`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from orchestrate.domain.errors import StoreError
from orchestrate.domain.market.stamps import label_text
from orchestrate.domain.orders.execution import rounded
from orchestrate.domain.orders.order import Outcome, Reason
from orchestrate.domain.text.printable import one_line
from orchestrate.domain.values import value
from orchestrate.runs.reading import Document, StoredRun

CONFLICTS: Final = "conflicts"
#: What is said to have happened to an order that no stage of a trail speaks of: it was ended as an order.
ORDERS: Final = "orders"
CAPITAL: Final = "capital"
_SIZE: Final = "size"
_DECISIONS: Final = "decisions.parquet"
_FILLS: Final = "fills.parquet"
#: What is said to have placed an order that no strategy requested.
_RULE: Final = "rule"
#: The stages that come before the one that looks at money.
_BEFORE_CAPITAL: Final = (_RULE, _SIZE, CONFLICTS)


class Key(NamedTuple):
    """What is read of every row of the table: enough to choose demands by; `filled` is the label of its fill's bar."""

    label: int
    strategy_id: str
    symbol: str
    order_id: str
    outcome: str
    filled: int | None


class _Row(NamedTuple):
    """One row; the names are those of the columns."""

    label: int
    strategy_id: str
    symbol: str
    closing: bool
    wanted: float
    price: float
    outcome: str
    granted: float
    reason: str
    detail: str
    order_id: str
    order_type: str
    available: float | None
    reserve: float
    sized: bool
    stages: str
    #: only runs with orders that rest have these
    limit: float | None = None
    stop: float | None = None
    trail: float | None = None
    tif: str = ""
    until: int | None = None


class _Fill(NamedTuple):
    """What is read of every fill."""

    label: int
    order_id: str
    strategy_id: str
    symbol: str
    quantity: float
    price: float
    fee: float


class StoredStage(NamedTuple):
    """What one stage made of a demand."""

    stage: str
    before: float
    after: float
    reason: str
    detail: str
    figures: Mapping[str, float]


@value
class StoredFill:
    """The fill of an order; `t` is the label of its bar."""

    t: int
    quantity: float
    price: float
    fee: float

    def document(self) -> Document:
        """Return the fill as JSON shows it."""
        return {"bar": label_text(self.t), "quantity": self.quantity, "price": self.price, "fee": self.fee}


@value
class StoredTerms:
    """The terms of an order that rests, as it was placed; `until` is the last moment that may fill it."""

    limit: float | None
    stop: float | None
    trail: float | None
    tif: str
    until: int | None = None

    def document(self) -> Document:
        """Return the terms as JSON shows them."""
        until = None if self.until is None else label_text(self.until)
        return {"limit": self.limit, "stop": self.stop, "trail": self.trail, "tif": self.tif, "until": until}


@value
class OrderHistory:
    """A demand and what became of it, from the bar it was decided on to its fill or its end.

    `t` is the label of that bar and `price` its close. `placed` is what the pipeline let through. `stages` has every
    cut, at the decision and later, the money of an opening, and the other strategies that wanted the same symbol.
    `ended` is the label of the last thing that happened. `rule` is the reason why the orchestrator placed the order,
    "" where a strategy requested it. `terms` are what it waits for and how long, None of a market order, and of runs
    stored before they had them.
    """

    t: int
    strategy_id: str
    symbol: str
    closing: bool
    wanted: float
    placed: float
    granted: float
    price: float
    outcome: str
    reason: str
    order_id: str
    order_type: str
    engine: str
    stages: tuple[StoredStage, ...]
    fill: StoredFill | None
    ended: int
    rule: str = ""
    terms: StoredTerms | None = None

    @property
    def parties(self) -> Mapping[str, float]:
        """The other strategies that wanted the symbol on the same bar, and how much."""
        return next((stage.figures for stage in self.stages if stage.stage == CONFLICTS), {})

    def document(self) -> Document:
        """Return the demand as JSON shows it."""
        return {
            "strategy_id": self.strategy_id,
            "symbol": self.symbol,
            "bar": label_text(self.t),
            "wanted": self.wanted,
            "granted": self.granted,
            "outcome": self.outcome,
            "reason": self.reason,
            "order_id": self.order_id or None,
            "order_type": self.order_type,
            "terms": self.terms.document() if self.terms else None,
            "engine": self.engine,
            "fill": self.fill.document() if self.fill else None,
            "stages": [stage._asdict() for stage in self.stages],
        }


class DecisionTable:
    """The stored decisions of a run, which was read with these `FILES`.

    Only keys are read at first, and all else of the demands that somebody asks for. StoreError where it is damaged.
    """

    FILES: ClassVar = (_DECISIONS, _FILLS)

    def __init__(self, run: StoredRun) -> None:
        self._run = run
        self._engines = {name: strategy["framework"] for name, strategy in run.figures["strategies"].items()}
        self._sizings = {
            one["id"]: f"{one['sizing']['method']} {one['sizing']['value']}" for one in run.plan.get("strategies", ())
        }
        self._fills = [_Fill(*cells) for cells in zip(*run.columns(_FILLS, _Fill._fields), strict=True)]
        self._filled = {fill.order_id: fill for fill in self._fills}
        self.keys = self._read_keys()
        self._places: list[list[int]] = []
        orders: dict[str, list[int]] = {}
        for place, key in enumerate(self.keys):
            if key.order_id in orders:
                orders[key.order_id].append(place)
                continue
            self._places.append([place])
            if key.order_id:
                orders[key.order_id] = self._places[-1]

    def __len__(self) -> int:
        return len(self._places)

    def _read_keys(self) -> list[Key]:
        """Return the key of every row; of an order's rows the last one has its fill."""
        columns = self._run.columns(_DECISIONS, Key._fields[:-1])
        orders = columns[Key._fields.index("order_id")]
        filled: list[int | None] = [None] * len(orders)
        for order_id, place in {order_id: place for place, order_id in enumerate(orders)}.items():
            if order_id in self._filled:
                filled[place] = self._filled[order_id].label
        return [Key(*cells) for cells in zip(*columns, filled, strict=True)]

    def histories(self, wanted: Callable[[Sequence[Key]], bool]) -> list[OrderHistory]:
        """Return the demands whose rows are `wanted`, in the order in which they were decided."""
        keys = self.keys
        chosen = [places for places in self._places if wanted([keys[place] for place in places])]
        contested = {(keys[places[0]].label, keys[places[0]].symbol) for places in chosen}
        sharing = [places[0] for places in self._places if (keys[places[0]].label, keys[places[0]].symbol) in contested]
        everything = sorted({*sharing, *(place for places in chosen for place in places)})
        rows = dict(zip(everything, self._rows(everything), strict=True))
        demands: dict[tuple[int, str], list[_Row]] = {}
        for place in sharing:
            row = rows[place]
            if not self._rule(row):
                demands.setdefault((row.label, row.symbol), []).append(row)
        return [self._history([rows[place] for place in places], demands) for places in chosen]

    def holdings(self, t: int) -> dict[str, dict[str, float]]:
        """Return what each strategy held of each symbol at the close of the bar `t`."""
        held: dict[str, dict[str, float]] = {}
        for fill in self._fills:
            if fill.label <= t:
                mine = held.setdefault(fill.strategy_id, {})
                mine[fill.symbol] = rounded(mine.get(fill.symbol, 0.0) + fill.quantity)
        return {name: {symbol: left for symbol, left in mine.items() if left} for name, mine in held.items()}

    def _rows(self, places: Sequence[int]) -> list[_Row]:
        stored = self._run.names(_DECISIONS)
        names = [name for name in _Row._fields if name in stored or name not in _Row._field_defaults]
        columns = self._run.columns(_DECISIONS, names, places)
        return [_Row(**dict(zip(names, cells, strict=True))) for cells in zip(*columns, strict=True)]

    def _history(self, rows: Sequence[_Row], demands: Mapping[tuple[int, str], Sequence[_Row]]) -> OrderHistory:
        first, last = rows[0], rows[-1]
        end = next((row for row in reversed(rows) if row.reason), last)
        done = self._filled.get(first.order_id)
        fill = None if done is None else StoredFill(done.label, done.quantity, done.price, done.fee)
        stages = [stage for row in rows for stage in self._stages(row)]
        if first.sized and not any(stage.stage == _SIZE for stage in stages):
            detail = f"by the strategy's sizing, {self._sizings.get(first.strategy_id, '')}"
            stages.insert(0, StoredStage(_SIZE, first.wanted, first.wanted, "", detail, {}))
        sharing = demands.get((first.label, first.symbol), ())
        if len(sharing) > 1 and first in sharing:
            _name_parties(stages, first, sharing)
        if first.available is not None and not any(stage.stage == CAPITAL for stage in stages):
            _insert_capital(stages, first, first.available)
        return OrderHistory(
            t=first.label,
            strategy_id=first.strategy_id,
            symbol=first.symbol,
            closing=first.closing,
            wanted=first.wanted,
            placed=first.granted,
            granted=last.granted or (fill.quantity if fill else 0.0),
            price=first.price,
            outcome=end.outcome,
            reason=end.reason,
            order_id=first.order_id,
            order_type=first.order_type,
            engine=self._engines.get(first.strategy_id, ""),
            stages=tuple(stages),
            fill=fill,
            ended=last.label,
            rule=self._rule(first),
            terms=StoredTerms(first.limit, first.stop, first.trail, first.tif, first.until) if first.tif else None,
        )

    def _rule(self, row: _Row) -> str:
        """Return the reason why the orchestrator placed an order of itself; "" where a strategy requested it."""
        if row.outcome == Outcome.APPROVED:
            return row.reason
        if not row.stages:
            return ""
        cut_top_up = next(iter(self._stages(row))).stage == _RULE
        return str(Reason.REBALANCE) if cut_top_up else ""

    def _stages(self, row: _Row) -> Iterable[StoredStage]:
        """Return the stored trail; of a row without one, a stage made from its reason."""
        if not row.stages and row.outcome == Outcome.APPROVED:
            return (
                (StoredStage(_RULE, row.wanted, row.wanted, "", row.detail, {}),) if row.reason and row.detail else ()
            )
        if not row.stages:
            return (StoredStage(ORDERS, row.wanted, row.granted, row.reason, row.detail, {}),)
        try:
            return [StoredStage(**stage) for stage in json.loads(row.stages)]
        except (ValueError, TypeError) as error:
            raise StoreError(f"{self._run.folder / _DECISIONS}: damaged: stages: {one_line(error)}") from None


def _name_parties(stages: list[StoredStage], demand: _Row, sharing: Iterable[_Row]) -> None:
    """Let the stage of conflicts name who else wanted the symbol, and how much."""
    figures: dict[str, float] = {}
    for row in sharing:
        if row.strategy_id != demand.strategy_id:
            figures[row.strategy_id] = figures.get(row.strategy_id, 0.0) + row.wanted
    if not figures:
        return
    for place, stage in enumerate(stages):
        if stage.stage == CONFLICTS:
            stages[place] = stage._replace(figures={**figures, **stage.figures})
            return
    detail = f"{', '.join(figures)} wanted {demand.symbol} on the same bar"
    passed = StoredStage(CONFLICTS, demand.wanted, demand.wanted, "", detail, figures)
    stages.insert(1 if stages and stages[0].stage == _SIZE else 0, passed)


def _insert_capital(stages: list[StoredStage], demand: _Row, available: float) -> None:
    """Insert the stage of capital, where it cut nothing: what was available, and what was held back for the order."""
    place = sum(stage.stage in _BEFORE_CAPITAL for stage in stages)
    before = stages[place - 1].after if place else demand.wanted
    after = stages[place].before if place < len(stages) else demand.granted
    kept = f"{demand.reserve:.2f} of {available:.2f} available were held back for it"
    detail = kept if demand.reserve else f"{available:.2f} was available"
    figures = {"available": available, "reserve": demand.reserve}
    stages.insert(place, StoredStage(CAPITAL, before, after, "", detail, figures))


def is_cut(demand: Sequence[Key]) -> bool:
    """Return whether less was granted than requested, or the order ended without a fill."""
    return any(row.outcome != Outcome.APPROVED for row in demand)


def is_open(demand: Sequence[Key], t: int) -> bool:
    """Return whether its order waited at the close of the bar `t`."""
    first, last = demand[0], demand[-1]
    over = last.label if last.filled is None and last.outcome == Outcome.REJECTED else last.filled
    return bool(first.order_id) and first.label <= t and (over is None or over > t)


def is_touched(demand: Sequence[Key], first: int, last: int) -> bool:
    """Return whether it was decided before these bars, and cut, ended or filled on one of them."""
    changes = [row.label for row in demand[1:]] + [row.filled for row in demand if row.filled is not None]
    return demand[0].label < first and any(first <= t <= last for t in changes)
