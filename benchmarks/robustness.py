"""How true the answers are that photos get, when the experts err: judged against exact scenes.

    python benchmarks/robustness.py                  # the table of docs/robustness.md
    python benchmarks/robustness.py --scenes=50 --json=robustness.json

Rendered scenes go the whole way of photos: stand-in experts with errors of a known size, lifting,
ambiguity, questions. Gravity is not given. Every spatial answer is then judged by the exact scene
behind the photo: objects are matched by their masks, relations are true where the sign of the exact
difference says so, without margin, and numbers are compared with the exact ones.
"""

import argparse
import collections
import dataclasses
import math
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.judging import (
    exact_value,
    exact_word,
    judge_relation,
    judge_threshold,
    matches,
    meant_by,
)
from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts, rendered_photos
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.questions.generate import REGISTRY, QAConfig
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Scene
from spatialvlm_jax.worlds.config import WorldConfig

DEPTH = NoiseConfig(depth_scale_std=0.08, depth_noise_std=0.02, depth_noise_length=4.0)
CONDITIONS: dict[str, NoiseConfig] = {
    "exact experts": NoiseConfig(),
    "depth 8 %": DEPTH,
    "10 % missed": NoiseConfig(missed_fraction=0.1),
    "both": dataclasses.replace(DEPTH, missed_fraction=0.1),
    "5 % wrong captions": NoiseConfig(wrong_caption_fraction=0.05),
    "bare nouns": NoiseConfig(nouns_only=True),
    "bare nouns, 10 % missed": NoiseConfig(nouns_only=True, missed_fraction=0.1),
}
ONLY_NAMES = ("5 % wrong captions", "bare nouns", "bare nouns, 10 % missed")


@dataclasses.dataclass
class Tally:
    """Counts of one question type, or of a whole condition."""

    answers: int = 0
    unclear: int = 0
    true: int = 0
    within_25: int = 0
    within_50_200: int = 0
    within_1_std: int = 0
    within_2_std: int = 0
    rightly_named: int = 0
    true_and_named: int = 0

    def share(self, name: str) -> float:
        """Of the answers that can be judged; NaN where there are none."""
        judged = self.answers - self.unclear
        return getattr(self, name) / judged if judged else math.nan


def judge(
    pair: QA, scene: Scene, matched: Sequence[int], truth: SceneGeometry, tally: Tally
) -> bool:
    """Counts one answer, and says whether it is true (a number: within 25 %)."""
    tally.answers += 1
    objects = [matched[index] for index in pair.objects]
    form = REGISTRY[pair.type].answer_form
    if pair.kind == "qualitative" and form != "threshold":
        said = exact_word(pair.type, truth, *objects) if len(set(objects)) == 2 else None
        if said is None:
            tally.unclear += 1
            return False
        right = judge_relation(pair, [thing.caption for thing in scene.objects], said)
        tally.true += right
        return right
    value = exact_value(pair.type, truth, objects)
    if value is None:
        tally.unclear += 1
        return False
    if form == "threshold":
        right = judge_threshold(pair, value)
        tally.true += right
        return right
    error = abs(pair.value - value)
    tally.within_25 += error <= 0.25 * abs(value)
    tally.within_50_200 += 0.5 <= pair.value / value <= 2.0 if value else False
    tally.within_1_std += error <= pair.value_std + 1e-9
    tally.within_2_std += error <= 2 * pair.value_std + 1e-9
    return error <= 0.25 * abs(value)


@dataclasses.dataclass
class Report:
    """What became of one condition."""

    scenes: int = 0
    rejected: int = 0
    framed: int = 0
    objects: int = 0
    renamed: int = 0
    ambiguous: int = 0
    up_errors: list[float] = dataclasses.field(default_factory=list)
    types: dict[str, Tally] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(Tally)
    )

    def kind(self, kind: str) -> Tally:
        """All types of a kind ("quantitative", "qualitative") together."""
        total = Tally()
        for name, tally in self.types.items():
            if REGISTRY[name].kind == kind:
                for field in dataclasses.fields(Tally):
                    setattr(
                        total, field.name, getattr(total, field.name) + getattr(tally, field.name)
                    )
        return total

    def figures(self) -> dict[str, Any]:
        """The report as JSON-able values."""
        return {
            "scenes": self.scenes,
            "rejected": self.rejected,
            "frame_found": self.framed / max(self.scenes - self.rejected, 1),
            "up_error_degrees": _percentiles(self.up_errors),
            "objects": self.objects,
            "renamed": self.renamed,
            "ambiguous": self.ambiguous,
            "qualitative": _shares(self.kind("qualitative")),
            "quantitative": _shares(self.kind("quantitative")),
            "types": {name: _shares(tally) for name, tally in sorted(self.types.items())},
        }


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {str(q): float(np.percentile(values, q)) for q in (50, 90, 100)}


def _shares(tally: Tally) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(Tally)][2:]
    shares = {name: tally.share(name) for name in names}
    counts = {"answers": tally.answers, "unclear": tally.unclear}
    return counts | {name: None if math.isnan(share) else share for name, share in shares.items()}


def run(photos: Sequence[Photo], noise: NoiseConfig, stages: Stages, name: str) -> Report:
    """Asks about all photos under one condition, and judges the answers."""
    report = Report()
    for photo in tqdm(photos, desc=name, disable=None):
        report.scenes += 1
        try:
            (seen,) = perceive([photo], rendered_experts(noise))
            if isinstance(seen, Rejected):
                raise seen
            scene = stages.lifted(seen)
        except Rejected:
            report.rejected += 1
            continue
        assert photo.truth is not None
        account(scene, photo.truth, stages, report)
    return report


