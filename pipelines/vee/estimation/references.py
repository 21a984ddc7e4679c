"""References: what the steps of the ladder may lean on beside the block that has the gap."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class References:
    """What is known outside the block; everything that is not known is absent."""
