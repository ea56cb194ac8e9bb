"""SpatialVLM-JAX: teach vision-language models to measure space."""

__version__ = "0.1.0"
