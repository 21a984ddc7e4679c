"""What a command does, without the command line: called by it, by tests and by the benchmarks."""
