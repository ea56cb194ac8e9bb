"""Who sees whom: the two attention rules.

A row is one image, then text: one or more segments, each a prefix and a suffix. In the matrices
below a row is a query, a column a key, 1 means "sees". `I` is an image token, `p` a prefix token,
`s` a suffix token, the digit its segment, `.` padding.

Rule "prefix" (PaliGemma): image and prefix see each other, the suffix is causal. Because the
image sees the prefix, a second segment would leak through it: one segment a row only.

            I  I p1 p1 s1 s1  .
        I   1  1  1  1  0  0  0
        I   1  1  1  1  0  0  0
        p1  1  1  1  1  0  0  0
        p1  1  1  1  1  0  0  0
        s1  1  1  1  1  1  0  0
        s1  1  1  1  1  1  1  0
        .   1  1  0  0  0  0  0

Rule "image_prefix": the image sees only itself, so it may be shared by many segments, each of which
sees the image and itself.

            I  I p1 s1 s1 p2 p2 s2
        I   1  1  0  0  0  0  0  0
        I   1  1  0  0  0  0  0  0
        p1  1  1  1  0  0  0  0  0
        s1  1  1  1  1  0  0  0  0
        s1  1  1  1  1  1  0  0  0
        p2  1  1  0  0  0  1  1  0
        p2  1  1  0  0  0  1  1  0
        s2  1  1  0  0  0  1  1  1

Image keys are visible to everyone, so only two blocks of the square need a mask, and the square is
never built: text queries on text keys (`text_mask`), and, under "prefix", image queries on text
keys (`image_text_mask`). Padding sees the image, which keeps its softmax finite, and no one sees
padding.
"""

import jax.numpy as jnp
from jaxtyping import Bool, Int32

from spatialvlm_jax.batch import Array
from spatialvlm_jax.experiment import AttentionRule


def text_mask(
    segment_ids: Int32[Array, "*texts L"], suffix_mask: Bool[Array, "*texts L"]
) -> Bool[Array, "*texts L L"]:
    """The text-text block, indexed [query, key], the same under both rules.

    Args:
      segment_ids: 0 is padding.
      suffix_mask: True on suffix tokens.
    """
    index = jnp.arange(segment_ids.shape[-1])
    same_segment = segment_ids[..., :, None] == segment_ids[..., None, :]
    valid_key = (segment_ids > 0)[..., None, :]
    prefix_key = ~suffix_mask[..., None, :]
    earlier_key = index[:, None] >= index[None, :]
    suffix_query = suffix_mask[..., :, None]
    return same_segment & valid_key & (prefix_key | (suffix_query & earlier_key))


def image_text_mask(
    rule: AttentionRule,
    segment_ids: Int32[Array, "*texts L"],
    suffix_mask: Bool[Array, "*texts L"],
) -> Bool[Array, "*texts 1 L"] | None:
    """Which text keys the image sees: its prefix under "prefix", none under "image_prefix".

    Args:
      rule: the attention rule.
      segment_ids: 0 is padding.
      suffix_mask: True on suffix tokens.

    Returns:
      The same for each image query, or None where the image sees no text.
    """
    if rule == "image_prefix":
        return None
    return ((segment_ids > 0) & ~suffix_mask)[..., None, :]
