"""What a weight file and its workdir say of the run that made them."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.experiment import EvalConfig
from spatialvlm_jax.migration import migrate
from spatialvlm_jax.taught import TAUGHT, TAUGHT_TEXTS, Taught, TaughtNames
from spatialvlm_jax.weights.paths import read_json
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.settings import (
    CONTENT,
    LEAST_SEEN,
    PREFIX,
    RECORDED,
    SPREAD,
    TEMPERATURE,
    TOKENIZER,
    recorded_settings,
)

NO_TOKENIZER = "none"
_MAX_TOKENIZER_BYTES = 1 << 26
# "small" is of 64 px pictures and bare answers, "small128" of 128 px and reasons first.
SHIPPED_TOKENIZERS = {
    name: Path(__file__).parent.parent / "assets" / f"{name}.model"
    for name in ("small", "small128")
}


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run as its files tell of it; what they do not say is empty.

    source: the weight file.
    experiment: its configuration, in today's form.
    settings: those that belong to weights, and digests of what was read (`weights.settings`).
    step: of the weights.
    revision: of the code.
    figures: of the evaluation at that step, as summary.json has them.
    """

    source: Path
    experiment: Mapping[str, Any]
    settings: Mapping[str, str]
    step: str
    revision: str
    figures: Mapping[str, Any]

    @classmethod
    def of(cls, source: Path, metadata: Mapping[str, str]) -> "RunRecord":
        """Reads what lies beside a weight file.

        Args:
          source: the file. metadata: its header.

        Raises:
          WeightsError: a file beside it is damaged.
        """
        try:
            experiment = migrate(json.loads(metadata.get("config", "{}")))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise WeightsError(
                f"{source} has a configuration that cannot be read: {error}"
            ) from None
        step = metadata.get("step", "")
        versions = _beside(source, "versions.json", "versions of a run")
        return cls(
            source=source,
            experiment=experiment,
            settings=recorded_settings(metadata),
            step=step,
            revision=str(versions.get("revision", "")),
            figures=_figures(source, step),
        )

    def section(self, name: str) -> Mapping[str, Any]:
        """A part of the configuration."""
        found = self.experiment.get(name)
        return found if isinstance(found, Mapping) else {}

    @property
    def belongs(self) -> dict[str, str]:
        """What is written with the weights: settings, the tokenizer's digest, a fit, lists."""
        names = (*RECORDED, TOKENIZER, LEAST_SEEN)
        known = {name: self.settings[name] for name in names if name in self.settings}
        fitted = {name: self.calibration(name) for name in (TEMPERATURE, SPREAD)}
        taught = {} if self.taught is None else self.taught.as_texts()
        return known | {name: text for name, text in fitted.items() if text} | taught

    @property
    def taught(self) -> Taught | None:
        """What the run taught, by the header, else by what lies beside; or None.

        Raises:
          UserError: what is said of it is damaged.
        """
        if self.settings.get(TAUGHT):
            return Taught.of_texts(self.settings, str(self.source))
        found = {name: self.source.with_name(f"{name}.json") for name in TAUGHT_TEXTS}
        texts = {
            name: json.dumps(read_json(path, "what was taught"))
            for name, path in found.items()
            if path.exists()
        }
        return Taught.of_texts(texts, str(found[TAUGHT])) if TAUGHT in texts else None

    def with_names(self, names: TaughtNames) -> "RunRecord":
        """The same of a run that is known to have taught these names."""
        if self.taught is None:
            return self
        taught = dataclasses.replace(self.taught, names=names)
        return dataclasses.replace(self, settings={**self.settings, **taught.as_texts()})

    @property
    def prefix(self) -> str:
        """How questions were put."""
        return self.settings.get(PREFIX, "{question}")

    def tokenizer(self, named: str | None) -> bytes | None:
        """The SentencePiece model that the run read.

        Args:
          named: where it lies, or "none"; None: where the run found it.

        Raises:
          WeightsError: it is not there, or another one is.
        """
        place = named or str(self.section("data").get("tokenizer") or "")
        if place == NO_TOKENIZER:
            return None
        remedy = f"name it, --tokenizer=FILE, or leave it out, --tokenizer={NO_TOKENIZER}"
        if not place:
            raise WeightsError(f"{self.source} does not say which tokenizer the run read: {remedy}")
        try:
            model = _read_bounded(SHIPPED_TOKENIZERS.get(place, Path(place)))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise WeightsError(
                f"the tokenizer {place} cannot be read ({reason}): {remedy}"
            ) from None
        known = self.settings.get(TOKENIZER, "")
        if known and hashlib.sha256(model).hexdigest() != known:
            raise WeightsError(f"{place} is not the tokenizer that the run read: {remedy}")
        return model

    @property
    def answer_tokens(self) -> int:
        """The longest answer of an evaluation."""
        stated = self.section("eval").get("max_answer_tokens")
        return stated if isinstance(stated, int) and stated > 0 else EvalConfig.max_answer_tokens

    def calibration(self, name: str) -> str:
        """What was fitted on held-out data at the weights' own step; "" where it was not.

        Args:
          name: `TEMPERATURE`, which distributions of answers are tempered with, or `SPREAD`, up to
            which they are sure.
        """
        known = _beside(self.source, "calibration.json", "a calibration")
        fitted = known.get(name)
        if TEMPERATURE in known and str(known.get("step", "")) == self.step:
            return str(fitted) if isinstance(fitted, float) else ""
        return self.settings.get(name, "")

    def datasets(self) -> list[tuple[str, str, str, str]]:
        """Of each set that the run trained on its name, split, prefix template and digest."""
        stated = self.section("data").get("datasets")
        mixture = stated if isinstance(stated, list | tuple) else ()
        return [
            (
                str(entry.get("name", "")),
                str(entry.get("split", "")),
                str(entry.get("prefix_template") or self.prefix),
                self.settings.get(f"data.datasets.{number}{CONTENT}", ""),
            )
            for number, entry in enumerate(mixture)
            if isinstance(entry, Mapping)
        ]


def _read_bounded(path: Path) -> bytes:
    """A plain file: the header of weights may name any path, and reading a device never ends."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no plain file")
    if path.stat().st_size > _MAX_TOKENIZER_BYTES:
        raise ValueError(f"it has more than {_MAX_TOKENIZER_BYTES} bytes")
    return path.read_bytes()


def _figures(source: Path, step: str) -> Mapping[str, Any]:
    """Those of the weights' own step, or of the last evaluation where none is kept by step."""
    kept = source.with_name("evaluations")
    if not kept.is_dir():
        return _beside(source, "summary.json", "figures of an evaluation")
    name = f"evaluations/step_{int(step):08d}.json" if step.isdecimal() else ""
    summary = _beside(source, name, "figures of an evaluation").get("summary") if name else {}
    return summary if isinstance(summary, Mapping) else {}


def _beside(source: Path, name: str, what: str) -> dict[str, Any]:
    path = source.parent / name
    return read_json(path, what) if path.exists() else {}
