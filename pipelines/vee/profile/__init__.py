"""VEE profiles: every threshold of validation and estimation, dated, with its source and who signed it."""
