"""What a run says of itself: rows, sinks, throughput, profiles."""
