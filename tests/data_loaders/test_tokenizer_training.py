import re

import pytest

from data_loaders import tokenizer_training
from data_loaders.tokenizer import Tokenizer
from spatialvlm_jax.generation.wording.templates import TEMPLATES


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
def test_training_again_gives_the_same_model() -> None:
    model = tokenizer_training.train_tokenizer()
    assert model == tokenizer_training.train_tokenizer()
    assert Tokenizer(model).vocab_size == tokenizer_training.VOCAB_SIZE
