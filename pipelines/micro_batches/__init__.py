"""Micro-batches: what arrived in a window goes through the flow together and is published by one commit."""
