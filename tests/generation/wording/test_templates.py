import pytest

from spatialvlm_jax.generation.wording.frames import fill_frames
from spatialvlm_jax.generation.wording.templates import TEMPLATES, Wording, answer_template

# What the shipped weights were trained on: the first three questions and the first answer.
TRAINED: dict[str, tuple[tuple[str, ...], str]] = {
    "left_of": (
        (
            "is the {a} left of the {b}?",
            "Is the {a} to the left of the {b}?",
            "Does the {a} lie to the left of the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "right_of": (
        (
            "is the {a} right of the {b}?",
            "Is the {a} to the right of the {b}?",
            "Does the {a} lie to the right of the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "in_front_of": (
        (
            "is the {a} in front of the {b}?",
            "Is the {a} in front of the {b} as seen from here?",
            "Does the {a} stand in front of the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "behind": (
        (
            "is the {a} behind the {b}?",
            "Is the {a} behind the {b} as seen from here?",
            "Does the {a} stand behind the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "above": (
        (
            "is the {a} above the {b}?",
            "Is the {a} higher up than the {b}?",
            "Does the {a} sit above the level of the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "below": (
        (
            "is the {a} below the {b}?",
            "Is the {a} lower down than the {b}?",
            "Does the {a} sit below the level of the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "nearer": (
        (
            "is the {a} nearer than the {b}?",
            "Is the {a} nearer to the camera than the {b}?",
            "Is the {a} closer to us than the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "taller": (
        (
            "is the {a} taller than the {b}?",
            "Does the {a} have a taller build than the {b}?",
            "Would you say that the {a} is taller than the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "wider": (
        (
            "is the {a} wider than the {b}?",
            "Does the {a} have a wider body than the {b}?",
            "Would you say that the {a} is wider than the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "bigger": (
        (
            "is the {a} bigger than the {b}?",
            "Is the {a} larger than the {b}?",
            "Would you say that the {a} is bigger than the {b}?",
        ),
        "{short}, so {verdict}",
    ),
    "which_left": (
        (
            "which is further left, the {a} or the {b}?",
            "Which one is more to the left, the {a} or the {b}?",
            "Between the {a} and the {b}, which is on the left?",
        ),
        "{winner}",
    ),
    "which_nearer": (
        (
            "which is nearer, the {a} or the {b}?",
            "Which one is nearer to the camera, the {a} or the {b}?",
            "Between the {a} and the {b}, which is closer to us?",
        ),
        "{winner}",
    ),
    "which_taller": (
        (
            "which is taller, the {a} or the {b}?",
            "Which one is the taller of the two, the {a} or the {b}?",
            "Between the {a} and the {b}, which is taller?",
        ),
        "{winner}",
    ),
    "which_wider": (
        (
            "which is wider, the {a} or the {b}?",
            "Which one is the wider of the two, the {a} or the {b}?",
            "Between the {a} and the {b}, which is wider?",
        ),
        "{winner}",
    ),
    "where": (
        (
            "where is the {a} from the {b}?",
            "Where is the {a} relative to the {b}?",
            "Where does the {a} stand, as seen from the camera, with respect to the {b}?",
        ),
        "{direction}",
    ),
    "camera_distance": (
        (
            "how far is the {a} from the camera?",
            "How far away is the {a}?",
            "What is the distance from the camera to the {a}?",
        ),
        "{value}",
    ),
    "height": (
        (
            "how tall is the {a}?",
            "What is the height of the {a}?",
            "How high does the {a} reach from its bottom to its top?",
        ),
        "{value}",
    ),
    "width": (
        (
            "how wide is the {a}?",
            "What is the width of the {a}?",
            "How much does the {a} measure from its left to its right side?",
        ),
        "{value}",
    ),
    "distance": (
        (
            "how far is the {a} from the {b}?",
            "What is the gap between the {a} and the {b}?",
            "How far apart are the {a} and the {b} at their nearest points?",
        ),
        "{value}",
    ),
    "centre_distance": (
        (
            "how far is the center of the {a} from the center of the {b}?",
            "What is the distance between the centers of the {a} and the {b}?",
            "From center to center, how far is the {a} from the {b}?",
        ),
        "{value}",
    ),
    "horizontal_distance": (
        (
            "how far apart horizontally are the centers of the {a} and the {b}?",
            "What is the horizontal distance between the centers of the {a} and the {b}?",
            "Along the ground, how far is the center of the {a} from that of the {b}?",
        ),
        "{value}",
    ),
    "vertical_distance": (
        (
            "how far apart vertically are the centers of the {a} and the {b}?",
            "What is the vertical distance between the centers of the {a} and the {b}?",
            "What is the difference in level between the centers of the {a} and the {b}?",
        ),
        "{value}",
    ),
    "color": (
        (
            "what color is the {a}?",
            "What is the color of the {a}?",
            "Which color does the {a} have?",
        ),
        "{answer}",
    ),
    "material": (
        (
            "what is the {a} made of?",
            "What material is the {a} made of?",
            "Which material was used for the {a}?",
        ),
        "{answer}",
    ),
    "shape": (
        (
            "what shape is the {a}?",
            "What is the shape of the {a}?",
            "Which shape does the {a} have?",
        ),
        "{answer}",
    ),
    "category": (
        (
            "what is the {color} object?",
            "What kind of object is {color}?",
            "Which object here is {color}?",
        ),
        "{answer}",
    ),
    "count": (
        (
            "how many {plural} are there?",
            "How many {plural} can you see?",
            "How many {plural} are in the picture?",
        ),
        "{answer}",
    ),
    "existence": (
        (
            "is there {one}?",
            "Is there {one} in the picture?",
            "Can you see {one} here?",
        ),
        "{short}, so {verdict}",
    ),
    "on_what": (
        (
            "what is the {a} on?",
            "What does the {a} stand on?",
            "On what is the {a} placed?",
        ),
        "{answer}",
    ),
    "what_is_on": (
        (
            "what is on the {a}?",
            "What stands on the {a}?",
            "Which object is on top of the {a}?",
        ),
        "{answer}",
    ),
}


@pytest.mark.parametrize("name", TRAINED)
def test_words_that_weights_were_trained_on_stay_where_they_are(name: str) -> None:
    questions, answer = TRAINED[name]
    assert TEMPLATES[name].questions[:3] == questions
    assert TEMPLATES[name].answers[0] == answer


def test_frames_leave_objects_to_the_writer() -> None:
    frames = ("is the {a} <side> of the {b}?", "Is the {a} <far> <side>?")
    assert fill_frames(frames, side="left", far="too far") == (
        "is the {a} left of the {b}?",
        "Is the {a} too far left?",
    )


def test_no_frame_is_left_open() -> None:
    for name, wording in TEMPLATES.items():
        assert isinstance(wording, Wording)
        for text in (*wording.questions, *wording.answers):
            assert "<" not in text, name
            assert ">" not in text, name


def test_ids_name_templates() -> None:
    assert answer_template("height.a0") == "{value}"
    assert answer_template("which_left.r0") == "{short}, so the {winner}"
    for wrong in ("height.a99", "height.r0", "height.x0", "height.", "height"):
        with pytest.raises(ValueError, match=f"no answer template '{wrong}'"):
            answer_template(wrong)
