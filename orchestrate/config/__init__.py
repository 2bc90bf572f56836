"""Turn YAML into a RunPlan and report every mistake at its place."""
