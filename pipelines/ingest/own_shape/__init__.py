"""The pipeline's own shape: what a head-end writes that speaks it, as Parquet or as JSON lines."""
