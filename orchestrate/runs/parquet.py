"""The columns of a run as Parquet: equity, trades, decisions and exposure. The only place that knows pyarrow.

The same facts give the same bytes: no index, no metadata of other libraries, no moment of creation. Columns are laid
into Arrow's buffers here, because `pyarrow.array` imports pandas, which takes longer than all else that a run does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from orchestrate.analytics.exposure import FIGURES, Rows, rows
from orchestrate.domain.orders.order import OrderType, Outcome, StageOutcome
from orchestrate.domain.results import DecisionRecord, FillRecord, RunResult

#: The rows of exposure that are written at once.
_ROWS_AT_ONCE: Final = 100_000


def parquet_files(result: RunResult) -> dict[str, bytes]:
    """Return `equity.parquet`, `trades.parquet`, `decisions.parquet` and `exposure.parquet`."""
    return {
        "equity.parquet": _bytes(_equity(result)),
        "trades.parquet": _bytes(_trades(result)),
        "decisions.parquet": _bytes(_decisions(result)),
        "exposure.parquet": _exposure_bytes(result),
    }


def read_columns(content: bytes, names: Sequence[str], places: Sequence[int] | None = None) -> list[list[Any]]:
    """Return named columns of a stored table as plain values, stamps as nanoseconds; of rows at `places`, or of all.

    ValueError where that isn't a table with these columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read(columns=list(names))
        columns = {name: table.column(name) for name in names}
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    wanted = None if places is None else _column(places, pa.int64())
    values = []
    for column in columns.values():
        taken = column if wanted is None else column.take(wanted)
        values.append((taken.cast(pa.int64()) if pa.types.is_timestamp(taken.type) else taken).to_pylist())
    return values


