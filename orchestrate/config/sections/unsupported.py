"""Refuse by name what a file may ask for and is not supported yet (docs/reference/configuration.md)."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.config.reading import Reading
from orchestrate.config.sections.strategies import Known
from orchestrate.domain.plan import NOT_FOR_NATIVES
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS


def refuse_for_natives(
    reading: Reading, known: Mapping[str, Known | None], symbols: Mapping[str, tuple[str, ...]]
) -> None:
    """Report what instruments have that no native strategy may trade."""
    instruments = reading.values.instruments
    for name, entry in known.items():
        if entry is None or entry.description.kind in PORTABLE_KINDS:
            continue
        for symbol in symbols[name]:
            for key in NOT_FOR_NATIVES if symbol in instruments else ():
                if getattr(instruments[symbol], key):
                    what = f"instruments.{symbol}.{key} with a native strategy, strategies.{name},"
                    reading.not_supported(("instruments", symbol, key), what, f"take {symbol} from its symbols")
