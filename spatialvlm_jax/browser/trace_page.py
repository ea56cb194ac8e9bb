"""A page that shows how questions about a picture were reasoned out, and needs no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.browser.exact_truth import exact_conclusion, exact_part
from spatialvlm_jax.browser.shown_answers import ShownAnswer, shown_conclusion
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.card.drawing import (
    DARK,
    DRAWING_TEMPLATES,
    LIGHT,
    name_letters,
    picture,
)
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.pages.data_uri import data_uri, smaller
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.reasoning.exact_answers import stored_facts
from spatialvlm_jax.reasoning.eyes import Eyes
from spatialvlm_jax.reasoning.plan import Conclusion, ReasoningPlan
from spatialvlm_jax.reasoning.trace import Trace

_ASSETS = Path(__file__).parent / "assets"
_SIDE = 640  # pixels of the longer side of the picture, at most


def write_trace_page(path: Path, traces: Sequence[Trace], eyes: Eyes) -> None:
    """Writes the page; the same traces and picture give the same bytes.

    Beside each step stands what is exactly so, where the picture is of a stored world, and beside
    each conclusion what a plan makes of exact steps, where there is a plan: a conclusion that is
    off though its steps are not was reasoned wrongly.

    Args:
      traces: of questions about the picture.
    """
    facts = _facts(eyes)
    templates = load_templates(_ASSETS, DRAWING_TEMPLATES)
    page = templates.get_template("trace.html.jinja").render(
        answers=[_shown(trace, facts) for trace in traces],
        meta=traces[0].meta,
        notes=[],
        is_known=facts is not None,
        light=LIGHT,
        dark=DARK,
        **_picture(traces, eyes),
    )
    write_text(path, page)


def _facts(eyes: Eyes) -> SceneFacts | None:
    """What is exactly known of the picture, if it is of a rendered world."""
    try:
        return None if eyes.example is None else stored_facts(eyes.example)
    except ValueError:
        return None


def _shown(trace: Trace, facts: SceneFacts | None) -> ShownAnswer:
    meta = trace.meta
    interval = meta["interval"] and (meta["interval"][0], meta["interval"][1])
    conclusion = Conclusion(
        meta["ended"] or meta["text"],
        meta["outcome"],
        meta["value"],
        meta["unit"],
        meta["std"],
        interval,
        meta["probability"],
        tuple(trace.reasoning()),
    )
    answers = trace.answers()
    if facts is None:
        return shown_conclusion(trace.question, answers, conclusion, None)
    parts = [exact_part(answer.question, facts) for answer in answers]
    try:
        truth = exact_conclusion(ReasoningPlan.of(trace.question), facts)
    except UserError:  # no plan is known, and a language model made its own
        truth = None
    return shown_conclusion(trace.question, answers, conclusion, truth, parts)


def _picture(traces: Sequence[Trace], eyes: Eyes) -> dict[str, Any]:
    """The picture, with letters on what is asked about where it is known where that is."""
    if eyes.example is None:
        shown = data_uri(smaller(eyes.picture.image, _SIDE), "jpeg")
        return {"drawing": "", "picture": shown, "names": []}
    scene = eyes.example.scene()
    words = " ".join(trace.question for trace in traces).lower()
    captions = [item.caption.lower() for item in scene.objects]
    named = sorted((at, i) for i, name in enumerate(captions) if (at := words.find(name)) >= 0)
    asked = [index for _, index in named]
    drawing = picture(scene, asked, _SIDE)
    return {"drawing": drawing, "picture": "", "names": name_letters(scene, asked)}
