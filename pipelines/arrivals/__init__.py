"""Arrivals: the mouth of the stream, from where files come in to references to files, each content once."""
