"""How a loaded model is asked about frames: what it takes for too unsure, and what is passed on."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.loaded_model import MOST_PICTURES
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inference.putting import put_as_taught
from spatialvlm_jax.inference.spatial_answer import NEVER, Doubt
from spatialvlm_jax.rewards.asking import MAX_SPREAD, asking_distance
from spatialvlm_jax.rewards.crop import Crop
from spatialvlm_jax.taught import Taught
from tests.rewards.known import answer_of

FACTS = CameraFacts(fov=60.0)


@dataclasses.dataclass
class Asked:
    """A loaded model that keeps how it was asked."""

    doubt: Doubt
    taught: Taught | None = None

    def put(self, question):
        return put_as_taught(question, self.taught)

    def tell(self, picture, facts):
        return dataclasses.replace(picture, camera=facts.of(picture.camera))

    def ask_each(self, asked, **how):
        self.pictures = [picture for picture, _ in asked]
        self.how, self.count = how, len(asked)
        return [[how["doubt"](answer_of(picture.image, *words))] for picture, words in asked]


@pytest.mark.parametrize(("wanted", "spread"), [({}, MAX_SPREAD), ({"max_spread": 1.2}, 1.2)])
def test_doubt_is_what_is_wanted_whatever_was_fitted_for_answers(wanted, spread):
    model = Asked(Doubt(1.1))
    ask = asking_distance(model, "how far?", camera=FACTS, wordings=2, scored_values=64, **wanted)
    pictures = [open_picture(np.full((8, 8, 3), gray, np.uint8)) for gray in (250, 125)]
    answers = ask(pictures)
    assert model.count == MOST_PICTURES
    assert model.how == {
        "camera": FACTS,
        "doubt": Doubt(spread, 0.0),
        "wordings": 2,
        "scored_values": 64,
    }
    # Their intervals span a factor of 1.5.
    assert [each.value for each in answers] == ([None, None] if spread < 1.5 else [1.0, 0.5])


def test_of_a_window_the_camera_is_told_as_that_of_the_whole() -> None:
    model = Asked(NEVER)
    ask = asking_distance(
        model, "how far?", camera=FACTS, crop=Crop(0.5, 0.0, 1.0, 1.0), wordings=1, scored_values=0
    )
    ask([open_picture(np.full((16, 32, 3), 250, np.uint8))])
    assert model.how["camera"] == CameraFacts()
    assert model.pictures[0].image.shape == (16, 16, 3)
    # 32 pixels span 60 degrees, and their middle is the left edge of the window.
    intrinsics = model.pictures[0].camera.intrinsics
    np.testing.assert_allclose(intrinsics, [[27.713, 0, 0], [0, 27.713, 8], [0, 0, 1]], atol=1e-3)


def test_what_the_model_was_not_taught_is_told_before_any_frame_is_asked_about():
    model = Asked(NEVER, Taught({"distance": 3}))
    with pytest.raises(UserError, match="not taught questions of the type 'depth'; --untaught"):
        asking_distance(
            model,
            "how deep is the mug?",
            camera=FACTS,
            wordings=1,
            scored_values=0,
        )
