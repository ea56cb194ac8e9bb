from spatialvlm_jax.generation.execution.plan import CHUNK, Chunk, Shard, plan_shards


def test_shards_divide_consecutive_images() -> None:
    assert plan_shards({"train": 7, "validation": 3}, {"train": 3, "validation": 1}) == [
        Shard("train", 0, 3, 0, 2),
        Shard("train", 1, 3, 2, 4),
        Shard("train", 2, 3, 4, 7),
        Shard("validation", 0, 1, 7, 10),
    ]


def test_shards_have_a_sensible_size() -> None:
    assert [shard.count for shard in plan_shards({"train": 3600})] == [15] * 15
    assert len(plan_shards({"train": 500_000})) == 128
    sizes = {shard.stop - shard.start for shard in plan_shards({"train": 10_000_000})}
    assert sizes <= {4095, 4096}


def test_chunks_divide_a_shard() -> None:
    chunks = Shard("train", 0, 1, 100, 100 + CHUNK + 1).chunks()
    assert chunks == [
        Chunk("train", 100, 100 + CHUNK),
        Chunk("train", 100 + CHUNK, 101 + CHUNK),
    ]
    assert list(chunks[1].indices) == [100 + CHUNK]
