"""The demo's pages: an example world, a picture of one's own, and the answers to what is asked."""

import asyncio
import dataclasses
import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from spatialvlm_jax.bounds import Range
from spatialvlm_jax.browser.demo.example_worlds import MOST_WORLDS, ExampleWorld, questions_about
from spatialvlm_jax.browser.demo.request import DemoRequest, read_demo_request
from spatialvlm_jax.browser.exact_truth import exact_conclusion
from spatialvlm_jax.browser.shown_answers import (
    ShownAnswer,
    point_rows,
    shown_answer,
    shown_conclusion,
)
from spatialvlm_jax.browser.site import Site, show, site_templates
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import parse_number, parse_whole_number
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import Picture, open_picture
from spatialvlm_jax.inference.spatial_answer import NEVER, SpatialAnswer
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.reasoning.sentences import UnknownSentence
from spatialvlm_jax.serving.batching import Batching
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal
from spatialvlm_jax.serving.request_body import read_body


class Demo:
    """A model to be tried in a browser.

    Args:
      model: that nothing else asks meanwhile.
      worlds: example worlds by number.
      limits: of what is taken.
    """

    def __init__(
        self,
        model: LoadedModel,
        name: str,
        worlds: Callable[[int], ExampleWorld],
        limits: Limits,
        *,
        scored_values: int,
    ) -> None:
        self._name, self._worlds, self._limits = name, worlds, limits
        self._templates, self._waiting, self._put = site_templates(), 0, model.put
        # Reasoning weighs how sure each answer is, so doubt comes after it.
        self._doubt, sure = model.doubt, dataclasses.replace(model, doubt=NEVER)
        self._batching = Batching(
            sure, together=limits.together, linger=limits.linger, scored_values=scored_values
        )

    def site(self, host: str) -> Site:
        """The pages, for a server that listens at `host`."""
        routes = [
            Route("/", lambda request: RedirectResponse("/world/0", 303)),
            Route("/world/{number}", self._world),
            Route("/world/{number}/picture", self._world_picture),
            Route("/world/{number}/at", self._at),
            Route("/picture", self._own_picture),
            Route("/ask", self._ask, methods=["POST"]),
        ]
        return Site(routes, ["demo.js", "keys.js"], host, self._batching.close)

    def _show(self, name: str, status: int = 200, **facts: Any) -> Response:
        return show(self._templates, name, status, model=self._name, **facts)

    def _world(self, request: Request) -> Response:
        number = self._number(request)
        world = self._worlds(number)
        return self._show(
            "world.html.jinja",
            number=number,
            last=MOST_WORLDS - 1,
            world=world,
            objects=[(index, world.name(index)) for index in world.named],
            suggestions=world.suggestions(lambda question: not self._put(question).note),
        )

    def _own_picture(self, request: Request) -> Response:
        return self._show("own_picture.html.jinja", most=self._limits.body // 2**20)

    def _world_picture(self, request: Request) -> Response:
        file = io.BytesIO()
        Image.fromarray(self._worlds(self._number(request)).scene.image).save(file, "PNG")
        return Response(file.getvalue(), media_type="image/png")

    def _at(self, request: Request) -> Response:
        """What is at a point of a world's picture."""
        world = self._worlds(self._number(request))
        height, width = world.scene.image.shape[:2]
        bounds = {"x": width, "y": height}
        x, y = (
            parse_number(request.query_params.get(name, ""), name, Range(0, bound - 1e-6))
            for name, bound in bounds.items()
        )
        index = world.object_at(x, y)
        return JSONResponse({"object": index, "name": "" if index is None else world.name(index)})

    def _number(self, request: Request) -> int:
        number = parse_whole_number(request.path_params["number"], "a world", 0, 2**53)
        if number >= MOST_WORLDS:
            raise HTTPException(404, f"worlds are numbered from 0 to {MOST_WORLDS - 1}")
        return number

    async def _ask(self, request: Request) -> Response:
        """The answers as a piece of a page; what cannot be answered is said in one."""
        try:
            return await self._taken(request)
        except Refusal as refusal:
            answer = self._show("refusal.html.jinja", refusal.status, reason=refusal.message)
            answer.headers.update(refusal.headers)
            return answer

    async def _taken(self, request: Request) -> Response:
        limits = self._limits
        if self._waiting >= limits.waiting:
            raise Refusal(429, "too many questions are being answered: ask again in a moment")
        self._waiting += 1
        try:
            asked = read_demo_request(await read_body(request, limits), limits)
            async with asyncio.timeout(limits.seconds):
                answers, notes = await self._answers(asked)
        except TimeoutError:
            said = f"there was no answer within {limits.seconds:g} seconds: ask again"
            raise Refusal(504, said) from None
        except UserError as error:
            raise Refusal(400, str(error)) from None
        finally:
            self._waiting -= 1
        return self._show("answers.html.jinja", answers=answers, notes=notes)

    async def _answers(self, asked: DemoRequest) -> tuple[list[ShownAnswer], list[str]]:
        world, picture = await run_in_threadpool(self._read, asked)
        if asked.question:
            return [await self._answer(asked.question, world, picture)], []
        if world is not None and asked.objects:
            questions = questions_about(world.names_of(asked.objects))
        elif asked.names:
            questions = questions_about(asked.names)
        else:
            raise UserError("ask a question, or choose what to ask about")
        direct = await self._said(picture, questions)
        answers = [self._direct(each, world) for each in direct]
        return answers, point_rows(world.point_distance(asked.points) if world else None)

    def _read(self, asked: DemoRequest) -> tuple[ExampleWorld | None, Picture]:
        if asked.world is None:
            return None, open_picture(asked.picture, max_pixels=self._limits.pixels)
        world = self._worlds(asked.world)
        return world, world.picture

    async def _answer(
        self, question: str, world: ExampleWorld | None, picture: Picture
    ) -> ShownAnswer:
        """Reasoned out where it is a composed question of a known kind, else asked as it is."""
        try:
            plan = ReasoningPlan.of(question)
        except UnknownSentence:
            (answer,) = await self._said(picture, [question])
            return self._direct(answer, world)
        answers = tuple(await self._said(picture, plan.questions))
        conclusion = await run_in_threadpool(plan.conclude, answers)
        if world is None:
            return shown_conclusion(question, answers, conclusion, None)
        truth = exact_conclusion(plan, world.facts)
        parts = [world.truth_of(each.question) for each in answers]
        return shown_conclusion(question, answers, conclusion, truth, parts)

    def _direct(self, answer: SpatialAnswer, world: ExampleWorld | None) -> ShownAnswer:
        return shown_answer(answer, world.truth_of(answer.question) if world else None, self._doubt)

    async def _said(self, picture: Picture, questions: Sequence[str]) -> list[SpatialAnswer]:
        """What the model says; questions about one picture are asked together."""
        taken = [self._batching.put(picture.sha256, picture, each) for each in questions]
        try:
            return list(await asyncio.gather(*map(asyncio.wrap_future, taken)))
        except (UserError, asyncio.CancelledError):
            raise
        except Exception as error:
            logging.error("a question could not be answered", exc_info=error)
            raise Refusal(500, "the model failed on this question") from None
