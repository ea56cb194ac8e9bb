"""Runs that answered the same questions, side by side: what differs, and how sure that is."""
