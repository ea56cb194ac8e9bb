"""What a model is asked of the things that questions name, and what it says of those not there."""

import dataclasses
import json
from collections.abc import Iterator

import jax
import pytest

import spatialvlm_jax
from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference import loaded_model
from spatialvlm_jax.inference.asked_questions import PutWords
from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import open_picture
from spatialvlm_jax.inference.putting import put_as_taught
from spatialvlm_jax.inference.sights import Sights, with_sight
from spatialvlm_jax.inference.spatial_answer import UNSURE, SpatialAnswer
from spatialvlm_jax.inference.ways import AskedOfPicture, QuestionWays
from spatialvlm_jax.reasoning.plan import reason
from spatialvlm_jax.taught import Taught, TaughtNames
from spatialvlm_jax.worlds.catalog import COLORS, KINDS
from tests.docs.commands import ROOT

PICTURE = ROOT / "docs" / "images" / "world_11.png"  # a gray sofa, no purple one
NAMES = TaughtNames(("ball", "sofa", "trash can"), ("red", "gray"))
COLORED = TaughtNames(("sofa",), ("red", "gray", "blue"))
TAUGHT = Taught({"existence": 3, "width": 3, "left_of": 3, "count": 3}, NAMES)
THERE, MISSING = "is the white chair to the left of the gray sofa?", "how wide is the purple sofa?"


@pytest.mark.parametrize(
    ("said", "scored"),
    [
        ("gray, so yes", ["gray, so yes", "gray, gray, so yes"]),
        (
            "red, so no",
            ["gray, so yes", "gray, red, so yes", "red, gray, so yes", "gray, gray, so yes"],
        ),
        ("yes, two", ["gray, so yes", "gray, gray, so yes", "yes, two"]),  # a yes of its own
        ("0.5 m", ["gray, so yes", "gray, gray, so yes"]),
        ("", ["gray, so yes", "gray, gray, so yes"]),
    ],
)
def test_affirmations_are_scored_that_what_was_said_leaves_likely(said, scored):
    (probe,) = Sights.of(["gray sofa"], dataclasses.replace(TAUGHT, names=COLORED)).probes.values()
    assert len(probe.affirmations) == 6  # two that are blue as well
    assert list(probe.likely(said)) == scored
    assert PutWords("is there a sofa?").likely(said) == ()


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("how wide is the red ball?", ("red ball",)),
        ("is the red Ball to the left of the grey sofa?", ("red ball", "gray sofa")),
        ("is there a red ball?", ()),
        ("how many red balls are there?", ()),
        ("how tall is the red ball?", ()),
        ("how wide is the red mug?", ()),
    ],
)
def test_questions_say_what_they_take_to_be_there(question, things) -> None:
    assert put_as_taught(question, TAUGHT).things == things


def test_each_thing_is_asked_for_once_with_the_ways_to_say_yes() -> None:
    sights = Sights.of(["gray trash can", "red ball", "ball", "gray trash can"], TAUGHT)
    assert dict(sights.probes) == {
        "gray trash can": PutWords(
            "is there a gray trash can?",
            ("gray, so yes", "gray, red, so yes", "red, gray, so yes", "gray, gray, so yes"),
        ),
        "red ball": PutWords(
            "is there a red ball?",
            ("red, so yes", "red, red, so yes", "red, gray, so yes", "gray, red, so yes"),
        ),
    }
    heard = [Heard("gray, so yes", confidence=0.9), Heard("gray, so no")]
    assert sights.seen(iter(heard)) == {"gray trash can": 0.9, "red ball": 0.0}


@pytest.mark.parametrize("taught", [None, Taught(TAUGHT.wordings), Taught({"width": 3}, NAMES)])
def test_nothing_is_asked_of_a_model_that_was_not_taught_it(taught) -> None:
    assert not Sights.of(["red ball"], taught).probes


def test_many_questions_about_few_things_ask_little_more() -> None:
    questions = [f"is the red ball {side} of the gray sofa?" for side in ["left"] * 16]
    ways = [QuestionWays.of(each, put_as_taught(each, TAUGHT), 1) for each in questions]
    assert len(AskedOfPicture.of(ways, TAUGHT, 0.1).asked) == 18
    assert len(AskedOfPicture.of(ways, TAUGHT, None).asked) == 16


def test_an_answer_about_what_is_not_there_says_so_and_has_no_value() -> None:
    answer = SpatialAnswer("how far?", "2 m", value=2.0, unit="m", interval=(1.0, 3.0), note="so")
    seen = {"red ball": 0.012344, "gray sofa": 0.5}
    assert with_sight(answer, ["mug"], seen, 0.1) == answer
    there = with_sight(answer, ["gray sofa"], seen, 0.1)
    assert there == dataclasses.replace(answer, seen=0.5)
    missing = with_sight(answer, ["gray sofa", "red ball"], seen, 0.1)
    assert missing == SpatialAnswer(
        "how far?",
        "I cannot see a red ball.",
        note="so; the model holds it 1.2 % probable that there is a red ball",
        seen=0.01234,
    )
    assert missing.is_unseen
    assert not missing.is_sure
    doubted = with_sight(answer, ["gray sofa", "red ball"], seen, 0.01)
    assert doubted == dataclasses.replace(answer, note=missing.note, seen=0.01234)
    both = with_sight(answer, ["gray sofa", "red ball"], seen, 0.6)
    assert both.text == "I cannot see a gray sofa or a red ball."