def _bytes(table: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(table, sink, compression="zstd", use_dictionary=texts)  # numbers seldom repeat
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _exposure_bytes(result: RunResult) -> bytes:
    """Return `exposure.parquet`, of which only a part is in memory at a time; it may have many times more rows.

    Its compression is a faster one than that of the others.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, texts = pa.BufferOutputStream(), ["scope", "id"]
    stamps = dict.fromkeys(("t", "label"), "DELTA_BINARY_PACKED")
    schema = _exposure_of(result, []).schema
    with pq.ParquetWriter(
        sink,
        schema,
        compression="lz4",
        use_dictionary=texts,
        column_encoding=stamps,
        write_statistics=texts,
        store_schema=False,
    ) as writer:
        for part in _parts(rows(result)):
            writer.write_table(_exposure_of(result, part))
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _parts(all_rows: Iterable[Rows]) -> Iterator[list[Rows]]:
    """Return rows of some groups at a time."""
    part: list[Rows] = []
    for one in all_rows:
        part.append(one)
        if sum(len(own.steps) for own in part) >= _ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _exposure_of(result: RunResult, part: Sequence[Rows]) -> Any:
    """Return the rows of these groups, one group after another, each in the order of time."""
    import pyarrow as pa

    _, number, stamp = _types()
    steps = np.concatenate([np.zeros(0, dtype=np.int64), *(own.steps for own in part)])
    lengths = [len(own.steps) for own in part]
    columns = {"t": _column(result.stamps[steps], stamp), "label": _column(result.labels[steps], stamp)}
    columns["scope"] = _repeated([own.group.scope for own in part], lengths)
    columns["id"] = _repeated([own.group.id for own in part], lengths)
    for name in FIGURES:
        columns[name] = _column(np.concatenate([np.zeros(0), *(own.columns[name] for own in part)]), number)
    return pa.table(columns)


def _repeated(texts: Sequence[str], lengths: Sequence[int]) -> Any:
    """Return each text as often as it is to be there. The dictionary has it once: others leave memory unwritten."""
    import pyarrow as pa

    known = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    places = np.repeat(np.array([known[text] for text in texts], dtype=np.int32), lengths)
    indices = pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, _column(list(known), pa.string()))


def _equity(result: RunResult) -> Any:
    """Return one row a step: its label, its moment `t`, the portfolio, and for every strategy three columns.

    `equity.ID` is the value at the close, `exposed.ID` says whether it held a position there, `has_bar.ID` whether one
    of its symbols had a bar. Runs with transfers add `reserve` and `flow.ID` (added at this step, after its result).
    """
    import pyarrow as pa

    _, number, stamp = _types()
    columns = {
        "label": _column(result.labels, stamp),
        "t": _column(result.stamps, stamp),
        "portfolio": _column(result.portfolio_equity, number),
    }
    if result.has_transfers:
        columns["reserve"] = _column(result.reserve_equity, number)
    for name, strategy in result.strategies.items():
        columns[f"equity.{name}"] = _column(strategy.equity, number)
        columns[f"exposed.{name}"] = _column(strategy.exposed, pa.bool_())
        columns[f"has_bar.{name}"] = _column(strategy.has_bar, pa.bool_())
        if result.has_transfers:
            flows = np.zeros(len(result.stamps)) if strategy.transfers is None else strategy.transfers.flows
            columns[f"flow.{name}"] = _column(flows, number)
    return pa.table(columns)


def _trades(result: RunResult) -> Any:
    """Return one row a closed round trip, in the order of exits."""
    trades = [trade for strategy in result.strategies.values() for trade in strategy.trades]
    rows = [
        (
            trade.strategy_id,
            result.strategies[trade.strategy_id].framework,
            trade.symbol,
            trade.quantity,
            trade.entered,
            trade.exited,
            trade.entry_price,
            trade.exit_price,
            trade.profit,
            trade.fees,
        )
        for trade in sorted(trades, key=lambda trade: trade.exited)
    ]
    text, number, stamp = _types()
    columns = {"strategy_id": text, "framework": text, "symbol": text, "quantity": number}
    columns |= {"entered": stamp, "exited": stamp}
    columns |= {"entry_price": number, "exit_price": number, "profit": number, "fees": number}
    return _table(columns, rows)


def _decisions(result: RunResult) -> Any:
    """Return one row a decision, in the order they were made, with the fill that came of it.

    `quantity` is what was allowed of `wanted`, `available` and `reserve` what an opening could cost and what was held
    back for it; `sized`: the plan's sizing gave the quantity. `stages` is the trail as JSON, empty where nothing
    was cut. Fills of orders that no decision stands for come last. Runs in several currencies add `fill_rate`.
    """
    import pyarrow as pa

    rated = any(one.fx for one in result.plan.instruments.values())
    fills = {record.fill.order_id: record for record in result.fills}
    last = {record.order_id: place for place, record in enumerate(result.decisions)}
    rows = []
    for place, record in enumerate(result.decisions):
        fill = fills.pop(record.order_id, None) if last[record.order_id] == place else None
        rows.append(_decided(record) + _filled(fill, rated=rated))
    rows.extend(_undecided(record) + _filled(record, rated=rated) for record in fills.values())
    text, number, stamp = _types()
    columns = {"label": stamp, "strategy_id": text, "symbol": text, "closing": pa.bool_(), "wanted": number}
    columns |= {"price": number, "outcome": text, "quantity": number, "reason": text, "detail": text, "order_id": text}
    columns |= {"order_type": text, "available": number, "reserve": number, "sized": pa.bool_()}
    columns |= {"stages": text}
    columns |= {"filled": stamp, "fill_quantity": number, "fill_price": number, "fee": number}
    columns |= {"fill_rate": number} if rated else {}
    return _table(columns, rows)


def _decided(record: DecisionRecord) -> tuple[object, ...]:
    decision = record.decision
    demand = decision.demand
    wanted = (record.t, demand.strategy_id, demand.symbol, demand.closing, demand.quantity, demand.price)
    end = (str(decision.outcome), decision.quantity, str(decision.reason), decision.detail, record.order_id)
    money = (str(demand.type), decision.available, decision.reserve, decision.sized)
    return wanted + end + (*money, _stages(decision.trail) if decision.trail else "")


def _stages(trail: Iterable[StageOutcome]) -> str:
    """Return a trail as `explain` shows it; a figure that is no finite number has no JSON and is left out."""
    stages = [
        {**stage._asdict(), "figures": {name: one for name, one in stage.figures.items() if math.isfinite(one)}}
        for stage in trail
    ]
    return json.dumps(stages, separators=(",", ":"), allow_nan=False)


def _undecided(record: FillRecord) -> tuple[object, ...]:
    fill = record.fill
    wanted = (record.t, fill.strategy_id, fill.symbol, record.closing, fill.quantity, fill.price)
    end = (str(Outcome.APPROVED), fill.quantity, str(record.reason), "", fill.order_id)
    return (*wanted, *end, str(OrderType.MARKET), None, 0.0, False, "")


def _filled(record: FillRecord | None, *, rated: bool) -> tuple[object, ...]:
    if record is None:
        return (None,) * (5 if rated else 4)
    filled = (record.t, record.fill.quantity, record.fill.price, record.fill.fee)
    return (*filled, record.fill.rate) if rated else filled


def _table(columns: dict[str, Any], rows: Sequence[tuple[object, ...]]) -> Any:
    """Return rows as a table whose columns have their types also where there is no row."""
    import pyarrow as pa

    values: Any = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table({name: _column(column, kind) for (name, kind), column in zip(columns.items(), values, strict=True)})


def _column(values: Any, kind: Any) -> Any:
    """Return texts, flags, stamps or numbers as an Arrow array.

    None is a missing value, except among texts and flags.
    """
    import pyarrow as pa

    size = len(values)
    if kind == pa.string():
        texts = [str(value).encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.StringArray.from_buffers(size, pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    if kind == pa.bool_():
        return pa.Array.from_buffers(kind, size, [None, _bits(np.asarray(values, dtype=np.bool_))])
    known = None
    if not isinstance(values, np.ndarray):
        present = np.array([value is not None for value in values], dtype=np.bool_)
        values = [0 if value is None else value for value in values]
        known = None if present.all() else _bits(present)
    data = np.ascontiguousarray(values, dtype=np.float64 if kind == pa.float64() else np.int64)
    return pa.Array.from_buffers(kind, size, [known, pa.py_buffer(data)])


def _bits(flags: Any) -> Any:
    """Return flags as Arrow keeps them, eight a byte, the first one lowest."""
    import pyarrow as pa

    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _types() -> tuple[Any, Any, Any]:
    """Return text, number and stamp."""
    import pyarrow as pa

    return pa.string(), pa.float64(), pa.timestamp("ns", tz="UTC")
