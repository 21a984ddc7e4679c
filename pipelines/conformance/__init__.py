"""The conformance pack: what validation and estimation must make of given readings, as tables that any system can run."""