@pytest.fixture(scope="module")
def guarded(compile_quickly_rather_than_well: None) -> Iterator[LoadedModel]:
    """The shipped checkpoint, which looks for what it is asked about."""
    before = jax.config.values["jax_compilation_cache_dir"]
    model = spatialvlm_jax.load("small128")
    assert spatialvlm_jax.load("small128", unseen=True).least_seen is None
    assert (model.taught and model.taught.names) == TaughtNames(tuple(KINDS), COLORS)
    yield model
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture(scope="module")
def answers(guarded: LoadedModel) -> list[SpatialAnswer]:
    return guarded.ask(PICTURE, [THERE, MISSING, "how wide is the sofa?"], scored_values=0)


def test_the_shipped_model_does_not_measure_what_is_not_there(answers) -> None:
    there, missing, sofa = answers
    assert (there.verdict, there.is_sure) == ("yes", True)
    assert there.seen > 0.5
    assert missing.text == "I cannot see a purple sofa."
    assert (missing.value, missing.unit, missing.verdict) == (None, "", None)
    assert missing.seen < 0.02
    # Whether there is a sofa at all, in whatever color, was never taught.
    assert (sofa.value is not None, sofa.seen) == (True, None)


def test_it_measures_it_where_that_is_wished(guarded, answers) -> None:
    blind = dataclasses.replace(guarded, least_seen=None)
    found = blind.ask(PICTURE, [THERE, MISSING], scored_values=0)
    assert found[0] == dataclasses.replace(answers[0], seen=None, confidence=found[0].confidence)
    assert found[1].value > 0.5


def test_more_than_is_asked_at_once_is_asked_in_turns(guarded, answers, monkeypatch) -> None:
    monkeypatch.setattr(loaded_model, "MOST_QUESTIONS", 3)
    asked = [(open_picture(PICTURE), [THERE, MISSING])]
    ((there, missing),) = guarded.ask_each(asked, scored_values=0)
    assert (there.text, missing.text) == (answers[0].text, answers[1].text)
    assert missing.seen == pytest.approx(answers[1].seen, rel=0.05)


def test_the_command_says_what_it_cannot_see(guarded, capsys, monkeypatch) -> None:
    loads: list[tuple] = []

    def load(*where):
        loads.append(where)
        return guarded

    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", load)
    words = ["ask", str(PICTURE), MISSING, "--scored-values=0"]
    assert cli.main(words) == 0
    *table, empty, note, remedy = capsys.readouterr().out.splitlines()
    assert "I cannot see a purple sofa." in table[-1]
    assert not empty
    assert note.startswith(f'(1) "{MISSING}": the model holds it 0.')
    assert remedy == "--unseen asks about what the model cannot see all the same"
    assert cli.main([*words, "--json", "--unseen"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["answers"]
    assert answer["value"] is None
    assert 0 < answer["seen"] < 0.02
    assert loads == [("small128", "", False, False), ("small128", "", False, True)]


def test_names_that_no_file_can_hold_are_refused_and_others_are_told_in_one_line(
    guarded, capsys, monkeypatch
) -> None:
    with pytest.raises(UserError, match="a question is not in UTF-8"):
        guarded.ask(PICTURE, ["how wide is the \udcff\udcfe?"])
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: guarded)
    assert cli.main(["ask", str(PICTURE), "how wide is the mug\x1b[31m?"]) == 0
    *_, note, remedy = capsys.readouterr().out.splitlines()
    assert 'this model was not taught what "mug [31m" is' in note
    assert remedy.startswith("--untaught ")


def test_a_remedy_is_told_of_what_it_remedies(guarded, capsys, monkeypatch) -> None:
    note = "the model says '2 m', of the dimension length, where area is asked for"
    answer = SpatialAnswer("what is the area of the red ball?", UNSURE, note=note)
    monkeypatch.setattr(LoadedModel, "ask", lambda self, *asked, **how: [answer])
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: guarded)
    assert cli.main(["ask", str(PICTURE), "how wide is the red ball?"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f": {note}")


def test_a_plan_tells_which_of_its_things_is_not_there(guarded) -> None:
    question = "Which of the white chair and the purple sofa is nearest to the camera?"
    found = reason(question, lambda asked: guarded.ask(PICTURE, asked, scored_values=0))
    assert not found.conclusion.outcome
    (why,) = found.conclusion.reasoning
    begin, end = why.split(" (the model holds it ")
    assert begin == (
        "how far is the purple sofa from the camera? Refused: I cannot see a purple sofa"
    )
    assert end.endswith(" % probable that there is a purple sofa).")
