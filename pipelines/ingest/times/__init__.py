"""Times of documents: stamps, wall clocks, labels of ends and durations as senders write them, made instants."""
