"""Ingest: delivered bytes become runs of slots, reads, events and rejections."""
