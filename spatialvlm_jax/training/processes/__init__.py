"""Several processes, one run; and signals to stop it."""
