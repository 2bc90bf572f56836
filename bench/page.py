"""`python -m bench.page` puts the last run of `make bench` into docs/performance.md, block by block.

A block stands between `<!-- bench: NAME -->` and `<!-- end -->`; nothing else on the page is touched.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench.goals import RESULT, table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BLOCK = re.compile(r"<!-- bench: (?P<name>[^>]+) -->\n.*?<!-- end -->", re.DOTALL)


def written(page: str, result: dict[str, Any]) -> str:
    """Return the page with every block as this run printed it; SystemExit where the run has no such block."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    blocks = {name: f"```\n{text}\n```" for name, text in result["blocks"].items()}
    blocks["goals"] = "\n".join(table(result["goals"]))
    blocks["run"] = f"This run: {result['started']} UTC, {result['machine']}, {result['minutes']} minutes; {versions}."
    names = BLOCK.findall(page)
    if missing := [name for name in names if name not in blocks]:
        raise SystemExit(f"the last run of the bench did not get to: {', '.join(missing)}")
    return BLOCK.sub(lambda match: f"<!-- bench: {match['name']} -->\n{blocks[match['name']]}\n<!-- end -->", page)


if __name__ == "__main__":
    if not RESULT.exists():
        sys.exit(f"no run of the bench at {RESULT}: make bench")
    PAGE.write_text(written(PAGE.read_text(), json.loads(RESULT.read_text())))
