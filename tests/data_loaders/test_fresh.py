"""Scenes drawn while training: those of the recipe, none twice, none of a stored set."""

import contextlib
import dataclasses
import operator
import typing
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import pytest

from data_loaders import fresh
from data_loaders.build import Loader, train_loader
from data_loaders.contents import digest_examples, verify_shards
from data_loaders.dense import dense_labels
from data_loaders.errors import DataError
from data_loaders.fresh import EXAMPLES, FIRST_SCENE, FreshExamples
from data_loaders.sources import TokenizedSource
from spatialvlm_jax.batch import Batch
from spatialvlm_jax.bounds import Images, SettingError
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DenseConfig,
    EncoderConfig,
    EvalConfig,
    Experiment,
    ModelConfig,
    WorldsRecipe,
)
from spatialvlm_jax.generation.settings import open_endless, stages_of
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.recipes import generation_settings, render_missing
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.storage.examples import encode_example

RECIPE = WorldsRecipe(preset="simple", seed=3, image_size=32, questions=QAConfig(pairs_per_image=6))
MEMBER = DatasetConfig("spatial", worlds=RECIPE, fresh=True, kinds=("qualitative", "quantitative"))
GENERAL = DatasetConfig("general", worlds=RECIPE, fresh=True, kinds=("general",))


def loader(rows: Sequence[int] | None = None, **fields: Any) -> Loader:
    settings = {"datasets": (MEMBER, GENERAL), "batch_size": 4, "length": 64} | fields
    model = ModelConfig(encoder=EncoderConfig(image_size=32, patch_size=8))
    dense = DenseConfig(0.1, dense_labels(), OBJECT_VALUES)
    data = DataConfig(**settings, pairs_per_image=4)
    return train_loader(Experiment(data=data, model=model, dense=dense), rows=rows)


def take(stream: Loader, count: int) -> list[Batch]:
    with contextlib.closing(stream):
        return [next(stream) for _ in range(count)]


def same(one: Sequence[Batch], other: Sequence[Batch]) -> bool:
    left, right = jax.tree.leaves(list(one)), jax.tree.leaves(list(other))
    return len(left) == len(right) and all(map(np.array_equal, left, right))


@pytest.fixture(scope="module")
def whole() -> list[Batch]:
    return take(loader(), 6)


def test_an_example_is_what_generation_would_store() -> None:
    settings = generation_settings(RECIPE)
    scene = open_endless(settings).observe([FIRST_SCENE + 2])[0]
    stored = encode_example(*stages_of(settings).examine(scene, "worlds"))
    assert FreshExamples(RECIPE).record(2) == stored
    assert FreshExamples(RECIPE)[2].image_id == "worlds-3-2147483650"


def test_no_stored_set_has_a_scene_of_them() -> None:
    """Whatever its recipe: a seed's scenes are numbered alike for all."""
    most = typing.get_args(Images)[1].high
    assert most + most < FIRST_SCENE  # of both splits
    numbers = [FIRST_SCENE + place for place in FreshExamples(RECIPE).stand_ins(0)]
    assert min(numbers) == FIRST_SCENE
    assert np.diff(numbers).tolist() == [EXAMPLES] * 255


def test_no_scene_comes_twice_even_where_some_have_no_question() -> None:
    only = dataclasses.replace(MEMBER, types=("shape", "color"), kinds=())
    tokenizer = Tokenizer.from_config("small")
    source = TokenizedSource(only, tokenizer, prefix_template="{question}")
    images = [source[index] for index in range(12)]
    assert all(image.pairs for image in images)
    assert sum(image.index >= EXAMPLES for image in images) > 1
    assert len({image.example.image_id for image in images}) == 12


def test_a_filter_that_nothing_passes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "_STAND_INS", 2)
    none = dataclasses.replace(MEMBER, types=("nothing",))
    with pytest.raises(DataError, match="'spatial': no image has a pair that passes its filter"):
        TokenizedSource(none, Tokenizer.from_config("small"), prefix_template="{question}")


def test_batches_are_a_function_of_their_number(whole: list[Batch]) -> None:
    later = loader()
    later.set_state({"next_batch": 3, "datasets": ["spatial", "general"]})
    assert same(take(later, 3), whole[3:])
    pictures = [image.tobytes() for batch in whole for image in batch.images]
    assert len(set(pictures)) == 12  # 24 rows, each scene once in either member


def test_processes_share_the_rows(whole: list[Batch]) -> None:
    for rows in ([0, 1], [1, 3]):
        mine = [jax.tree.map(operator.itemgetter(rows), batch) for batch in whole[:2]]
        assert same(take(loader(rows), 2), mine)


@pytest.mark.slow
def test_workers_change_nothing(whole: list[Batch]) -> None:
    assert same(take(loader(workers=2), 4), whole[:4])


def test_members_of_one_recipe_draw_a_scene_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = fresh.draw_chunk

    def counted(recipe: WorldsRecipe, number: int, size: int) -> list[bytes]:
        drawn.append(number)
        return draw(recipe, number, size)

    monkeypatch.setattr(fresh, "draw_chunk", counted)
    other = dataclasses.replace(RECIPE, seed=4)
    members = [dataclasses.replace(member, worlds=other) for member in (MEMBER, GENERAL)]
    take(loader(datasets=tuple(members)), 2)
    assert sorted(drawn) == sorted(set(drawn))
    assert 0 in drawn


def test_the_content_is_the_recipe_but_for_numbers_of_images() -> None:
    content = FreshExamples(RECIPE).digest
    assert digest_examples(FreshExamples(RECIPE), MEMBER) == content
    assert FreshExamples(dataclasses.replace(RECIPE, images=9)).digest == content
    for other in ({"seed": 4}, {"preset": "clear"}, {"questions": QAConfig()}):
        assert FreshExamples(dataclasses.replace(RECIPE, **other)).digest != content


def test_nothing_is_rendered_or_checked_on_disk(tmp_path) -> None:
    member = dataclasses.replace(MEMBER, path=str(tmp_path / "none"))
    render_missing([member])
    verify_shards([member])
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_fresh_is_refused() -> None:
    with pytest.raises(SettingError, match="scenes are drawn by a recipe"):
        DatasetConfig("a", fresh=True)
    with pytest.raises(SettingError, match=r"told apart by worlds\.streams=2"):
        dataclasses.replace(MEMBER, worlds=dataclasses.replace(RECIPE, streams=1))
    with pytest.raises(SettingError, match="'spatial' is fresh, and what is measured on has to"):
        EvalConfig(datasets=(MEMBER,))
    with pytest.raises(SettingError, match="drawn while training come once"):
        DataConfig(datasets=(MEMBER,), features="somewhere")
    unknown = dataclasses.replace(MEMBER, worlds=dataclasses.replace(RECIPE, preset="sample"))
    with pytest.raises(DataError, match="no world preset 'sample'"):
        loader(datasets=(unknown,))
