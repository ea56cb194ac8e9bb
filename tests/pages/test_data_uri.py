import base64
import io

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.pages.data_uri import data_uri


@pytest.mark.parametrize(("form", "off"), [("png", 0), ("jpeg", 8)])
def test_a_picture_comes_back(form, off):
    image = np.full((4, 6, 3), (200, 100, 50), np.uint8)
    head, _, data = data_uri(image, form).partition(",")
    assert head == f"data:image/{form};base64"
    read = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    np.testing.assert_allclose(read.astype(int), image, atol=off)
