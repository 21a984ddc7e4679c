"""Master data: load, check, date."""
