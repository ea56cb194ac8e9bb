"""The data card: what a stored set holds, counted and drawn."""
