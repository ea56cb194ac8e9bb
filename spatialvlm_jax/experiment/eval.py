"""Evaluation on schedule and at the end."""

import dataclasses
from typing import Annotated, Literal, get_args

from spatialvlm_jax.bounds import BatchSize, Images, Pairs, Range, SettingError, Settings, Steps
from spatialvlm_jax.experiment.data import DatasetConfig, check_dataset_names, check_template

Choice = Literal["conclusion", "first"]
# `evaluation.evaluators` registers what each of them counts.
EvaluatorName = Literal[
    "qualitative",
    "ranges",
    "errors",
    "relative_accuracy",
    "range_curve",
    "general",
    "captions",
    "outcomes",
    "angles",
    "distribution",
]
Breakdown = Literal[
    "distance",
    "size",
    "occlusion",
    "higher_is_farther",
    "larger_is_nearer",
    "usual_size",
    "named_first",
]
PictureProbe = Literal["blind", "other_picture"]
Probe = Literal[PictureProbe, "swap"]


@dataclasses.dataclass(frozen=True)
class EvalConfig(Settings):
    """Evaluation on schedule and at the end.

    datasets: the held-out sets.
    every: steps between evaluations during training; 0 for none. at_start: evaluate step 0 too.
    images: at most this many held-out images (0 for all), in equal parts of the sets.
    batch_size: images that are answered about at once.
    pairs_per_image: at most this many of an image's questions. max_answer_tokens: an answer ends
      there.
    prefix_template: wraps the question, as `DataConfig.prefix_template`; "" takes that one.
    which: of several lengths in an answer, the one that counts: the one it concludes with, or
      plainly the first.
    scored_values: read quantities from their distribution as well, by the likelihood of so many
      worded answers to each question; 0 for none.
    evaluators: which figures are made of the answers, in this order.
    breakdowns: show headline figures by the distance of the farthest object asked about, the size
      of the smallest, and how much of the least visible is hidden; and where a shortcut gives the
      true answer and where it does not, with the gap: "higher_is_farther" and "larger_is_nearer" in
      the picture, objects of "usual_size", and "named_first".
    probes: ask again, at the end alone, behind a grey picture ("blind"), behind another picture of
      the set ("other_picture"), and with the two objects turned round ("swap").
    """

    datasets: tuple[DatasetConfig, ...] = ()
    every: Steps = 0
    at_start: bool = False
    images: Images = 0
    batch_size: BatchSize = 32
    pairs_per_image: Pairs = 16
    max_answer_tokens: Annotated[int, Range(1, 65_536)] = 24
    prefix_template: str = ""
    which: Choice = "conclusion"
    scored_values: Annotated[int, Range(4, 1_024, also=(0,))] = 0
    evaluators: tuple[EvaluatorName, ...] = get_args(EvaluatorName)
    breakdowns: tuple[Breakdown, ...] = get_args(Breakdown)
    probes: tuple[Probe, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_dataset_names(self.datasets)
        for dataset in self.datasets:
            if dataset.fresh:
                raise SettingError(
                    "datasets",
                    f"{dataset.name!r} is fresh, and what is measured on has to stay: set "
                    "fresh=False, and a path for its scenes",
                )
            if "composed" in dataset.kinds:
                raise SettingError(
                    "datasets",
                    f"{dataset.name!r} has kinds of composed questions, which are reasoned out: "
                    "leave them out here, and measure them by benchmarks/reasoning.py",
                )
        if self.prefix_template:
            check_template(self.prefix_template)
