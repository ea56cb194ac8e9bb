"""The table of published models: in the code, in the configuration and on the page."""

from pathlib import Path

import pytest

from spatialvlm_jax.bounds import field_types
from spatialvlm_jax.generation.experts.build import STAGES, ExpertsConfig
from spatialvlm_jax.generation.experts.depth import error_rows
from spatialvlm_jax.generation.experts.present import OPTIONAL
from spatialvlm_jax.generation.experts.published import (
    PUBLISHED,
    default_model,
    published_model,
    published_rows,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "experts.md"


def test_every_role_has_its_default_in_the_table() -> None:
    defaults = ExpertsConfig()
    assert {role for model in PUBLISHED for role in model.roles} == set(STAGES)
    for role in STAGES:
        assert default_model(role).checkpoint == getattr(defaults, role)


def test_roles_that_may_be_left_out_are_those_that_may_be_none() -> None:
    types = field_types(ExpertsConfig)
    assert set(OPTIONAL) == {role for role in STAGES if types[role] == str | None}


def test_no_model_is_listed_twice_and_a_stranger_is_not_known() -> None:
    assert len({model.checkpoint for model in PUBLISHED}) == len(PUBLISHED)
    assert published_model("nobody/nothing") is None


@pytest.mark.parametrize(
    ("checkpoint", "file", "float32"),
    # As the model hub lists the files; Depth Pro's holds float16.
    [
        ("openai/clip-vit-large-patch14", 1.71, 1.71),
        ("apple/DepthPro-hf", 1.90, 3.81),
        ("facebook/sam2.1-hiera-large", 0.90, 0.90),
    ],
)
def test_files_have_the_size_that_the_hub_lists(
    checkpoint: str, file: float, float32: float
) -> None:
    model = published_model(checkpoint)
    assert model is not None
    assert model.gigabytes(model.stored_bytes) == pytest.approx(file, abs=0.006)
    assert model.gigabytes(4) == pytest.approx(float32, abs=0.006)


@pytest.mark.parametrize("rows", [published_rows(), error_rows()])
def test_the_page_holds_the_tables(rows: list[tuple[str, ...]]) -> None:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    rule = "|" + "---|" * len(rows[0])
    assert "\n".join([head, rule, *others]) in PAGE.read_text(encoding="utf-8")
