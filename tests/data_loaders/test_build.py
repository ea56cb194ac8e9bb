import dataclasses
import json
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image

from data_loaders.build import Loader, train_loader
from data_loaders.dense import dense_labels
from data_loaders.errors import DataError
from data_loaders.preparation import open_loader
from data_loaders.sources import TokenizedSource
from spatialvlm_jax.batch import Batch, BatchSpec
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    Experiment,
    MeshConfig,
    ModelConfig,
)
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.training.sharding import device_mesh
from spatialvlm_jax.worlds.catalog import COLORS

MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
SMALL = Tokenizer.from_config("small")


def realised_shares(batch: Batch, datasets: int) -> np.ndarray:
    """The share of a batch's loss tokens that comes from each data set."""
    counts = np.bincount(batch.dataset_ids[batch.loss_mask], minlength=datasets)
    return counts / counts.sum()


def two_halves(stored: Path, **fields: Any) -> DataConfig:
    """Spatial and general questions about the same images, three rows to one."""
    spatial = DatasetConfig("spatial", str(stored), kinds=("qualitative", "quantitative"), weight=3)
    general = DatasetConfig("general", str(stored), kinds=("general",), weight=1)
    settings = {"batch_size": 4, "length": 48, "pairs_per_image": 8} | fields
    return DataConfig(**{"datasets": (spatial, general)} | settings)


def read(data: DataConfig, rows: Sequence[int] | None = None) -> Loader:
    return train_loader(Experiment(data=data, model=MODEL), rows=rows)


def dense(data: DataConfig) -> Experiment:
    """With all that auxiliary losses need, of four words each."""
    sizes = DenseConfig(0.1, dense_labels(), OBJECT_VALUES, 4, colors=len(COLORS), camera=True)
    heads = dataclasses.replace(sizes, pointer_weight=0.1, copy_weight=0.1)
    return Experiment(data=data, model=MODEL, dense=heads)


def take(loader: Loader, count: int) -> list[Batch]:
    return [next(loader) for _ in range(count)]


def same(one: Sequence[Batch], other: Sequence[Batch]) -> bool:
    left, right = jax.tree.leaves(list(one)), jax.tree.leaves(list(other))
    return len(left) == len(right) and all(map(np.array_equal, left, right))


def questions(batch: Batch, row: int) -> list[str]:
    """What is asked in a row, read back from its tokens."""
    prefix = batch.tokens[row] * ~batch.suffix_mask[row]
    ids = batch.segment_ids[row]
    return [SMALL.decode(prefix[ids == segment]) for segment in range(1, ids.max() + 1)]


def test_batches_have_the_shapes_of_the_contract(stored: Path) -> None:
    experiment = dense(two_halves(stored))
    batch, spec = next(train_loader(experiment)), BatchSpec.of(experiment).abstract()
    assert batch.dense is not None
    assert batch.dense.camera is not None
    assert batch.dense.owners.shape == (4, 4)
    assert batch.dense.mentioned.shape == (4, 48)
    assert jax.tree.structure(batch) == jax.tree.structure(spec)  # type: ignore[operator]
    for made, wanted in zip(jax.tree.leaves(batch), jax.tree.leaves(spec), strict=True):
        assert (made.shape, made.dtype) == (wanted.shape, wanted.dtype)
    assert next(read(two_halves(stored))).dense is None


def test_rows_carry_the_questions_of_their_own_data_set(stored: Path) -> None:
    for batch in take(read(two_halves(stored)), 4):
        for row in range(4):
            dataset = set(batch.dataset_ids[row].tolist())
            asked = set(questions(batch, row))
            general = {"what color is the red mug?", "how many mugs are there?"}
            assert dataset == ({1} if asked <= general else {0})
            assert asked <= general or not asked & general
            assert len(asked) >= 2


def test_weights_are_shares_of_rows(stored: Path) -> None:
    batches = take(read(two_halves(stored)), 20)
    rows = np.concatenate([batch.dataset_ids[:, 0] for batch in batches])
    assert np.bincount(rows).tolist() == [60, 20]


