"""SpatialVLM-JAX: teach vision-language models to measure space."""

__version__ = "0.2.0"
