"""Chains from texts, and what was noticed about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrate.data.options.sources import read_chain
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.settings import ChainSettings
from orchestrate.domain.results import Finding

HEADER = "date,expiry,strike,right,bid,ask,spot"


def read(folder: Path, text: str | bytes, name: str = "chain.csv", **settings: Any) -> tuple[Chain, list[Finding]]:
    """The chain in a text; of SPXW in CSV unless the settings say otherwise."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    closes = settings.pop("closes", None)
    given = {"symbol": "SPXW", "path": name, "underlying": "SPX", "format": "csv"} | settings
    chain, findings = read_chain(ChainSettings(**given), folder, closes)
    return chain, list(findings)


def rows(*lines: str) -> str:
    """Rows such as `2018-02-08,2018-02-28,2700,put,10,11,2750` under a header; a missing spot is 2750."""
    whole = [line if line.count(",") == 6 else f"{line},2750" for line in lines]
    return "\n".join([HEADER, *whole]) + "\n"


def messages(findings: list[Finding]) -> list[str]:
    """What was noticed, without where."""
    return [finding.message for finding in findings]
