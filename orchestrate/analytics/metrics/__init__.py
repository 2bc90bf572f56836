"""Every metric, one definition each, from an equity curve and its closed trades (docs/reference/metrics.md).

A configuration takes names and ranges from here, hence nothing imports numpy before a figure is computed.
"""

from orchestrate.analytics.metrics.figures import Figures as Figures
from orchestrate.analytics.metrics.figures import figures as figures
from orchestrate.analytics.metrics.metric import ANY as ANY
from orchestrate.analytics.metrics.metric import NOT_NEGATIVE as NOT_NEGATIVE
from orchestrate.analytics.metrics.metric import Metric as Metric
from orchestrate.analytics.metrics.metric import NoFigureError as NoFigureError
from orchestrate.analytics.metrics.metric import Range as Range
from orchestrate.analytics.metrics.registry import METRICS as METRICS