def test_weights_can_be_shares_of_loss_tokens(stored: Path) -> None:
    loader = read(two_halves(stored, unit="loss_tokens"))
    np.testing.assert_allclose(loader.requested_shares, [0.75, 0.25])
    shares = np.mean([realised_shares(batch, 2) for batch in take(loader, 40)], axis=0)
    np.testing.assert_allclose(shares, [0.75, 0.25], atol=0.02)


def test_a_set_of_no_weight_is_not_trained_on(stored: Path) -> None:
    spatial, general = two_halves(stored).datasets
    silent = dataclasses.replace(spatial, weight=0.0)
    for unit in ("examples", "loss_tokens"):
        loader = read(two_halves(stored, datasets=(silent, general), unit=unit))
        assert loader.shares() == {"spatial": 0.0, "general": 1.0}
        assert {
            int(number) for _ in range(3) for number in np.unique(next(loader).dataset_ids)
        } == {1}


def test_a_set_may_be_packed_with_fewer_pairs_than_the_others(stored: Path) -> None:
    spatial, general = two_halves(stored).datasets
    sparse = dataclasses.replace(spatial, pairs_per_image=1, weight=1)
    batch = next(read(two_halves(stored, datasets=(sparse, general), batch_size=16)))
    packed = {
        number: batch.segment_ids[batch.dataset_ids[:, 0] == number].max() for number in (0, 1)
    }
    assert packed == {0: 1, 1: 2}


def test_shares_are_told_in_loss_tokens_whatever_the_unit(stored: Path) -> None:
    loader = read(two_halves(stored))
    shares = np.mean([realised_shares(batch, 2) for batch in take(loader, 40)], axis=0)
    assert shares[0] > 0.8
    np.testing.assert_allclose(loader.requested_shares, shares, atol=0.02)


def test_shares_of_loss_tokens_hold_for_sets_in_some_order(stored: Path, tmp_path: Path) -> None:
    # Short answers first, long ones behind: the first rows alone say nothing of the rest.
    lines = []
    for number in range(200):
        answer = "yes" if number < 100 else "a red mug that stands on a blue table"
        record = {"image": f"{number}.png", "question": "what is it?", "answer": answer}
        lines.append(json.dumps(record))
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    mine = DatasetConfig("mine", str(tmp_path / "x.jsonl"), format="jsonl", images=str(tmp_path))
    datasets = (mine, DatasetConfig("stored", str(stored)))
    data = two_halves(stored, datasets=datasets, unit="loss_tokens")
    batches = take(read(data), 100)
    shares = np.mean([realised_shares(batch, 2) for batch in batches], axis=0)
    np.testing.assert_allclose(shares, [0.5, 0.5], atol=0.04)


def test_an_epoch_shows_every_image_once_and_the_next_in_another_order(stored: Path) -> None:
    data = dataclasses.replace(two_halves(stored), batch_size=12)
    data = dataclasses.replace(data, datasets=data.datasets[:1])
    first, second = take(read(data), 2)
    orders = [[image.tobytes() for image in batch.images] for batch in (first, second)]
    assert sorted(orders[0]) == sorted(orders[1])
    assert len(set(orders[0])) == 12
    assert orders[0] != orders[1]
    stored_order = dataclasses.replace(data, shuffle=False)
    first, second = take(read(stored_order), 2)
    assert np.array_equal(first.images, second.images)
    # Other epochs pack other pairs, or the same ones in another order.
    assert not np.array_equal(first.tokens, second.tokens)


def test_the_seed_decides_the_order(stored: Path) -> None:
    first = take(read(two_halves(stored)), 3)
    assert same(first, take(read(two_halves(stored)), 3))
    assert not same(first, take(read(two_halves(stored, seed=1)), 3))


def test_one_pair_an_image_is_unpacked(stored: Path) -> None:
    data = two_halves(stored, pairs_per_image=1)
    for attention in ("prefix", "image_prefix"):
        model = dataclasses.replace(MODEL, attention=attention)
        assert next(train_loader(Experiment(data=data, model=model))).segment_ids.max() == 1


