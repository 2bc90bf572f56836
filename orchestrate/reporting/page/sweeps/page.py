"""Put the page of a sweep together, of the same parts as the page of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html
from orchestrate.reporting.page.page import DETAILS, LARGEST, head_of, sheet
from orchestrate.reporting.page.sections.provenance import provenance
from orchestrate.reporting.page.sweeps.evidence import out_of_sample, windows
from orchestrate.reporting.page.sweeps.maps import heatmaps
from orchestrate.reporting.page.sweeps.overview import headline, statistics, varied
from orchestrate.reporting.page.sweeps.parallel import parallel
from orchestrate.reporting.page.sweeps.peaks import distribution, peaks
from orchestrate.reporting.page.sweeps.subject import SweepSubject
from orchestrate.reporting.page.sweeps.trials import configuration, judged, trials
from orchestrate.reporting.sweeps.figures import status_text
from orchestrate.runs.sweeps.reading import StoredSweep

#: The sections of the page of a sweep, in their order.
SWEEP_SECTIONS: Final[dict[str, Callable[[SweepSubject], list[Html | Chart]]]] = {
    "Verdict": headline,
    "Statistics": statistics,
    "Parameters": varied,
    "Heatmaps": heatmaps,
    "Parallel coordinates": parallel,
    "Peak and plateau": peaks,
    "Distribution": distribution,
    "In and out of sample": out_of_sample,
    "Walk-forward": windows,
    "Trials": trials,
    "Gates and failures": judged,
    "Configuration": configuration,
    "Provenance": provenance,
}


def sweep_page(sweep: StoredSweep) -> str:
    """Return the page of a sweep, with as much detail as leaves it small enough to send and to open."""
    subject = SweepSubject(sweep)
    for detail in DETAILS:
        text = _page(replace(subject, detail=detail))
        if len(text.encode()) < LARGEST:
            break
    return text


def _page(subject: SweepSubject) -> str:
    document = subject.document
    names = ", ".join(axis.name for axis in subject.axes)
    span = f"{document['days']:,} days, {document['start']} to {document['end']}" if document["days"] else "no day"
    header = head_of("Sweep", document, f"{document['method']} over {names} · {span} · {status_text(document)}")
    sections = {title: section(subject) for title, section in SWEEP_SECTIONS.items()}
    return sheet(header, sections, subject.run.manifest)
