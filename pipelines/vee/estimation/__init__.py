"""The estimation ladder: what is put where nothing was measured, and how."""
