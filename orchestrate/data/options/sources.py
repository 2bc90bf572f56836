"""Load a chain from a file, a folder or a pattern, with everything that should be known about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from orchestrate.data.files.bounds import require_regular
from orchestrate.data.options.assembly import assemble
from orchestrate.data.options.findings import judge
from orchestrate.data.options.formats.registry import Reader, reader_of
from orchestrate.data.options.quotes import Quotes, joined
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.timeline import Closes
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.options.view import GREEKS, Pricing
from orchestrate.domain.results import Finding

_PATTERN: Final = "*?["


def read_chain(
    settings: ChainSettings, root: Path, closes: Closes | None = None, pricing: Pricing | None = None
) -> tuple[Chain, tuple[Finding, ...]]:
    """Return the chain that the settings name, and what was noticed about it.

    `closes` are those of its underlying, `pricing` computes what the vendor doesn't give.
    """
    where = f"{settings.symbol} ({settings.path})"
    assembled = assemble(_quotes(settings, root, where), settings, where)
    findings = judge(assembled, closes)
    chain = replace(usable(assembled.chain), pricing=pricing)
    if not ((chain.quoted["bid"] > 0) | (chain.quoted["ask"] > 0)).any():
        raise DataError("none of its quotes has a bid or an ask", where=where)
    return chain, tuple(findings)


def usable(chain: Chain) -> Chain:
    """Return the chain with no price below zero, no ask of 0, no bid of 0 without an ask, no volatility of 0."""
    bid, ask = chain.quoted["bid"], chain.quoted["ask"]
    asked = np.where(ask > 0, ask, np.nan)
    wanted = np.where((bid > 0) | ((bid == 0) & (asked > 0)), bid, np.nan)
    quoted = {**chain.quoted, "bid": wanted, "ask": asked}
    if "iv" in quoted:
        known = quoted["iv"] > 0
        quoted |= {name: np.where(known, quoted[name], np.nan) for name in GREEKS if name in quoted}
    return replace(chain, quoted=quoted)


def _quotes(settings: ChainSettings, root: Path, where: str) -> Quotes:
    """Return the quotes of all files."""
    reader = reader_of(settings, where)
    parts = [part for path in _files(settings, root, where) if (part := _read(reader, path, settings, where))]
    if not parts:
        hint = f"correct data.{settings.symbol}: its path, underlying or root"
        raise DataError(f"no quote of {settings.root or settings.underlying} is in it", where=where, hint=hint)
    return joined(parts, settings, where)


def _files(settings: ChainSettings, root: Path, where: str) -> list[Path]:
    """Return the files of a path, by name."""
    path = root / settings.path
    if any(sign in settings.path for sign in _PATTERN):
        files = sorted(one for one in root.glob(settings.path) if one.is_file())
    elif path.is_dir():
        files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    else:
        files = [path]
    if not files:
        raise DataError("no file is there", where=where, hint=f"looked for {path.absolute()}")
    return files


def _read(reader: Reader, path: Path, settings: ChainSettings, where: str) -> Quotes | None:
    try:
        require_regular(path, where)
        return reader(path, settings, where)
    except FileNotFoundError:
        raise DataError("there is no such file", where=where, hint=f"looked for {path.absolute()}") from None
    except PermissionError:
        raise DataError("no permission to read the file", where=where, hint="change its permissions") from None
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror or error})", where=where) from None
