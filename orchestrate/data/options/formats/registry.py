"""The formats of files with quotes: name → the function that reads one file, as `module:name`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrate.domain.errors import DataError

if TYPE_CHECKING:
    from orchestrate.data.options.quotes import Quotes
    from orchestrate.domain.options.settings import ChainSettings

#: Returns None for a file without quotes of the chain, such as one of trades.
Reader: TypeAlias = Callable[[Path, "ChainSettings", str], "Quotes | None"]

#: A further format is a file and a line here.
FORMATS: Final[dict[str, str]] = {
    "csv": "orchestrate.data.options.formats.csv:read_csv",
    "lean": "orchestrate.data.options.formats.lean:read_lean",
    "optionsdx": "orchestrate.data.options.formats.optionsdx:read_optionsdx",
    "parquet": "orchestrate.data.options.formats.parquet:read_parquet",
    "vendor_eod": "orchestrate.data.options.formats.vendor_eod:read_vendor_eod",
}


def reader_of(settings: ChainSettings, where: str) -> Reader:
    """Return the reader of the chain's format; DataError for one that there is not."""
    if settings.format not in FORMATS:
        hint = f"set data: {{{settings.symbol}: {{format: …}}}} to one of {', '.join(FORMATS)}"
        raise DataError(f"unknown format {settings.format!r} of a chain", where=where, hint=hint)
    module, function = FORMATS[settings.format].split(":")
    reader: Reader = getattr(import_module(module), function)
    return reader
