"""What breaking composed questions up is worth: by kind, beside asking them directly.

    spatialvlm generate --composed --preset=clear --image-size=128 --seed=9000 \\
      --split=validation=200 --out=runs/data/composed
    python benchmarks/reasoning.py runs/data/composed --json=reasoning.json
    python benchmarks/reasoning.py runs/data/composed --guarded --json=guarded.json

Asks the composed questions that are stored about worlds. Of each kind, the share that is right:

* best constant: the answer that is most often right, whatever the picture;
* direct: the model is asked the composed question itself, and its words are read;
* chain of thought: the model is asked the plan's sub-questions;
* exact: the plan is given exact sub-answers, so that what is wrong here is the plan's fault.

A quantity is right within 25 % of the truth. Intervals hold 95 %; answers about one picture are
one cluster. The model is asked as by --untaught --unseen: it answers whatever it is asked. With
--guarded it is asked as `spatialvlm reason` asks it unless told otherwise, and what it declines
or holds not to be in the picture is not right.
"""

import argparse
import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import spatialvlm_jax
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.baselines import best_length
from spatialvlm_jax.evaluation.statistics.clusters import clustered_mean
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.inference.spatial_answer import NEVER, SpatialAnswer
from spatialvlm_jax.reasoning.exact_answers import answer_exactly, stored_facts
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split
from spatialvlm_jax.text_table import align_columns, markdown_table
from spatialvlm_jax.units import BARE

WITHIN = (0.75, 1.25)
WAYS = ("constant", "direct", "chain", "exact")
Ask = Callable[[Sequence[str]], Sequence[SpatialAnswer]]


@dataclasses.dataclass(frozen=True)
class Marked:
    """A composed question, the image it is about, and whether each way answers it rightly.

    outcome, value: the truth, as a plan's conclusion has them; "" and NaN for none.
    """

    image: int
    kind: str
    outcome: str
    value: float
    right: dict[str, bool]


def is_right(truth: tuple[str, float], outcome: str, value: float | None) -> bool:
    """Whether a choice is the true one, or a quantity close to it."""
    if truth[0]:
        return outcome == truth[0]
    return value is not None and bool(
        metrics.within(np.array([value]), np.array([truth[1]]), WITHIN)[0]
    )


def read_direct(plan: ReasoningPlan, answer: SpatialAnswer) -> tuple[str, float | None]:
    """The outcome and the value that the words of a direct answer state; "" and None for none."""
    if plan.kind.dimension:
        is_such = answer.unit == BARE[plan.kind.dimension]
        return "", answer.value if is_such else None
    if answer.verdict in ("yes", "no"):
        return answer.verdict, None
    return read_outcome(plan, answer.text), None


def read_outcome(plan: ReasoningPlan, text: str) -> str:
    """The outcome of a choice that a text states, by the places of the objects; "" for none."""
    text = text.lower()
    if text in ("yes", "no"):
        return text
    words = re.findall(r"\w+", text)
    if plan.kind.name == "turn":
        sides = {word for word in words if word in ("left", "right")}
        return sides.pop() if len(sides) == 1 else ""
    if plan.kind.name == "in_a_row":
        numbers = [word for word in words if word.isdigit()]
        return str(int(numbers[0])) if len(numbers) == 1 else ""
    found = {place: text.find(name.lower()) for place, name in enumerate(plan.sentence.objects)}
    named = sorted((at, place) for place, at in found.items() if at >= 0)
    places = [place for _, place in named]
    if plan.kind.name == "pair":
        places.sort()
    return "-".join(map(str, places))


def mark_image(image: int, facts: SceneFacts, composed: Sequence[QA], ask: Ask) -> list[Marked]:
    """Asks all composed questions about an image at once, and marks the answers."""
    plans = [ReasoningPlan.of(each.question) for each in composed]
    wanted = [each.question for each in composed]
    wanted += [words for plan in plans for words in plan.questions]
    said = list(ask(wanted)) if wanted else []
    direct, rest = said[: len(composed)], said[len(composed) :]
    found = []
    for each, plan, answer in zip(composed, plans, direct, strict=True):
        truth = (read_outcome(plan, each.verdict) if each.verdict else "", each.value)
        own, rest = rest[: len(plan.questions)], rest[len(plan.questions) :]
        chain = plan.conclude(own)
        exact = plan.conclude([a for sub in plan.sub_questions for a in answer_exactly(facts, sub)])
        right = {
            "direct": is_right(truth, *read_direct(plan, answer)),
            "chain": is_right(truth, chain.outcome, chain.value),
            "exact": is_right(truth, exact.outcome, exact.value),
        }
        found.append(Marked(image, each.type, *truth, right))
    return found


