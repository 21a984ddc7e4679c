"""Prices: the tariff document, calendars, one module per kind of charge, rating and rounding."""
