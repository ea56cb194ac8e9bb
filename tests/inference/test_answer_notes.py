from spatialvlm_jax.inference.answer_notes import number_notes, tell_notes
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer


def answer(question: str, note: str = "") -> SpatialAnswer:
    return SpatialAnswer(question, "2 m", 2.0, "m", note=note)


def test_equal_notes_have_one_number_and_one_line() -> None:
    answers = [
        answer("a?", "doubted"),
        answer("b?"),
        answer("c?", "as d?"),
        answer("e?", "doubted"),
    ]
    assert number_notes(answers) == [" (1)", "", " (2)", " (1)"]
    assert tell_notes(answers) == ['(1) "a?", "e?": doubted', '(2) "c?": as d?']


def test_without_notes_there_are_no_numbers_and_no_lines() -> None:
    assert number_notes([answer("a?")]) == [""]
    assert tell_notes([answer("a?")]) == []


def test_a_note_is_one_line_without_escapes() -> None:
    assert tell_notes([answer("a\x1b?", "b\nc")]) == ['(1) "a ?": b c']
