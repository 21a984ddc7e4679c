"""Green Button: Atom feeds of NAESB ESPI resources, joined by their links."""
