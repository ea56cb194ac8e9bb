import numpy as np
import pytest

from data_loaders.errors import DataError
from data_loaders.mixture import example_weights, requested_shares


def test_shares_are_weights_scaled_to_one() -> None:
    assert requested_shares([1, 3]).tolist() == [0.25, 0.75]
    for bad in ([1, 0], [1, -1], [1, float("nan")], [float("inf"), 1]):
        with pytest.raises(DataError, match="must be positive and finite"):
            requested_shares(bad)


def test_shares_of_loss_tokens_are_corrected_for_how_long_answers_are() -> None:
    shares = np.array([0.5, 0.5])
    assert example_weights(shares, None).tolist() == [0.5, 0.5]
    # Rows of the first have three times the loss tokens: it needs a third of the rows.
    np.testing.assert_allclose(example_weights(shares, np.array([30.0, 10.0])), [0.25, 0.75])
