"""Mixing data sets by examples or by loss tokens."""

from collections.abc import Sequence

import numpy as np

from data_loaders.errors import DataError

CALIBRATION_EXAMPLES = 64


def requested_shares(weights: Sequence[float]) -> np.ndarray:
    """float64[D], weights scaled to sum to 1.

    Raises:
      DataError: a weight is negative or not finite, or all are 0.
    """
    array = np.asarray(weights, np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all() and array.any()):
        raise DataError(
            "weights of the mixture must be finite, none negative and one positive, not "
            f"{list(weights)}"
        )
    return array / array.sum()


def example_weights(shares: np.ndarray, loss_tokens_per_row: np.ndarray | None) -> np.ndarray:
    """float64[D], the share of rows that gives each data set its share.

    Args:
      shares: float64[D], requested.
      loss_tokens_per_row: float64[D], how many tokens with loss a row of each data set has on
        average, if shares are of loss tokens; None if they are of examples.
    """
    weights = shares if loss_tokens_per_row is None else shares / loss_tokens_per_row
    return weights / weights.sum()


def loss_token_shares(weights: np.ndarray, loss_tokens_per_row: np.ndarray) -> np.ndarray:
    """float64[D], the share of tokens with loss that each data set has on average.

    Args:
      weights: float64[D], the share of rows that each data set has.
      loss_tokens_per_row: float64[D], as in `example_weights`.
    """
    tokens = weights * loss_tokens_per_row
    return tokens / tokens.sum()
