"""What was found, how the run was judged, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from orchestrate.reporting.page import numbers
from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html, Number, details, escaped, facts, paragraph, table, tag
from orchestrate.reporting.page.subject import CONFIG, Subject
from orchestrate.runs.reading import StoredRun

Block = Html | Chart
_SEVERITIES: Final = ("error", "warning", "info")
_FINDINGS: Final = 200
_CHARACTERS: Final = 100_000


class About(Protocol):
    """A run or a sweep that a page is about."""

    @property
    def run(self) -> StoredRun:
        """What is stored."""

    def few(self, usual: int) -> int:
        """Return how many are shown, where `usual` ones are."""


def findings(subject: Subject) -> list[Block]:
    """Return failures, gates, compatibility and findings, the gravest first."""
    document = subject.document
    blocks: list[Block] = []
    broken = {"portfolio": document.get("error")}
    broken |= {name: one["error"] for name, one in document["strategies"].items()}
    failed = [_failed(name, error) for name, error in broken.items() if error]
    if failed:
        blocks.append(table("Failed", ["who", "where", "error", "message", "bar"], failed, visible=True))
    if document["gates"]:
        blocks.append(gates_table(document["gates"]))
    if "compatibility" in document:
        score = document["compatibility"]
        blocks.append(paragraph(f"Compatibility of the strategies: {score['score']} of 100."))
    found = sorted(document["findings"], key=lambda one: _SEVERITIES.index(one["severity"]))
    if found:
        rows = [[one["severity"], one["where"], one["message"]] for one in found[: subject.few(_FINDINGS)]]
        blocks.append(table("Findings", ["severity", "where", "finding"], rows, visible=True))
    if len(found) > subject.few(_FINDINGS):
        blocks.append(paragraph(f"{subject.few(_FINDINGS)} of {len(found):,} findings shown.", "note"))
    return blocks or [paragraph("Nothing was found.")]


def _failed(name: str, error: Mapping[str, Any]) -> list[object]:
    """Return who failed, in which line of which file, and why."""
    file, line = error.get("file") or "", error.get("line")
    where = f"{file}:{line}" if line else file
    return [name, where, error["type"], error["message"], error["bar_date"] or ""]


def gates_table(gates: Sequence[dict[str, object]]) -> Html:
    """Return each gate, its figure, and whether it passed."""
    return table("Gates", ["gate", "verdict", "value"], [_gate(gate) for gate in gates], visible=True)


def _gate(gate: dict[str, object]) -> list[object]:
    value = gate["value"]
    shown = numbers.NOTHING if value is None else Number(f"{float(str(value)):.6g}")
    verdict = "passed" if gate["passed"] else tag("strong", "failed", class_="neg")
    return [str(gate["gate"]), verdict, shown]


def configuration(subject: About) -> list[Block]:
    """Return the file as it was given, and the plan that it was resolved to."""
    given = subject.run.files[CONFIG].decode("utf-8", "replace")
    plan = json.dumps(subject.run.plan, indent=2)
    return [
        details("The configuration as given", text_block("Configuration", given, subject.few(_CHARACTERS))),
        details("The plan, everything resolved", text_block("Plan", plan, subject.few(_CHARACTERS))),
    ]


def text_block(name: str, text: str, most: int = _CHARACTERS) -> Html:
    """Return a text as it is written, up to so many characters."""
    if len(text) > most:
        text = f"{text[:most]}\n… ({most:,} of {len(text):,} characters shown)"
    shown = Html("\n".join(escaped(line) for line in text.replace("\r\n", "\n").split("\n")))
    return tag("pre", shown, tabindex="0", role="region", aria_label=f"{name}, text")


def provenance(subject: About) -> list[Block]:
    """Return ids, versions and hashes: what it takes to make the run again."""
    manifest = subject.run.manifest
    pairs: list[tuple[str, object]] = [
        ("run", manifest["run_id"]),
        ("mode", manifest["mode"]),
        ("status", manifest["status"]),
        ("exit code", manifest["exit_code"]),
        ("started", manifest.get("started", "")),
        ("seconds", f"{manifest['duration_seconds']:.2f}"),
        *((f"version of {name}", text) for name, text in manifest.get("versions", {}).items()),
        ("plan, sha256", tag("code", manifest["plan_hash"])),
        ("data, sha256", tag("code", manifest["data_hash"])),
    ]
    files = [[name, tag("code", text)] for name, text in manifest["files"].items()]
    blocks: list[Block] = [facts(pairs)]
    if manifest.get("overrides"):
        blocks.append(
            details(
                "Overrides of the command line and environment",
                text_block("Overrides", json.dumps(manifest["overrides"], indent=2), subject.few(_CHARACTERS)),
            )
        )
    return [*blocks, details("Files of the run", table("Files of the run", ["file", "sha256"], files))]
