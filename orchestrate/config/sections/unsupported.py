"""Refuse by name what a file may ask for and is not supported yet (docs/reference/configuration.md)."""

from __future__ import annotations

from orchestrate.config.reading import Reading


def refuse_unsupported(reading: Reading) -> None:
    """Report each feature that the file asks for and that is not supported."""
    values = reading.values
    for symbol, instrument in values.instruments.items():
        for key in ("fx", "borrow", "expiry"):
            if getattr(instrument, key):
                reading.not_supported(("instruments", symbol, key))
    for name, entry in values.strategies.items():
        if not entry.enabled:
            continue
        method = entry.sizing.method
        if method not in reading.choices.sizings:
            what = f"strategies.{name}.sizing: the method '{method}'"
            reading.not_supported(
                ("strategies", name, "sizing", "method"), what, "use percent, fixed or notional until it has"
            )
