"""How a run's images are divided, made, and joined: here, in processes, or on Ray."""
