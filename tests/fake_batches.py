"""Fake batches that several tests share."""

from spatialvlm_jax.batch import BatchSpec

SPEC = BatchSpec(
    batch_size=2,
    image_size=8,
    length=12,
    vocab_size=50,
    dense_tokens=4,
    dense_values=3,
    dense_words=2,
)
# Two pairs a row, no dense targets.
BATCH = BatchSpec(batch_size=2, image_size=4, length=8, vocab_size=9).fake(0, segments=2)
