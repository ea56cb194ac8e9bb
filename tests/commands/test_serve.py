"""What the commands that serve make of their flags, with a model that is never asked."""

import dataclasses
from typing import Any

import pytest

from spatialvlm_jax import cli, signals
from spatialvlm_jax.inference.spatial_answer import NEVER, Doubt

FITTED = Doubt(3.0, 0.0)
DOUBTS = [
    ([], FITTED),
    (["--always-answer"], NEVER),
    (["--unsure"], Doubt(3.0, 0.7)),
]


@dataclasses.dataclass(frozen=True)
class Fitted:
    """As much of a loaded model as the commands look at."""

    doubt: Doubt = FITTED
    encodings: Any = None


class Served:
    """Stands for what is made of a model, and keeps what it was made of."""

    made: list[tuple[Any, str]]

    def __init__(self, model: Any, name: str, *rest: Any, **more: Any) -> None:
        self.made.append((model, name))

    def site(self, host: str) -> None:
        """There are no pages."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str]]:
    found: list[tuple[Any, str]] = []
    monkeypatch.setattr(Served, "made", found, raising=False)
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: Fitted())
    for place in ("serving.application.Application", "browser.demo.pages.Demo"):
        monkeypatch.setattr(f"spatialvlm_jax.{place}", Served)
    monkeypatch.setattr("spatialvlm_jax.serving.server.serve", lambda *served: None)
    monkeypatch.setattr("spatialvlm_jax.browser.serve_site.serve", lambda *served: None)
    return found


@pytest.mark.parametrize("command", [["serve", "--no-warm-up"], ["demo"]])
@pytest.mark.parametrize(("flags", "doubt"), DOUBTS)
def test_from_where_on_none_can_be_given_is_said_by_flags(
    made: list[tuple[Any, str]], command: list[str], flags: list[str], doubt: Doubt
) -> None:
    with signals.listening():
        assert cli.main([*command, "--port=0", "--model=runs/lr0.001", *flags]) == 0
    ((model, name),) = made
    assert (model.doubt, name) == (doubt, "lr0.001")
