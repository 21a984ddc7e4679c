"""AEMO metering data: NEM12 interval data and NEM13 accumulated reads."""
