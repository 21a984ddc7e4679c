"""Flow: the only place that knows Beam and disks."""
