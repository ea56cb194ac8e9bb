"""Saved states: written, checked, resumed, loaded as a model."""
