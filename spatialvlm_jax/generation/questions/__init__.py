"""Which questions a scene allows, and their true answers."""
