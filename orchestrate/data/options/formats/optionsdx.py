"""Texts of OptionsDX: a row for each strike, with the call's columns (C_BID …) and the put's (P_BID …)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.files.headers import normal
from orchestrate.data.options.formats.named import WRITTEN, moments_and_days, places_of
from orchestrate.data.options.formats.tables import Table, text_table
from orchestrate.data.options.quotes import Codes, Quotes, Source
from orchestrate.domain.errors import DataError
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.options.view import QUOTED

_SHARED: Final = ("timestamp", "expiry", "strike", "spot")


def read_optionsdx(path: Path, settings: ChainSettings, where: str) -> Quotes:
    """Return all quotes of a text, whose contracts have one underlying and no symbols; the calls first."""
    choose = partial(_places, settings=settings, where=where)
    table = text_table(path, settings.max_unpacked, choose, WRITTEN, where)
    moment, day = moments_and_days(table, settings, where)
    size = len(table)
    quoted = {name: _both(table, name) for name in QUOTED if f"c_{name}" in table.numbers}
    if "spot" in table.numbers:
        quoted["spot"] = np.tile(table.numbers["spot"], 2)
    return Quotes(
        Codes.joined([moment] * 2),
        Codes.joined([day] * 2),
        Codes.joined([Codes.of(table.numbers["strike"])] * 2),
        np.arange(2 * size) < size,
        quoted,
        Source((path.name,), (0,), np.tile(table.lines, 2)),
    )


def _places(header: Sequence[str], settings: ChainSettings, where: str) -> dict[str, int]:
    shared = places_of(header, settings, where, wide=True)
    names = [normal(name) for name in header]
    places = {name: place for name, place in shared.items() if name in _SHARED}
    for name in QUOTED:
        call, put = f"c{normal(name)}", f"p{normal(name)}"
        if call in names and put in names:
            places |= {f"c_{name}": names.index(call), f"p_{name}": names.index(put)}
    if "c_bid" not in places or "c_ask" not in places:
        raise DataError("there are no columns C_BID, C_ASK, P_BID and P_ASK", where=where, hint="set format: csv")
    return places


def _both(table: Table, name: str) -> np.typing.NDArray[np.float64]:
    return np.concatenate([table.numbers[f"c_{name}"], table.numbers[f"p_{name}"]])
