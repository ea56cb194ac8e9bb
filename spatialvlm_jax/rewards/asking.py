"""A loaded model as one that is asked one question about many pictures."""

from collections.abc import Sequence

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.loaded_model import MOST_PICTURES, LoadedModel
from spatialvlm_jax.inference.picture import CameraFacts, Picture
from spatialvlm_jax.inference.spatial_answer import Doubt, SpatialAnswer
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.rewards.reading import AskPictures

# How wide the 90 % interval of a reading may be. What was fitted for answers refuses most frames
# that a curve is well read from, which weighs each by its spread.
MAX_SPREAD = 8.0


def asking_distance(
    model: LoadedModel,
    question: str,
    *,
    camera: CameraFacts,
    crop: Crop = WHOLE_FRAME,
    max_spread: float = MAX_SPREAD,
    wordings: int,
    scored_values: int,
) -> AskPictures:
    """Asks `question` about pictures side by side, up to 8 of them.

    Args:
      camera, wordings, scored_values: as `LoadedModel.ask` has them.
      crop: the part of each picture that is looked at; `camera` is that of the whole.
      max_spread: an answer whose 90 % interval spans a larger factor is none.

    Raises:
      UserError: the model was not taught such questions.
    """
    put = model.put(question)
    if put.words is None:
        raise UserError(f"{question!r}: {put.note}; --untaught asks it all the same")
    doubt = Doubt(max_spread, 0.0)

    def ask(pictures: Sequence[Picture]) -> Sequence[SpatialAnswer]:
        facts = camera
        if crop != WHOLE_FRAME:
            # What is told is of the whole picture, so it comes before the window is cut.
            pictures = [crop.of(model.tell(each, camera)) for each in pictures]
            facts = CameraFacts()
        # Filled up, so that one shape is compiled.
        filled = [*pictures, *[pictures[-1]] * (MOST_PICTURES - len(pictures))]
        found = model.ask_each(
            [(picture, [question]) for picture in filled],
            camera=facts,
            doubt=doubt,
            wordings=wordings,
            scored_values=scored_values,
        )
        return [answers[0] for answers in found[: len(pictures)]]

    return ask
