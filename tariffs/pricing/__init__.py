"""From charges and what was used to lines: one module for each group of kinds, and what they share."""