def with_constant(marked: Sequence[Marked]) -> list[Marked]:
    """The marks of one kind with those of the constant that is most often right."""
    common = Counter(each.outcome for each in marked).most_common(1)[0][0]
    value = None if common else best_length(np.array([each.value for each in marked]), WITHIN)[0]

    def is_hit(each: Marked) -> bool:
        return is_right((each.outcome, each.value), common, value)

    return [
        dataclasses.replace(each, right={"constant": is_hit(each), **each.right}) for each in marked
    ]


def figures(marked: Sequence[Marked]) -> dict[str, Any]:
    """By kind and way: share right, its interval; questions and images.

    "is_above": whether the interval of the chain of thought is above the figures of both the best
    constant and asking directly.
    """
    by_kind: dict[str, list[Marked]] = defaultdict(list)
    for each in marked:
        by_kind[each.kind].append(each)
    marked_kinds = {kind: with_constant(of_kind) for kind, of_kind in sorted(by_kind.items())}
    everything = [each for of_kind in marked_kinds.values() for each in of_kind]
    found = {}
    for kind, of_kind in {**marked_kinds, "all": everything}.items():
        clusters = np.array([each.image for each in of_kind])
        ways: dict[str, Any] = {}
        for way in WAYS:
            mean = clustered_mean(np.array([each.right[way] for each in of_kind], float), clusters)
            ways[way] = {"value": mean.value, "ci95": list(mean.share_interval())}
        counts = {"count": len(of_kind), "images": len(set(clusters.tolist()))}
        others = max(ways["constant"]["value"], ways["direct"]["value"])
        found[kind] = {**counts, **ways, "is_above": ways["chain"]["ci95"][0] > others}
    return found


def table(found: dict[str, Any]) -> list[Sequence[str]]:
    """Rows for people, the head first."""
    rows: list[Sequence[str]] = [
        ("kind", "questions", "best constant", "direct", "chain of thought", "above both", "exact")
    ]
    for kind, ways in found.items():
        constant, direct, chain = (_with_interval(ways[way]) for way in WAYS[:3])
        exact = f"{100 * ways['exact']['value']:.0f} %"
        is_above = "yes" if ways["is_above"] else "no"
        rows.append((kind, str(ways["count"]), constant, direct, chain, is_above, exact))
    return rows


def _with_interval(share: dict[str, Any]) -> str:
    low, high = (f"{100 * end:.0f}" for end in share["ci95"])
    return f"{100 * share['value']:.0f} % ({low}-{high})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a stored data set with composed questions")
    parser.add_argument("--split", default="validation", help="default: %(default)s")
    parser.add_argument("--images", type=int, help="at most so many of its images (all)")
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    help_text = "let the model decline, and say what it cannot see, as `spatialvlm reason` does"
    parser.add_argument("--guarded", action="store_true", help=help_text)
    help_text = "print the table in Markdown"
    parser.add_argument("--markdown", action="store_true", help=help_text)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    is_open = not args.guarded
    model = spatialvlm_jax.load(args.model, untaught=is_open, unseen=is_open)
    stored = open_split(args.data, args.split)
    marked = []
    for index in tqdm(range(min(args.images or len(stored), len(stored))), unit="image"):
        example = StoredExample(stored[index])
        image = example.image()

        def ask(questions: Sequence[str], image: np.ndarray = image) -> list[SpatialAnswer]:
            return model.ask(image, questions, doubt=NEVER)

        composed = [pair for pair in example.pairs() if pair.kind == "composed"]
        marked += mark_image(index, stored_facts(example), composed, ask)
    if not marked:
        parser.error(
            f"{args.data} has no composed questions: make a set by spatialvlm generate --composed"
        )
    found = figures(marked)
    rows = table(found)
    print(markdown_table(rows) if args.markdown else "\n".join(align_columns(rows, rule=True)))
    if args.json:
        write_json(args.json, found)


if __name__ == "__main__":
    main()
