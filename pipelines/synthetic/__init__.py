"""A synthetic utility with faults it knows."""
