"""Quotes of a delimited text with a header, whose columns `columns:` may name."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from orchestrate.data.options.formats.named import WRITTEN, places_of, quotes_of
from orchestrate.data.options.formats.tables import text_table
from orchestrate.data.options.quotes import Quotes
from orchestrate.domain.options.settings import ChainSettings


def read_csv(path: Path, settings: ChainSettings, where: str) -> Quotes | None:
    """Return the quotes of the chain in a text, packed or not."""
    choose = partial(places_of, settings=settings, where=where)
    return quotes_of(text_table(path, settings.max_unpacked, choose, WRITTEN, where), path, settings, where)
