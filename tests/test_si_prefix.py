import pytest

from spatialvlm_jax.si_prefix import with_prefix


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.7, "1 kB"),
        (1_234_567, "1.23 MB"),
        (2.371e9, "2.37 GB"),
        (999_600_000, "1 GB"),
        (5e15, "5 PB"),
    ],
)
def test_numbers_have_three_digits(number: float, text: str) -> None:
    assert with_prefix(number, "B") == text
