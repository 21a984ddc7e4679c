"""Meters: bytes to readings and back, without a framework; the only sockets live here."""
