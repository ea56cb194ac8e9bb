"""The shipped model asked about a picture of the README, and places that models come from."""

import dataclasses
import json
import runpy
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image

import spatialvlm_jax
from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import (
    DataConfig,
    DecoderConfig,
    EncoderConfig,
    EvalConfig,
    Experiment,
    ModelConfig,
)
from spatialvlm_jax.inference.image_encodings import ImageEncodings
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inference.spatial_answer import NEVER, UNSURE, Doubt
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.models.checkpoint_file import save_safetensors, shipped
from spatialvlm_jax.models.score import encode_images
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.state import ModelTemplate
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles
from tests.docs.commands import ROOT, blocks

PICTURE = ROOT / "docs" / "images" / "world_11.png"
WIDTH = "how wide is the blue ball?"
ASKED = (WIDTH, "is the white chair to the left of the gray sofa?", "What color is the sofa?")


@pytest.fixture(scope="module", autouse=True)
def compile_without_a_cache_and_quickly(compile_quickly_rather_than_well: None) -> Iterator[None]:
    """Leaves the other tests' process as it was."""
    before = jax.config.values["jax_compilation_cache_dir"]
    yield
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture(scope="module")
def small() -> LoadedModel:
    return spatialvlm_jax.load("small")


@pytest.fixture(scope="module")
def answers(small: LoadedModel) -> list:
    return small.ask(PICTURE, ASKED)


def test_a_quantity_comes_with_what_else_it_may_be(answers) -> None:
    width, *others = answers
    assert width.text == "0.32 m"
    assert width.unit == "m"
    low, high = width.interval
    # The geometry that drew the picture says 0.37 m.
    assert low < 0.37 < high
    assert low < width.value < high
    assert 0 < width.std < high
    assert width.verdict is width.confidence is None
    assert all(answer.value is None and answer.unit == "" for answer in others)


def test_a_choice_comes_with_its_probability(answers) -> None:
    choice, words = answers[1:]
    assert (choice.text, choice.verdict) == ("left, so yes", "yes")
    assert 0.9 < choice.confidence <= 1
    assert (words.text, words.verdict) == ("gray", None)
    assert 0.5 < words.confidence <= 1


def test_an_answer_does_not_depend_on_what_else_is_asked(small, answers) -> None:
    image = np.asarray(Image.open(PICTURE).convert("RGB"))
    other, width = small.ask(image, [ASKED[2], WIDTH], doubt=Doubt(spread=1.01))
    assert (other.text, width.text) == (answers[2].text, UNSURE)
    assert width.interval == pytest.approx(answers[0].interval, rel=1e-3)


def test_pictures_of_several_people_are_asked_side_by_side(small, answers) -> None:
    picture = open_picture(PICTURE)
    mirrored = open_picture(np.ascontiguousarray(picture.image[:, ::-1]))
    asked = [(picture, ASKED[1:]), (mirrored, ASKED[1:2])]
    (left, color), (mirrored_left,) = small.ask_each(asked, scored_values=0)
    assert (left.question, color.question) == ASKED[1:]
    assert (left.text, color.text) == (answers[1].text, answers[2].text)
    assert color.confidence == pytest.approx(answers[2].confidence, rel=1e-2)
    assert (left.verdict, mirrored_left.verdict) == ("yes", "no")
    (worded,) = small.ask(picture, ASKED[1], wordings=2, scored_values=0)
    ((each,),) = small.ask_each([(picture, ASKED[1:2])], wordings=2, scored_values=0)
    assert each.confidence == pytest.approx(worded.confidence, rel=1e-3)
    assert each.confidence != pytest.approx(left.confidence, rel=1e-9)
    # 64 pixels in patches of 8 make 64 tokens.
    assert small.count_tokens(picture, ASKED[2]) > 64


def test_words_and_likelihoods_alone_are_those_of_answers(small, answers) -> None:
    picture = open_picture(PICTURE)
    asked = [(picture, ASKED[1:]), (picture, ASKED[1:2])]
    words = small.reply_each(asked)
    assert words == [[each.text for each in answers[1:]], [answers[1].text]]
    assert small.reply_each(asked[1:], max_tokens=1)[0][0] in answers[1].text
    choices = (ASKED[1], ("right, so no", "left, so yes"))
    ((scores,), (same, color)) = small.score_each(
        [(picture, [choices]), (picture, [choices, (ASKED[2], ("gray",))])]
    )
    assert scores[1] > scores[0] + 2
    assert same == pytest.approx(scores, abs=1e-2)
    assert np.exp(color[0]) == pytest.approx(answers[2].confidence, rel=1e-2)


