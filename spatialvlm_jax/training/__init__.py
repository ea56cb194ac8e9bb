"""Training: state, step, optimiser, freezing, checkpoints, loop."""
