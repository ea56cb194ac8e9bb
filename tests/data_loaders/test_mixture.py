import numpy as np
import pytest

from data_loaders.errors import DataError
from data_loaders.mixture import example_weights, loss_token_shares, requested_shares


def test_shares_are_weights_scaled_to_one() -> None:
    assert requested_shares([1, 3]).tolist() == [0.25, 0.75]
    assert requested_shares([1, 0]).tolist() == [1, 0]
    for bad in ([0, 0], [1, -1], [1, float("nan")], [float("inf"), 1]):
        with pytest.raises(DataError, match="must be finite, none negative and one positive"):
            requested_shares(bad)


def test_shares_of_loss_tokens_are_corrected_for_how_long_answers_are() -> None:
    shares = np.array([0.5, 0.5])
    assert example_weights(shares, None).tolist() == [0.5, 0.5]
    # Rows of the first have three times the loss tokens: it needs a third of the rows.
    np.testing.assert_allclose(example_weights(shares, np.array([30.0, 10.0])), [0.25, 0.75])


def test_shares_of_rows_are_told_as_shares_of_loss_tokens() -> None:
    per_row = np.array([30.0, 10.0])
    np.testing.assert_allclose(loss_token_shares(np.array([0.5, 0.5]), per_row), [0.75, 0.25])
    asked = np.array([0.6, 0.4])
    weights = example_weights(asked, per_row)
    np.testing.assert_allclose(loss_token_shares(weights, per_row), asked)
