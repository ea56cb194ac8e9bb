"""Procedural indoor scenes with exact geometry, rendered."""
