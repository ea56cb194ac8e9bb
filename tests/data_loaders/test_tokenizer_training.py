import re

import pytest

from data_loaders import tokenizer_training
from spatialvlm_jax.generation.wording.phrasing import plural
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.weights.run_record import SHIPPED_TOKENIZERS
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS

# Of the questions and answers that a small model is taught; `certain_words` has them all.
WORDS = """
is the left of to right in front behind above below nearer closer us taller wider bigger larger
which further more or between on where from relative far away distance camera how tall height high
reach bottom top wide width measure gap apart at their nearest points what center centers
horizontally horizontal Along along ground that vertically vertical difference level color material
made used shape kind object many are there can you see picture stands placed does lie Does Is What
Which How Where Can Between From On yes no so and none m shorter narrower smaller farther right
round square rectangular plastic wood metal fabric ceramic glass paper degrees down up level
""".split()


def test_the_words_of_the_questions_are_single_pieces() -> None:
    tokenizer = Tokenizer.from_config("small128")
    names = " ".join((*CATEGORIES, *map(plural, CATEGORIES), *COLORS)).split()
    assert {"cans", "shelves", "trash", "gray"} <= set(names)
    words = {*WORDS, *names, *tokenizer_training.certain_words()}
    assert [word for word in sorted(words) if len(tokenizer.encode(word)) != 1] == []
    assert tokenizer.vocab_size <= 1024
    tokens = tokenizer.encode("left, so the red mug")
    assert [tokenizer.decode([token]) for token in tokens] == "left , so the red mug".split()


def test_digits_are_single_pieces() -> None:
    tokenizer = Tokenizer.from_config("small128")
    tokens = tokenizer.encode("120.8 m")
    assert [tokenizer.decode([token]) for token in tokens] == ["", *"120.8", "m"]


def test_words_of_the_short_templates_are_single_pieces_but_for_a_few_newer_ones() -> None:
    """The shipped weights were trained on these; what was added to them since may be spelled."""
    tokenizer = Tokenizer.from_config("small")
    words = {
        word
        for wording in TEMPLATES.values()
        for template in (*wording.questions[:3], *wording.answers[:1])
        for word in re.findall("[A-Za-z]+", re.sub(r"\{.*?\}", " ", template))
    }
    assert len(words) > 100
    spelled = [word for word in sorted(words) if len(tokenizer.encode(word)) > 1]
    assert len(spelled) <= 0.25 * len(words), spelled


def test_the_training_text_leaves_no_placeholder() -> None:
    text = list(tokenizer_training.training_text())
    assert len(text) > 10_000
    assert not [line for line in text if re.search(r"\{\w", line)]


@pytest.mark.slow
def test_training_again_gives_the_shipped_model() -> None:
    assert tokenizer_training.train_tokenizer() == SHIPPED_TOKENIZERS["small128"].read_bytes()
