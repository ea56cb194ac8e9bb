from spatialvlm_jax.evaluation.report import parameters

TEXT = """\
group    parameters  slot bytes    dtype
encoder      33,024         8 B  float32
total        33,024         8 B
a step computes 165 MFLOP forward
"""


def test_columns_and_notes_are_told_apart():
    table = parameters.read(TEXT)
    assert table is not None
    assert table.head == ("group", "parameters", "slot bytes", "dtype")
    assert table.rows == (
        ("encoder", "33,024", "8 B", "float32"),
        ("total", "33,024", "8 B", ""),
    )
    assert table.notes == ("a step computes 165 MFLOP forward",)


def test_a_text_without_a_table_is_notes_and_an_empty_one_nothing():
    assert parameters.read("plain  words\nof a person") == parameters.ParameterTable(
        (), (), ("plain  words", "of a person")
    )
    assert parameters.read("\n") is None
