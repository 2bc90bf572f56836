"""`run.json`: what a run was and what it cost; everything that a clock, a machine or the weather decides.

It holds the sha256 of the run's other files, and as its second line that of its own other lines: `seal`, `unseal`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from orchestrate.domain.market.stamps import label_text
from orchestrate.runs.store import digest

if TYPE_CHECKING:
    from orchestrate.domain.results import RunResult, StrategyError

SCHEMA_VERSION: Final = 1
_SEAL: Final = re.compile(rb'\{\n  "checksum": "([0-9a-f]{64})",\n')


def manifest(
    result: RunResult,
    *,
    run_id: str,
    version: str,
    exit_code: int,
    started: datetime,
    duration_seconds: float,
    journal: str,
    overrides: Mapping[str, object],
    files: Mapping[str, bytes],
    distributions: Mapping[str, str],
) -> dict[str, object]:
    """Return the facts of `run.json`.

    `version` is our own; `overrides` what the command line and the environment changed; `distributions` are those in
    which each framework comes.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "status": result.status,
        "exit_code": exit_code,
        "mode": result.plan.mode,
        **_inputs(result),
        "started": _moment(started),
        "duration_seconds": duration_seconds,
        "journal": journal,
        "overrides": dict(overrides),
        "versions": {"orchestrate": version} | _versions_of_engines(result, distributions),
        "findings": [finding.document() for finding in result.checks],
        "lookahead": dict(result.coverage),
        "timings": {name: asdict(timing) for name, timing in sorted(result.timings.items())},
        "errors": {one.id: _error(one.error) for one in result.strategies.values() if one.error is not None},
        **({} if result.error is None else {"error": _error(result.error)}),
        "files": {name: digest(content) for name, content in sorted(files.items())},
    }


def _versions_of_engines(result: RunResult, distributions: Mapping[str, str]) -> dict[str, str]:
    frameworks = sorted({strategy.framework for strategy in result.strategies.values()})
    return versions({name: distributions.get(name, name) for name in frameworks})


def _inputs(result: RunResult) -> dict[str, object]:
    """Return what the run was made of; `root` is where relative paths of the plan begin."""
    return {
        "root": result.plan.root.absolute().as_posix(),
        "plan_hash": result.plan.hash,
        "data_hash": result.data_hash,
        "data_hashes": dict(result.data_hashes),
        "strategy_files": dict(result.sources),
    }


def _error(error: StrategyError) -> dict[str, object]:
    when = None if error.t is None else label_text(error.t)
    where = {"file": error.file, "line": error.line}
    return {"type": error.type, "message": error.message, **where, "bar_date": when, "traceback": error.traceback}


def seal(content: bytes) -> bytes:
    """Return a JSON object, written over several lines, with its checksum as the second line."""
    return content.replace(b"{\n", b'{\n  "checksum": "%s",\n' % digest(content).encode(), 1)


def unseal(content: bytes) -> bytes | None:
    """Return what was sealed; None unless every byte is as it was."""
    match = _SEAL.match(content)
    if match is None:
        return None
    sealed = b"{\n" + content[match.end() :]
    return sealed if digest(sealed).encode() == match[1] else None


def versions(distributions: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of Python, numpy and the engines used, by the distribution in which each comes."""
    import platform

    installed = {"python": platform.python_version(), "numpy": _version("numpy")}
    return installed | {name: _version(distribution) for name, distribution in distributions.items()}


def _version(distribution: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