def test_words_are_drawn_by_the_seed_of_a_question_whatever_is_asked_beside(small) -> None:
    picture = open_picture(PICTURE)
    hot = {"temperature": 3.0}
    ((one, two),) = small.reply_each([(picture, [ASKED[1]] * 2)], seeds=[[5, 6]], **hot)
    assert one != two
    rows = [(picture, [ASKED[2]]), (picture, [ASKED[0], ASKED[1], ASKED[1]])]
    (_, (_, same, other)) = small.reply_each(rows, seeds=[[1], [2, 6, 7]], **hot)
    assert same == two
    assert other != same


def test_nothing_that_is_asked_has_no_answer_and_too_much_is_refused(small) -> None:
    picture = open_picture(PICTURE)
    for ask in (small.ask_each, small.reply_each, small.score_each):
        assert ask([]) == []
        assert ask([(picture, []), (picture, [])]) == [[], []]
    assert small.ask(picture, []) == []
    with pytest.raises(UserError, match="33 at once: ask about at most 32"):
        small.reply_each([(picture, [WIDTH] * 33)])
    with pytest.raises(UserError, match="9 at once: ask about at most 8"):
        small.ask_each([(picture, [WIDTH])] * 9)


def test_weights_are_told_from_others(small) -> None:
    assert dataclasses.replace(small, temperature=2.0).digest == small.digest
    assert len(small.digest) == 32
    graph, state = nnx.split(small.model)
    changed = jax.tree.map(lambda x: x * 1.001, state)
    assert dataclasses.replace(small, model=nnx.merge(graph, changed)).digest != small.digest


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("  \n", "a question is empty"),
        ("how far? " * 600, "tokens, and at most 1536 can be asked"),
        ("\udcff", "not in UTF-8"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(small, question, said) -> None:
    with pytest.raises(UserError, match=said):
        small.ask(PICTURE, question)


def test_too_few_values_to_see_a_narrow_distribution_are_refused(small) -> None:
    with pytest.raises(UserError, match="scored_values=31: take at least 32, or 0"):
        small.ask(PICTURE, WIDTH, scored_values=31)
    with pytest.raises(UserError, match="scored_values=3: take at least 32, or 0"):
        small.ask_each([(open_picture(PICTURE), [WIDTH])], scored_values=3)


def test_a_model_that_is_not_told_of_cameras_does_not_pass_over_them(small) -> None:
    with pytest.raises(
        UserError, match=r"camera's height does not reach this model \(data.camera=n"
    ):
        small.ask(PICTURE, WIDTH, camera=CameraFacts(height=1.5))


def test_what_was_not_taught_is_not_asked_and_other_wordings_are_put_in_taught_ones(
    small, answers
) -> None:
    picture = open_picture(PICTURE)
    asked = ["How deep is the sofa?", "How wide would you say the blue ball is?", "blah blah"]
    depth, width, words = small.ask(picture, asked)
    assert (depth.text, depth.value, depth.interval) == (UNSURE, None, None)
    assert depth.note == "this model was not taught questions of the type 'depth'"
    assert width.question == asked[1]
    assert width.interval == pytest.approx(answers[0].interval, rel=1e-3)
    assert (
        width.note == "asked as 'how wide is the blue ball?', a wording that the model was taught"
    )
    assert words.is_sure
    assert words.note.startswith("this is no wording that the model was taught")
    assert {each.note for each in answers} == {""}
    # A picture about which nothing is put takes no room beside the others.
    several = [(picture, asked[:1]), (picture, [*asked[:1], ASKED[2]]), (picture, [])]
    first, (other, color), none = small.ask_each(several, scored_values=0)
    assert (first, other, none) == ([depth], depth, [])
    assert color.text == answers[2].text
    assert small.ask(picture, asked[0]) == [depth]


def test_a_picture_that_was_asked_about_is_not_encoded_again(small, monkeypatch) -> None:
    model = dataclasses.replace(small, encodings=ImageEncodings())
    bare = dataclasses.replace(small, encodings=ImageEncodings(0))
    encoded: list[int] = []

    def counting(model, squares, rays):
        encoded.append(len(squares))
        return encode_images(model, squares, rays)

    monkeypatch.setattr("spatialvlm_jax.inference.loaded_model.encode_images", counting)
    first = model.ask(PICTURE, ASKED[1:], scored_values=0)
    assert encoded == [1]
    assert model.ask(PICTURE, ASKED[1:], scored_values=0) == first
    picture = open_picture(PICTURE)
    mirrored = open_picture(np.ascontiguousarray(picture.image[:, ::-1]))
    several = [(mirrored, ASKED[1:2]), (picture, ASKED[1:]), (mirrored, ASKED[2:])]
    found = model.ask_each(several, scored_values=0)
    assert encoded == [1, 1]  # the mirrored one, once
    assert [each.text for each in found[1]] == [each.text for each in first]
    assert bare.ask(PICTURE, ASKED[1:], scored_values=0) == first
    assert bare.ask(PICTURE, ASKED[1:], scored_values=0) == first
    assert encoded == [1, 1, 1, 1]
    # What was made of it is another model: it does not see by the first one's eyes.
    definition, state = nnx.split(model.model)
    blank = nnx.merge(definition, jax.tree.map(jnp.zeros_like, state))
    other = dataclasses.replace(model, model=blank).ask(PICTURE, ASKED[1:], scored_values=0)
    assert encoded == [1, 1, 1, 1, 1]
    assert other != first


def test_what_was_not_taught_is_asked_where_that_is_wished(small) -> None:
    wished = dataclasses.replace(small, untaught=True)
    asked = ["How deep is the sofa?", "How wide would you say the blue ball is?"]
    depth, width = wished.ask(PICTURE, asked)
    assert depth.is_sure
    assert depth.note.startswith("this model was not taught questions of the type 'depth': nothing")
    assert width.note.startswith("this is no wording")
    silent = dataclasses.replace(small, taught=None).ask(PICTURE, asked)
    assert silent == [dataclasses.replace(each, note="") for each in (depth, width)]


def test_the_command_tells_what_it_did_not_ask(small, capsys, monkeypatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: small)
    assert cli.main(["ask", str(PICTURE), "How deep is the sofa?", ASKED[2]]) == 0
    *_, first, last, empty, note, remedy = capsys.readouterr().out.splitlines()
    assert first.endswith("I can't tell. (1)")
    assert "gray" in last
    assert "(" not in last
    assert not empty
    assert note.startswith('(1) "How deep is the sofa?": this model was not taught')
    assert remedy.startswith("--untaught ")


def test_the_command_prints_a_note_once(small, capsys, monkeypatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: small)
    asked = ["How deep is the sofa?", "how deep is the ball?"]
    assert cli.main(["ask", str(PICTURE), *asked]) == 0
    *_, empty, note, _ = capsys.readouterr().out.splitlines()
    assert not empty
    assert note == (
        '(1) "How deep is the sofa?", "how deep is the ball?": '
        "this model was not taught questions of the type 'depth'"
    )


def test_the_command_takes_questions_too_long_for_a_name_and_no_files(
    small, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: small)
    assert cli.main(["ask", str(PICTURE), f"How deep is the {'very ' * 60}soft sofa?"]) == 0
    assert "was not taught questions of the type 'depth'" in capsys.readouterr().out
    assert cli.main(["ask", str(PICTURE), str(PICTURE)]) == 2
    assert "is a file, not a question" in capsys.readouterr().err
    assert cli.main(["ask", str(PICTURE), "How deep is the sofa?", " "]) == 2
    assert "question 2 of 2 is empty" in capsys.readouterr().err


def test_the_command_prints_one_json_object(small, answers, capsys, monkeypatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: small)
    words = ["ask", str(PICTURE), *ASKED]
    assert cli.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [answer["text"] for answer in found["answers"]] == [each.text for each in answers]
    first = found["answers"][0]
    assert first["interval"] == pytest.approx(list(answers[0].interval))
    assert {"value", "unit", "std", "verdict"} < first.keys()
    assert cli.main(words) == 0
    head, _, width, choice, _ = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["question", "answer", "value"]
    assert " m  " in width.removeprefix(WIDTH)
    assert choice.endswith("%")


def test_composed_questions_are_answered_by_simple_ones(small, capsys, monkeypatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: small)
    question = "Which of the blue ball and the gray sofa is nearest to the camera?"
    assert cli.main(["reason", str(PICTURE), question, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["reasoned"]
    assert found["text"] == "the blue ball"
    assert 0.5 < found["probability"] < 1
    assert all(answer["interval"] for answer in found["sub_answers"])


def test_the_python_of_the_page_on_reasoning_runs(small, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(spatialvlm_jax, "load", {"small128": small}.get)
    page = ROOT / "docs" / "reasoning.md"
    (block,) = [each for each in blocks(page) if each.language == "python"]
    (tmp_path / "snippet.py").write_text(block.text)
    conclusion = runpy.run_path(str(tmp_path / "snippet.py"))["path"].conclusion
    low, high = conclusion.interval
    assert 1 < low < conclusion.value < high < 4


def test_the_python_of_the_page_runs(small, answers, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(spatialvlm_jax, "load", {"small128": small}.get)
    (block,) = [each for each in blocks(ROOT / "docs" / "asking.md") if each.language == "python"]
    (tmp_path / "snippet.py").write_text(block.text)
    known = runpy.run_path(str(tmp_path / "snippet.py"))
    assert known["width"].interval == pytest.approx(answers[0].interval, rel=1e-3)
    assert known["color"].text == "gray"


def test_a_model_comes_with_what_was_fitted_for_its_weights(small, tmp_path) -> None:
    experiment = dataclasses.asdict(small.experiment)
    (tmp_path / "config.json").write_text(json.dumps(experiment))
    weights = shipped("small").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights)
    calibration = {"step": 523, "answer_temperature": 1.25, "answer_spread": 1.5}
    (tmp_path / "calibration.json").write_text(json.dumps(calibration))
    loaded = spatialvlm_jax.load(tmp_path)
    assert loaded.temperature == 1.25
    assert loaded.doubt == Doubt(spread=1.5, confidence=0.0)
    assert small.doubt == NEVER
    (tmp_path / "calibration.json").unlink()
    header = {"answer_spread": "far"}
    save_safetensors(
        tmp_path / "a.safetensors", small.model, SafetensorFiles(shipped("small")).metadata | header
    )
    with pytest.raises(UserError, match="has answer_spread 'far', not a number above zero"):
        spatialvlm_jax.load(tmp_path / "a.safetensors")
    assert loaded.tokenizer.digest == small.tokenizer.digest


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("smal", 'no shipped checkpoint "smal"; there are: small'),
        ("hf://google/paligemma", "read from local files only"),
        ("", "no model is named"),
        ("{}/nope", "does not exist"),
        ("{}", "neither a run's workdir nor a PaliGemma's folder"),
        ("{}/cut.safetensors", "cannot read the weight file"),
        ("{}/a.npz", r"is a \.safetensors of a run"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(tmp_path, where, said) -> None:
    (tmp_path / "cut.safetensors").write_bytes(b"cut")
    (tmp_path / "a.npz").write_bytes(b"cut")
    with pytest.raises(UserError, match=said) as caught:
        spatialvlm_jax.load(where.format(tmp_path))
    assert "\n" not in str(caught.value)


def test_what_is_known_of_the_camera_reaches_a_model_that_is_told() -> None:
    experiment = Experiment(
        model=ModelConfig(
            encoder=EncoderConfig(16, 8, width=16, depth=1, heads=2, mlp_width=32),
            decoder=DecoderConfig(width=16, depth=1, heads=2, head_size=8, mlp_width=32),
        ),
        data=DataConfig(camera="rays"),
        eval=EvalConfig(max_answer_tokens=2),
    )
    template = ModelTemplate.of(lambda: VLM.of(experiment))
    rng = np.random.default_rng(0)
    arrays = {
        name: jnp.asarray(rng.normal(size=x.shape), x.dtype) for name, x in template.shapes.items()
    }
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    model = LoadedModel(template.model(arrays), experiment, tokenizer)
    image = rng.integers(0, 255, (20, 30, 3), np.uint8)
    untold, high, told = (
        model.ask(image, "how wide?", camera=facts, scored_values=0)[0].confidence
        for facts in (CameraFacts(), CameraFacts(height=1.5), CameraFacts(60.0, 1.5, 10.0))
    )
    assert len({untold, high, told}) == 3
    bare = dataclasses.replace(model, encodings=ImageEncodings(0))
    for facts, known in ((CameraFacts(), untold), (CameraFacts(height=1.5), high)):
        for each in (model, bare):
            (again,) = each.ask(image, "how wide?", camera=facts, scored_values=0)
            assert again.confidence == known
    with pytest.raises(UserError, match="pitch does not reach .*leave it out, or say its fov too"):
        model.ask(image, "how wide?", camera=CameraFacts(pitch=10.0))
