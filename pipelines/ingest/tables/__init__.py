"""Plain tables: delimited text, described by a mapping."""