def test_blocks_are_never_crossed(stored: Path) -> None:
    for batch in take(read(two_halves(stored, block_length=24)), 3):
        for row in range(4):
            first, second = batch.segment_ids[row, :24], batch.segment_ids[row, 24:]
            assert not set(first[first > 0]) & set(second)


@pytest.mark.parametrize("rows", [[0, 1], [2, 3], [1], [0, 3]])
def test_processes_share_the_rows_of_a_global_batch(stored: Path, rows: list[int]) -> None:
    data = two_halves(stored)
    whole = take(read(data), 3)
    mine = [jax.tree.map(operator.itemgetter(rows), batch) for batch in whole]
    assert same(take(read(data, rows=rows), 3), mine)


def test_what_no_row_takes_is_told(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = TokenizedSource(two_halves(stored).datasets[0], SMALL, prefix_template="{question}")
    lengths = [n for index in range(len(source)) for n in source.at(index).lengths()]
    limit = sorted(lengths)[len(lengths) // 2]
    data = two_halves(stored, block_length=limit)
    loader = open_loader(Experiment(data=data, model=MODEL), device_mesh(MeshConfig()))
    share = sum(n > limit for n in lengths) / len(lengths)
    assert 0 < share < 0.6
    assert loader.too_long["spatial"] == pytest.approx(share)
    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        f"spatial: {100 * share:.1f} % of its questions with their answers are longer than "
        f"data.block_length={limit} tokens, and are not trained on"
    )
    open_loader(Experiment(data=two_halves(stored), model=MODEL), device_mesh(MeshConfig()))
    assert "not trained on" not in capsys.readouterr().out


def test_an_iterator_goes_on_where_its_state_says(stored: Path) -> None:
    whole = take(read(two_halves(stored)), 8)
    loader = read(two_halves(stored))
    take(loader, 3)
    state = json.loads(json.dumps(loader.get_state()))
    assert same(take(loader, 5), whole[3:])
    fresh = read(two_halves(stored))
    fresh.set_state(state)
    assert same(take(fresh, 5), whole[3:])
    # Going back works while batches are read ahead, too.
    fresh.set_state(state)
    assert same(take(fresh, 5), whole[3:])
    loader.close()


@pytest.mark.slow
def test_worker_processes_change_nothing(stored: Path) -> None:
    whole = take(train_loader(dense(two_halves(stored))), 7)
    with_workers = dense(two_halves(stored, workers=2))
    loader = train_loader(with_workers)
    assert same(take(loader, 4), whole[:4])
    state = loader.get_state()
    loader.close()
    resumed = train_loader(with_workers)
    resumed.set_state(state)
    assert same(take(resumed, 3), whole[4:])
    resumed.close()
    alone = train_loader(dense(two_halves(stored)))
    alone.set_state(state)
    assert same(take(alone, 3), whole[4:])


def test_a_state_of_other_data_sets_is_refused(stored: Path) -> None:
    loader = read(two_halves(stored))
    with pytest.raises(DataError, match="was reading \\['spatial'\\], this run reads"):
        loader.set_state({"next_batch": 1, "datasets": ["spatial"]})


def test_settings_that_cannot_work_are_named(stored: Path, tmp_path: Path) -> None:
    def refused(message: str, model: ModelConfig = MODEL, **fields: Any) -> None:
        with pytest.raises(UserError, match=message):
            train_loader(Experiment(data=two_halves(stored, **fields), model=model))

    one = DatasetConfig("spatial", str(stored))
    refused("data.datasets is empty", datasets=())
    refused("datasets: .* are two of one name", datasets=(one, one))
    refused("data directory .* does not exist", datasets=(DatasetConfig("a", str(tmp_path / "b")),))
    refused("tokenizer .* cannot be read", tokenizer=str(tmp_path / "none.model"))
    refused(
        "has 1024 pieces, but the model embeds 512",
        dataclasses.replace(MODEL, decoder=DecoderConfig(vocab_size=512)),
    )
