"""How examples lie on disk: TFDS layout in ArrayRecord shards."""
