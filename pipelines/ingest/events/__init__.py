"""Event files: what happened to meters and their supply, as tables."""
