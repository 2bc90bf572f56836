"""Text and Parquet as tables of numbers and of texts that repeat: a date in a million rows is stored once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrate.data.files.arrow import floats, integers
from orchestrate.data.files.bounds import read_regular, read_table, require_memory
from orchestrate.data.text.decoding import decode, unpack
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Flags, Floats, Stamps
from orchestrate.domain.options.chain import Places

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD: Final = 65536
#: So many times a text's size is the memory that its columns take while they are read.
_COPIES: Final = 3
#: Cells that say nothing: blanks of some width, and words.
_NOTHING: Final = [" " * width for width in range(9)] + [
    f"{blank}{word}" for blank in ("", " ") for word in ("NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-")
]
_BAD_NUMBER: Final = re.compile(r"column #(\d+): .*invalid value '(.*)'")
_TORN: Final = re.compile(r"Expected (\d+) columns, got (\d+)")
_ROW: Final = re.compile(r"Row #(\d+)")
#: Header → our names and their places in it.
Choice = Callable[[Sequence[str]], Mapping[str, int]]
#: Our names of columns that are texts → a pattern whose group is all that counts of each, empty for the whole.
Written = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts: each `distinct` one, and which of them each row has."""

    codes: Stamps
    distinct: tuple[str, ...]

    def firsts(self) -> Stamps:
        """Return the first row of each text."""
        _, first = np.unique(self.codes, return_index=True)
        return np.asarray(first, dtype=np.int64)

    def used(self) -> Texts:
        """Return the column without texts that no row has."""
        places, codes = np.unique(self.codes, return_inverse=True)
        return Texts(codes.astype(np.int64), tuple(self.distinct[place] for place in places))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The columns of a file that are read, by our names, and the place of each row."""

    numbers: Mapping[str, Floats]
    texts: Mapping[str, Texts]
    lines: Places
    unit: str = "line"

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, rows: Flags) -> Table:
        """Return the chosen rows."""
        if rows.all():
            return self
        numbers = {name: column[rows] for name, column in self.numbers.items()}
        texts = {name: Texts(column.codes[rows], column.distinct).used() for name, column in self.texts.items()}
        return replace(self, numbers=numbers, texts=texts, lines=self.lines[rows])


def text_table(path: Path, most: int, choose: Choice, written: Written, where: str) -> Table:
    """Return the columns of a delimited text, packed or not, that `choose` names; `written` are those of texts."""
    raw = unpack(read_regular(path, where), most, where).removeprefix(b"\xef\xbb\xbf")
    require_memory(_COPIES * len(raw), where)
    end = raw.find(b"\n", 0, _HEAD)
    # a header may begin with a bracket, as a list of JSON does
    first = decode(raw[: end if end >= 0 else _HEAD].removeprefix(b"["), where)
    delimiter = max(",;\t|", key=first.count)
    header = [name.strip().strip('"') for name in first.split(delimiter)]
    places = choose(header)
    table = _parsed(raw, len(header), delimiter, places, written, where)
    return _table(table, {name: str(place) for name, place in places.items()}, written, "line", 2, where)


def parquet_table(path: Path, most: int, choose: Choice, written: Written, where: str) -> Table:
    """Return the columns of a Parquet file that `choose` names; `written` are those of texts and dates."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            parquet = pq.ParquetFile(file)
            header = parquet.schema_arrow.names
            names = {name: header[place] for name, place in choose(header).items()}
            table = read_table(parquet, list(dict.fromkeys(names.values())), most, where)
    except MemoryError:
        raise  # to Arrow it is an ArrowException too
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        hint = "write it again"
        raise DataError(f"the Parquet file is damaged ({_first_line(error)})", where=where, hint=hint) from None
    return _table(table, names, written, "row", 1, where)


def rows_table(raw: bytes, width: int, places: Mapping[str, int], where: str) -> Table:
    """Return columns of a comma-separated text without a header; `time` is the one of texts."""
    written = {"time": ""}
    table = _parsed(raw, width, ",", places, written, where, header=False)
    return _table(table, {name: str(place) for name, place in places.items()}, written, "row", 1, where)


def _parsed(
    raw: bytes,
    width: int,
    delimiter: str,
    places: Mapping[str, int],
    written: Written,
    where: str,
    *,
    header: bool = True,
) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    repeated = pa.dictionary(pa.int32(), pa.string())
    types = {str(place): repeated if name in written else pa.float64() for name, place in places.items()}
    names = [str(place) for place in range(width)]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=int(header), use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=_NOTHING
            ),
            memory_pool=pa.system_memory_pool(),  # gives back what it no longer needs
        )
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise
        raise _unreadable(_first_line(error), where) from None


def _unreadable(message: str, where: str) -> DataError:
    bad, line = _BAD_NUMBER.search(message), _ROW.search(message)
    place = f"line {line[1]}: " if line else ""
    if bad:
        return DataError(f"{place}{bad[2]!r} in column {int(bad[1]) + 1} is no number", where=where)
    if torn := _TORN.search(message):
        return DataError(f"{place}{torn[2]} columns, where the header has {torn[1]}", where=where)
    return DataError(f"{place}it is no table of quotes ({message})", where=where, hint="check the delimiter")


def _table(table: pa.Table, names: Mapping[str, str], written: Written, unit: str, first: int, where: str) -> Table:
    import pyarrow as pa

    if not table.num_rows:
        raise DataError("there are no quotes in it", where=where)
    numbers, texts = {}, {}
    try:
        for name, stored in names.items():
            if name in written:
                texts[name] = _texts(table.column(stored), written[name])
            else:
                numbers[name] = floats(table.column(stored).cast(pa.float64(), safe=False))
    except pa.ArrowException as error:
        raise DataError(f"column {stored} is of an unexpected kind ({_first_line(error)})", where=where) from None
    return Table(numbers, texts, np.arange(first, first + table.num_rows, dtype=np.int32), unit)


def _texts(column: pa.ChunkedArray, part: str) -> Texts:
    """Return a column with each text, or the part of it that counts, once; dates and stamps as ISO texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode("encode")
    whole = column.unify_dictionaries()
    distinct = whole.chunk(0).dictionary
    codes = integers(pa.chunked_array([chunk.indices.cast(pa.int64()) for chunk in whole.chunks]))
    if part:
        distinct = pc.replace_substring_regex(distinct, part, r"\1").dictionary_encode("encode")
        codes = integers(pa.chunked_array([distinct.indices.cast(pa.int64())]))[codes]
        distinct = distinct.dictionary
    return Texts(codes, tuple(str(text or "").strip() for text in distinct.to_pylist()))


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]
