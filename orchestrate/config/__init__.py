"""From YAML to a RunPlan, with every mistake told at its place."""
