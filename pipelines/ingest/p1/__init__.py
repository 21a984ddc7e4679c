"""Files of P1 telegrams: DSMR, e-MUCS and the variants of other countries."""
