"""Importers: price lists of other people's formats, made tariff documents, with the fate of every field told."""
