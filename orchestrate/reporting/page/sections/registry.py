"""The sections of a page, in the order in which they stand: what each is called, and how it is made.

A section without anything to show is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrate.reporting.page.charts import Chart
from orchestrate.reporting.page.markup import Html
from orchestrate.reporting.page.sections.attribution import attribution
from orchestrate.reporting.page.sections.correlation import correlation
from orchestrate.reporting.page.sections.curves import contributions, drawdowns, equity
from orchestrate.reporting.page.sections.decisions import cuts, rebalances
from orchestrate.reporting.page.sections.exposure import exposure
from orchestrate.reporting.page.sections.overview import frameworks, headline, strategies
from orchestrate.reporting.page.sections.provenance import configuration, findings, provenance
from orchestrate.reporting.page.sections.returns import distribution, monthly, rolling, yearly
from orchestrate.reporting.page.sections.structures import structures
from orchestrate.reporting.page.sections.trades import positions, trades
from orchestrate.reporting.page.subject import Subject

Section = Callable[[Subject], list[Html | Chart]]

SECTIONS: Final[dict[str, Section]] = {
    "Result": headline,
    "Equity and drawdown": equity,
    "Strategies": strategies,
    "Contributions": contributions,
    "Attribution": attribution,
    "Months": monthly,
    "Years": yearly,
    "Distribution": distribution,
    "Rolling figures": rolling,
    "Drawdowns": drawdowns,
    "Correlation": correlation,
    "Exposure and capital": exposure,
    "Trades": trades,
    "Structures": structures,
    "Open positions": positions,
    "Conflicts, cuts, refusals": cuts,
    "Rebalances": rebalances,
    "Frameworks": frameworks,
    "Findings": findings,
    "Configuration": configuration,
    "Provenance": provenance,
}
