"""The store: Delta tables, the committer, the lock, the catalogue for analysts."""
