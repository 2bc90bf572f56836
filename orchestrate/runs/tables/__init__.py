"""The tables of a run: what stands in each of its Parquet files, a row at a time."""
