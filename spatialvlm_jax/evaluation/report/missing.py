"""Questions without a reply: figures count them as not answered, and whoever reads those is told.

A reply is missing where an endpoint stopped early or refused, or a file does not have it.
"""

from collections import Counter
from collections.abc import Sequence

from spatialvlm_jax.errors import one_line

NOT_ASKED = "not asked yet"
_REASONS = 3  # that are told
_SHOWN = 200  # characters of each


def describe_missing(failures: Sequence[str]) -> str:
    """ "7 of 18 questions have no reply and count as not answered (5: not asked yet; ...)".

    Args:
      failures: of each question why there is no reply, "" where there is one.

    Returns:
      "" where every question has one; an empty reply is one.
    """
    reasons = Counter(one_line(why)[:_SHOWN] for why in failures if why)
    if not reasons:
        return ""
    told = [f"{count:,}: {why}" for why, count in reasons.most_common(_REASONS)]
    if len(reasons) > _REASONS:
        told.append("other reasons")
    return (
        f"{reasons.total():,} of {len(failures):,} questions have no reply and count as not "
        f"answered ({'; '.join(told)})"
    )
