import math
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from spatialvlm_jax.conversion.rows import Fields, PairReader, SourceRow
from spatialvlm_jax.conversion.texts import Fault
from spatialvlm_jax.conversion.truths import KIND_RULES, Truth, read_truth, says_number


@pytest.mark.parametrize(
    ("columns", "answer", "truth"),
    [
        ({}, "red", Truth()),
        ({}, "0.10 m", Truth()),
        ({"kind": "", "value": "", "unit": None}, "red", Truth()),
        ({"kind": "Qualitative", "type": "left_of"}, "yes", Truth("qualitative", "left_of")),
        ({"value": 10, "unit": "cm"}, "a hand", Truth("quantitative", "", 0.1, "cm")),
        ({"value": "2.5e1", "unit": "Feet"}, "far", Truth("quantitative", "", 7.62, "ft")),
        ({"value": 2, "unit": "square meters"}, "2 m²", Truth("quantitative", "", 2.0, "m²")),
        ({"value": 3, "unit": "mm"}, "thin", Truth("quantitative", "", 0.003, "mm")),
        ({"value": -90, "unit": "°"}, "left", Truth("quantitative", "", -math.pi / 2, "degrees")),
        ({"value": np.float32(0.5), "unit": "m"}, "x", Truth("quantitative", "", 0.5, "m")),
        ({"kind": "quantitative"}, "12cm.", Truth("quantitative", "", 0.12, "cm")),
        ({"value": 0.26, "unit": "m"}, "1 foot", Truth("quantitative", "", 0.26, "m")),
        ({"value": math.nan}, "red", Truth()),
    ],
)
def test_columns_say_kind_type_and_value(
    columns: dict[str, Any], answer: str, truth: Truth
) -> None:
    found = read_truth(columns, answer)
    assert (found.kind, found.type, found.unit) == (truth.kind, truth.type, truth.unit)
    assert found.value == (None if truth.value is None else pytest.approx(truth.value))


@pytest.mark.parametrize(
    ("columns", "answer", "fault"),
    [
        ({"kind": "metric"}, "1 m", "unknown kind 'metric': there are qualitative, quantitative, "),
        ({"value": 1, "unit": "parsec"}, "far", "unknown unit 'parsec'"),
        ({"value": 1}, "1 m", "a value without a unit; a column that means something else is pass"),
        ({"unit": "m"}, "1", "a unit, 'm', without a value"),
        ({"value": math.inf, "unit": "m"}, "far", "value 'infinity' is no finite number"),
        ({"value": "nan", "unit": "m"}, "far", "value 'nan' is no finite number"),
        ({"value": "1e999", "unit": "m"}, "far", "value '1e999' is no finite number"),
        ({"value": "1_0", "unit": "m"}, "far", "value '1_0' is no finite number"),
        ({"value": True, "unit": "m"}, "far", "value 'yes' is no finite number"),
        ({"value": [1], "unit": "m"}, "far", "value 'list' is no finite number"),
        ({"value": 0, "unit": "m"}, "here", "0 m is no length that can be"),
        ({"value": -1, "unit": "m"}, "here", "-1 m is no length that can be"),
        ({"value": 1e60, "unit": "km"}, "far", "1e+60 km is no length that can be"),
        ({"value": 10, "unit": "m"}, "0.10 m", "its answer says 0.1 m, and its value is 10 m"),
        ({"value": 1, "unit": "m"}, "1 m^2", "its answer says 1 m^2, and its value is 1 m"),
        ({"kind": "quantitative"}, "far", "it is quantitative, but has no value, nor is its ans"),
        ({"kind": "general", "value": 1, "unit": "m"}, "1 m", "a value, but its kind is general"),
        ({"type": "x" * 81}, "red", "is no name of at most 80 characters"),
    ],
)
def test_what_cannot_be_is_named(columns: dict[str, Any], answer: str, fault: str) -> None:
    with pytest.raises(Fault) as raised:
        read_truth(columns, answer)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "value", "unit"),
    [
        ("0.10 m", 0.1, "m"),
        ("3 square feet", 3 * 0.3048**2, "ft²"),
        ("30 l", 0.03, "L"),
        ("30 degrees", None, ""),
        ("2 and 3 m", None, ""),
        ("about 2 m", None, ""),
        ("0 m", None, None),
    ],
)
def test_an_answer_that_is_a_length_is_one_on_request(
    answer: str, value: float | None, unit: str | None
) -> None:
    if unit is None:
        with pytest.raises(Fault):
            read_truth({}, answer, "auto")
        return
    found = read_truth({}, answer, "auto")
    assert (found.value, found.unit) == (None if value is None else pytest.approx(value), unit)
    assert found.kind == ("general" if value is None else "quantitative")
    assert read_truth({}, answer) == Truth()


def test_answers_that_say_a_number_are_told_from_others() -> None:
    said = ("5'7\"", "Two metres", "forty-two", "about one meter", "half a foot", "sixteen")
    assert all(map(says_number, said))
    others = ("a mug", "the left one", "one of them", "a canteen", "someone", "often")
    assert not any(map(says_number, others))


@hypothesis.given(
    st.dictionaries(
        st.sampled_from(["kind", "type", "value", "unit"]),
        st.none() | st.text() | st.floats() | st.integers() | st.booleans() | st.lists(st.none()),
    ),
    st.text(min_size=1) | st.from_regex(r"[0-9.]{1,20} ?(m|cm|ft|m2)", fullmatch=True),
    st.sampled_from(KIND_RULES),
)
def test_whatever_is_said_gives_a_truth_that_can_be_stored_or_a_fault(
    columns: dict[str, Any], answer: str, rule: Any
) -> None:
    try:
        found = read_truth(columns, answer, rule)
    except Fault:
        return
    assert (found.kind == "quantitative") == (found.value is not None) == bool(found.unit)
    assert found.value is None or np.isfinite(np.float32(found.value))


def test_several_questions_of_a_record_have_their_own_or_one_unit() -> None:
    record = {"question": ["wide?", "high?"], "answer": ["1 m", "x"], "value": [1, 2], "unit": "m"}
    read = PairReader().row(record, "id", "a.jpg")
    assert [pair.truth.value for pair in read.pairs] == [1.0, 2.0]
    record["value"] = [1]
    read = PairReader().row(record, "id", "a.jpg")
    assert [pair.truth.value for pair in read.pairs] == [1.0]
    assert read.faults == ("as many kinds, types, values and units as questions are wanted",)


def test_columns_have_other_names_or_none() -> None:
    record = {"question": "wide?", "answer": "1 m", "metres": 1.0, "in": "m", "kind": "photo"}
    fields = Fields(kind="-", value="metres", unit="in")
    read = PairReader(fields).row(record, "id", "a.jpg")
    assert read.pairs[0].truth == Truth("quantitative", "", 1.0, "m")
    assert read == SourceRow("id", "a.jpg", read.pairs)
