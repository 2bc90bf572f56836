"""The one place that names concrete engines, sources and sinks, and puts a run together."""
