from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from spatialvlm_jax.conversion.rows import (
    Asked,
    Fault,
    Fields,
    PairReader,
    parse_answer_map,
    parse_fields,
    read_turns,
)
from spatialvlm_jax.errors import UserError

READER = PairReader()


def row(record: dict[str, Any], reader: PairReader = READER) -> tuple[list[Asked], list[str]]:
    read = reader.row(record, "id", "image.jpg")
    assert (read.image_id, read.image) == ("id", "image.jpg")
    return list(read.pairs), list(read.faults)


def test_one_answer_is_the_answer() -> None:
    assert row({"question": " Is it red? ", "answer": "yes "}) == ([Asked("Is it red?", "yes")], [])
    assert row({"prefix": "caption en", "suffix": "a mug"}) == ([Asked("caption en", "a mug")], [])
    assert row({"question": "How many?", "answer": 3})[0] == [Asked("How many?", "3")]


def test_halves_of_characters_do_not_come_through() -> None:
    (pair,), _ = row({"question": "which face?", "answer": "this: \ud83d"})
    assert pair.answer == "this: ?"
    assert row({"question": "\ud83d", "answer": "a mug"}) == ([], ["empty question"])


def test_of_ten_answers_the_most_frequent_is_learned_and_all_are_kept() -> None:
    given = ["2", "two", "two", "3", "two", "2", "two", "", "2", "1"]
    (pair,), _ = row({"question": "How many?", "answer": given})
    assert pair.answer == "two"
    assert pair.answers == tuple(given)


def test_of_equally_frequent_answers_the_preferred_counts_then_the_first() -> None:
    assert READER.asked("q", ["a", "b", "b", "a"], "k").answer == "a"
    assert READER.asked("q", ["a", "b", "b", "a"], "k", "b").answer == "b"
    assert READER.asked("q", ["a", "b", "b", "a", "a"], "k", "b").answer == "a"


def test_a_sampled_answer_follows_seed_and_question_alone() -> None:
    def drawn(seed: int) -> list[str]:
        reader = PairReader(rule="sampled", seed=seed)
        return [reader.asked("q", ["a", "a", "a", "b"], str(key)).answer for key in range(400)]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    assert 60 < drawn(0).count("b") < 140


def test_lists_of_questions_have_as_many_answers() -> None:
    record = {"question": ["a?", "b?", "c?"], "answer": np.array([b"1", b"", b"3"], object)}
    assert row(record) == ([Asked("a?", "1"), Asked("c?", "3")], ["empty answer"])
    _, faults = row({"question": ["a?", "b?"], "answer": ["1"]})
    assert faults == ["as many answers as questions are wanted"]


def test_captions_answer_the_prompt() -> None:
    reader = PairReader(prompt="Describe the image.", fields=Fields(answer="caption"))
    assert row({"caption": "a mug"}, reader)[0] == [Asked("Describe the image.", "a mug")]


def test_fields_have_the_names_that_are_given() -> None:
    reader = PairReader(fields=Fields(question="qa/q", answer="qa/a"))
    assert row({"qa": {"q": "is it?", "a": "yes"}}, reader)[0] == [Asked("is it?", "yes")]


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ({"question": "a?", "answer": "  "}, "empty answer"),
        ({"question": "a?", "answer": []}, "empty answer"),
        ({"question": "", "answer": "yes"}, "empty question"),
        ({"query": "a?", "label": "yes"}, "no field 'answer'; there are label, query"),
        ({"query": "a?", "answer": "yes"}, "no field 'question'"),
        ({"conversations": "hello"}, "a conversation is a list of turns"),
        ({"conversations": []}, "empty conversation"),
        ({"conversations": [["hello"]]}, "a turn of a conversation is no record"),
        ({"conversations": [{"who": "human", "what": "hi"}]}, "unknown fields in a turn: what, wh"),
        ({"conversations": [{"from": "human", "value": "hi"}]}, "a question without an answer"),
        ({"conversations": [{"from": "gpt", "value": "hi"}]}, "an answer without a question"),
        ({"conversations": [{"from": "cat", "value": "hi"}]}, "unknown speaker 'cat'"),
    ],
)
def test_what_cannot_be_used_has_a_reason(record: dict[str, Any], fault: str) -> None:
    pairs, (said,) = row(record)
    assert pairs == []
    assert fault in said


def test_a_conversation_becomes_pairs_without_image_tokens() -> None:
    turns = [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "gpt", "value": " A mug.\n"},
        {"from": "human", "value": "Which color?\n<image>"},
        {"from": "gpt", "value": "Red."},
        {"from": "human", "value": "And?"},
        {"from": "human", "value": "<image>"},
        {"from": "gpt", "value": "Well."},
    ]
    pairs, faults = read_turns(turns)
    assert pairs == (Asked("What is it?", "A mug."), Asked("Which color?", "Red."))
    assert faults == ("a question without an answer", "empty question")
    other = [{"user": "<image>What?", "assistant": "That."}]
    assert read_turns(other)[0] == (Asked("What?", "That."),)
    roles = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "What?"},
        {"role": "assistant", "content": "That."},
    ]
    assert read_turns(roles)[0] == (Asked("What?", "That."),)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["question", "answer", "conversations", "from", "value"]), inner
        )
    ),
    max_leaves=8,
)


@hypothesis.given(st.dictionaries(st.sampled_from(["question", "answer", "conversations"]), _JSON))
def test_any_record_gives_pairs_or_reasons(record: dict[str, Any]) -> None:
    read = READER.row(record, "id", "image")
    assert read.pairs or read.faults
    assert all(pair.question and pair.answer for pair in read.pairs)


def test_a_fault_is_raised_for_an_empty_question() -> None:
    with pytest.raises(Fault, match="empty question"):
        READER.asked(None, "yes", "key")


def test_fields_are_pairs_of_known_names() -> None:
    assert parse_fields(["image=img", "answer=qa/answer"]) == Fields("img", answer="qa/answer")
    for given in (["image="], ["picture=a"], ["image=a", "image=b"]):
        with pytest.raises(UserError, match="NAME one of image, image_id, question"):
            parse_fields(given)


def test_true_and_false_stand_in_an_answer_map_as_json_writes_them() -> None:
    reader = PairReader(answer_map={"true": "it is", "no": "it is not", "1": "one"})
    for value, word in ((True, "it is"), (np.True_, "it is"), (False, "it is not"), (1.0, "one")):
        assert row({"question": "Is it?", "answer": value}, reader)[0] == [Asked("Is it?", word)]
    reader = PairReader(answer_map={"true": "it is"})
    faults = row({"question": "Is it?", "answer": False}, reader)[1]
    assert faults == ["answer 'false' is not in the answer map"]


def test_an_answer_map_is_labels_with_a_word_each() -> None:
    assert parse_answer_map("1=yes, 0=no") == {"1": "yes", "0": "no"}
    assert parse_answer_map("") == {}
    for given in ("1", "1=", "=yes", "1=yes,1=no", "1=yes,"):
        with pytest.raises(UserError, match="LABEL=WORD"):
            parse_answer_map(given)