def account(scene: Scene, truth: Scene, stages: Stages, report: Report) -> None:
    """Asks about one scene and adds what is found to the report."""
    exact, matched = SceneGeometry.from_scene(truth), matches(scene, truth)
    record = scene.extra["ambiguity"]
    report.objects += len(scene.objects)
    report.renamed += len(record["renamed"])
    report.ambiguous += len(record["rejected"])
    if scene.up is not None and truth.up is not None:
        report.framed += 1
        cosine = float(np.clip(scene.up @ truth.up, -1, 1))
        report.up_errors.append(math.degrees(math.acos(cosine)))
    named = [
        meant_by(thing.caption, truth, exact) == {matched[index]}
        for index, thing in enumerate(scene.objects)
    ]
    for pair in stages.pairs(scene):
        tally = report.types[pair.type]
        unclear = tally.unclear
        right = judge(pair, scene, matched, exact, tally)
        if tally.unclear == unclear:
            fits = all(named[index] for index in pair.objects)
            tally.rightly_named += fits
            tally.true_and_named += fits and right


def percent(share: float | None) -> str:
    return "–" if share is None or math.isnan(share) else f"{100 * share:.1f}"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def markdown(reports: dict[str, Report]) -> str:
    """The tables of docs/robustness.md."""
    tables = [_frames(reports), _relations(reports), _numbers(reports)]
    tables += [_by_type(reports, "qualitative"), _by_type(reports, "quantitative")]
    return "\n\n".join("\n".join(table) for table in tables)


def _frames(reports: dict[str, Report]) -> list[str]:
    lines = [row("experts", "objects", "made specific", "rejected", "frame found", "up is off by")]
    lines.append("|---" * 6 + "|")
    for name, report in reports.items():
        up = _percentiles(report.up_errors)
        off = f"{up['50']:.1f}°, {up['90']:.1f}°, {up['100']:.1f}°" if up else "–"
        found = percent(report.framed / max(report.scenes - report.rejected, 1))
        counts = (report.objects, report.renamed, report.ambiguous)
        lines.append(row(name, *(f"{count:,}" for count in counts), f"{found} %", off))
    return lines


def _relations(reports: dict[str, Report]) -> list[str]:
    lines = [row("experts", "answers", "true", "rightly named", "true and rightly named")]
    lines.append("|---" * 5 + "|")
    for name, report in reports.items():
        tally = report.kind("qualitative")
        shares = ("true", "rightly_named", "true_and_named")
        lines.append(row(name, f"{tally.answers:,}", *(percent(tally.share(s)) for s in shares)))
    return lines


def _numbers(reports: dict[str, Report]) -> list[str]:
    titles = ("within 25 %", "within [50, 200] %", "within 1 std", "within 2 std", "rightly named")
    lines = [row("experts", "answers", *titles), "|---" * 7 + "|"]
    shares = ("within_25", "within_50_200", "within_1_std", "within_2_std", "rightly_named")
    for name, report in reports.items():
        tally = report.kind("quantitative")
        lines.append(row(name, f"{tally.answers:,}", *(percent(tally.share(s)) for s in shares)))
    return lines


def _by_type(reports: dict[str, Report], kind: str) -> list[str]:
    """One row a question type; of the conditions that change more than names."""
    reports = {name: report for name, report in reports.items() if name not in ONLY_NAMES}
    lines = [row("type", "answers", *reports), "|---" * (len(reports) + 2) + "|"]
    for name, entry in REGISTRY.items():
        tallies = [report.types.get(name, Tally()) for report in reports.values()]
        if entry.kind == kind and any(tally.answers for tally in tallies):
            answers = sum(tally.answers for tally in tallies)
            cells = [_cell(tally, kind) for tally in tallies]
            lines.append(row(f"`{name}`", f"{answers:,}", *cells))
    return lines


def _cell(tally: Tally, kind: str) -> str:
    if kind == "qualitative":
        return percent(tally.share("true"))
    return f"{percent(tally.share('within_25'))} ({percent(tally.share('within_2_std'))})"


def main() -> None:
    """Prints the tables; with --json also writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--size", type=int, default=256, help="pixels, image width and height")
    parser.add_argument("--preset", default="rich", help="of worlds")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--pairs", type=int, default=32, help="questions an image")
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, help="some of the conditions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables here")
    args = parser.parse_args()
    start = time.process_time()
    world = WorldConfig.preset(args.preset, image_size=args.size)
    photos = rendered_photos(world, args.seed, range(args.scenes))
    questions = QAConfig(
        pairs_per_image=args.pairs, spatial_fraction=1.0, general_fraction=0.0, max_per_type=4
    )
    stages = Stages(questions)
    chosen = args.only or list(CONDITIONS)
    reports = {name: run(photos, CONDITIONS[name], stages, name) for name in chosen}
    tables = markdown(reports)
    print(tables)
    seconds = time.process_time() - start
    print(f"{args.scenes} scenes, {seconds:.0f} s of processor time")
    if args.markdown:
        write_text(args.markdown, tables + "\n")
    if args.json:
        figures = {name: report.figures() for name, report in reports.items()}
        about = {"python": platform.python_version(), "scenes": args.scenes, "seconds": seconds}
        write_json(args.json, about | {"conditions": figures})


if __name__ == "__main__":
    main()
