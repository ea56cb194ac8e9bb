"""What holds for every test: the CPU, and property tests that draw the same cases each time."""

import os

import hypothesis

os.environ.setdefault("JAX_PLATFORMS", "cpu")

hypothesis.settings.register_profile(
    "spatialvlm", deadline=None, derandomize=True, max_examples=25, print_blob=True
)
hypothesis.settings.load_profile("spatialvlm")
