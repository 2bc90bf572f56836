"""The commands offer the formats that their registries have."""

from __future__ import annotations

from typing import get_args

from orchestrate.cli.commands.backtest import RunFormat
from orchestrate.cli.commands.validate import Format
from orchestrate.reporting.ci.formats import FILE_FORMATS, RUN_FORMATS


def test_every_format_is_offered():
    for annotation, formats in ((RunFormat, RUN_FORMATS), (Format, FILE_FORMATS)):
        assert list(get_args(get_args(annotation)[0])) == ["text", "json", *formats]
