import pytest

from spatialvlm_jax.evaluation.probes import add_probes
from spatialvlm_jax.evaluation.scorer import ALL_FIGURES, Scorer
from spatialvlm_jax.scene.records import QA


def answers(*pairs):
    scorer = Scorer()
    for record, said in pairs:
        scorer.add(record, said, "image", "worlds")
    return scorer.answers()


def left(verdict):
    return QA("Is the mug left of it?", verdict, "left_of", "qualitative", verdict=verdict)


def which(verdict="mug"):
    question = "Which is taller, the mug or the lamp?"
    return QA(question, verdict, "which_taller", "qualitative", verdict=verdict)


FAR = QA("How far?", "2 m", "distance", "quantitative", value=2.0, unit="m")


def test_figures_of_probes_stand_beside_those_of_the_model():
    asked = answers((FAR, "2 m"), (left("yes"), "yes"))
    blind = answers((FAR, "9 m"), (left("yes"), "yes"))
    summary = add_probes(Scorer().summary(), [], {}, ALL_FIGURES)
    assert "blind" not in summary["within_25"]
    before = {"within_25": {"value": 1.0}, "qualitative_accuracy": {"value": 1.0}}
    summary = add_probes(before, asked, {"blind": blind, "other_picture": asked}, ALL_FIGURES)
    assert summary == {
        "within_25": {"value": 1.0, "blind": 0.0, "other_picture": 1.0},
        "qualitative_accuracy": {"value": 1.0, "blind": 1.0, "other_picture": 1.0},
    }
    assert before["within_25"] == {"value": 1.0}


@pytest.mark.parametrize(
    ("first", "turned", "consistent"),
    [
        ((left("yes"), "yes"), (left("no"), "no"), True),
        ((left("yes"), "no"), (left("no"), "yes"), True),
        ((left("yes"), "yes"), (left("no"), "yes"), False),
        ((left("yes"), "perhaps"), (left("no"), "no"), False),
        ((which(), "the lamp"), (which(), "the lamp"), True),
        ((which(), "the lamp"), (which(), "the mug"), False),
        ((FAR, "9 m"), (FAR, "9.5 m"), True),
        ((FAR, "2 m"), (FAR, "3 m"), False),
        ((FAR, "2 m"), (FAR, "far"), False),
    ],
)
def test_consistent_is_what_can_hold_of_both_right_or_wrong(first, turned, consistent):
    summary = add_probes({}, answers(first), {"swap": answers(turned)}, ALL_FIGURES)
    figure = summary["swap_consistency"]
    assert (figure["value"], figure["count"]) == (float(consistent), 1)
    assert summary[f"swap_consistency/{first[0].type}"]["value"] == float(consistent)
