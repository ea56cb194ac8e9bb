import dataclasses
from pathlib import Path
from typing import Any

import pytest

from data_loaders.errors import DataError
from data_loaders.sources import PairFilter, TokenizedSource
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.generation.stages import AnsweredScene
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from tests.generation.pictures import PictureSource, pairs, picture, store_pictures

SMALL = Tokenizer.from_config("small")


def open_source(path: Path, length: int | None = None, **fields: Any) -> TokenizedSource:
    config = DatasetConfig("fake", str(path), **fields)
    return TokenizedSource(config, SMALL, prefix_template="{question}", length=length)


def types(source: TokenizedSource, index: int = 0) -> list[str]:
    return [record.type for record in source[index].records]


def test_filters_combine_kinds_types_and_exclusions() -> None:
    names = ["left_of", "height", "height", "color", "count"]
    assert [pair.type for pair in pairs(0)] == names
    kept = PairFilter(kinds=("general", "qualitative"), exclude_types=("count",))
    assert [pair.type for pair in pairs(0) if kept.keeps(pair)] == ["left_of", "color"]
    assert [pair.type for pair in pairs(0) if PairFilter(types=("count",)).keeps(pair)] == ["count"]
    assert [pair.type for pair in pairs(0) if PairFilter().keeps(pair)] == names
    composed = dataclasses.replace(pairs(0)[0], kind="composed")
    assert not PairFilter().keeps(composed)
    assert PairFilter(kinds=("composed",)).keeps(composed)


def test_pairs_become_prefix_and_suffix_tokens(stored: Path) -> None:
    image = open_source(stored)[3]
    assert image.example.image_id == "fake-0003"
    question = "is the red mug left of the blue chair?"
    assert image.pairs[0] == (SMALL.encode_prefix(question), SMALL.encode_suffix("left, so yes"))
    assert image.lengths() == [len(prefix) + len(suffix) for prefix, suffix in image.pairs]
    assert image.kept == (0, 1, 2, 3, 4)


def test_the_template_wraps_the_question(stored: Path) -> None:
    config = DatasetConfig("fake", str(stored), types=("count",))
    source = TokenizedSource(config, SMALL, prefix_template="answer en {question}")
    expected = SMALL.encode_prefix("answer en how many mugs are there?")
    assert source[0].pairs[0][0] == expected
    own = dataclasses.replace(config, prefix_template="q: {question}")
    source = TokenizedSource(own, SMALL, prefix_template="answer en {question}")
    assert source[0].pairs[0][0] == SMALL.encode_prefix("q: how many mugs are there?")


def test_one_data_set_can_be_used_twice_with_different_filters(stored: Path) -> None:
    spatial = open_source(stored, kinds=("qualitative", "quantitative"))
    general = open_source(stored, kinds=("general",))
    assert types(spatial) == ["left_of", "height", "height"]
    assert types(general) == ["color", "count"]
    assert general[0].kept == (3, 4)


def test_pairs_longer_than_a_row_are_left_out(stored: Path) -> None:
    lengths = open_source(stored)[0].lengths()
    source = open_source(stored, length=min(lengths))
    assert source[0].lengths() == [min(lengths)] * lengths.count(min(lengths))


class OnlyThirdHasColor(PictureSource):
    def answered(self, index: int) -> AnsweredScene:
        kept = [pair for pair in pairs(index) if pair.type != "color" or index == 3]
        return AnsweredScene(picture(index), tuple(kept))


def test_the_next_image_with_a_usable_pair_stands_in(tmp_path: Path) -> None:
    store_pictures(OnlyThirdHasColor(), {"train": 5}, tmp_path)
    source = open_source(tmp_path, types=("color",))
    assert len(source) == 5
    assert [source[index].example.image_id for index in range(5)] == ["fake-0003"] * 5
    assert source.at(2).pairs == ()


def test_a_filter_that_leaves_nothing_is_an_error_that_names_it(stored: Path) -> None:
    with pytest.raises(DataError, match=r"'fake': no image has a pair .*kinds=\('chat',\)"):
        open_source(stored, kinds=("chat",))
    with pytest.raises(DataError, match="and fits 3 tokens"):
        open_source(stored, length=3)


def test_a_missing_data_set_is_an_error_that_names_it(tmp_path: Path, stored: Path) -> None:
    with pytest.raises(DataError, match="'fake': data directory .*nowhere does not exist"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no split 'test'"):
        open_source(stored, split="test")


def test_a_noisy_source_says_other_numbers_but_keeps_the_stored_value(stored: Path) -> None:
    clean = open_source(stored, types=("height",))
    noisy = open_source(stored, types=("height",), noise_std_metres=0.3)
    again = open_source(stored, types=("height",), noise_std_metres=0.3)
    assert noisy[0].records == again[0].records
    assert [record.value for record in noisy[0].records] == [
        record.value for record in clean[0].records
    ]
    said = [[record.answer for record in source[0].records] for source in (clean, noisy)]
    assert said[0] != said[1]


def test_a_source_denies_relations_in_the_words_of_its_captions(stored: Path) -> None:
    source = open_source(stored, types=("left_of",), flipped_relations=1.0)
    assert [record.answer for record in source[0].records] == ["right, so no"]
    assert source[0].pairs[0][1] == SMALL.encode_suffix("right, so no")
