"""Kinds that take turns."""

from spatialvlm_jax.pages.turns import in_turns


def test_the_first_of_each_kind_come_first_in_their_order():
    words = ["apple", "avocado", "beet", "almond", "bean", "corn"]
    assert in_turns(words, lambda word: word[0]) == [
        *("apple", "beet", "corn"),
        *("avocado", "bean"),
        "almond",
    ]
    assert in_turns([], len) == []
