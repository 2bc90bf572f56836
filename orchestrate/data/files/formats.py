"""The formats of files with bars: name → the function that reads one, as `module:name`, imported when one is read."""

from __future__ import annotations

from typing import Final

#: A further format is a file and a line here; see `Reader` in sources.py.
FORMATS: Final[dict[str, str]] = {
    "csv": "orchestrate.data.text.csv:read_csv",
    "parquet": "orchestrate.data.files.parquet:read_parquet",
    "catalog": "orchestrate.data.files.catalog:read_catalog",
}
