"""A site of pages: what every answer of it carries, who may ask, and how it refuses."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.card.drawing import DARK, DRAWING_TEMPLATES, LIGHT
from spatialvlm_jax.pages.template import load_templates, shown_text
from spatialvlm_jax.serving.own_names import OwnNames

ASSETS = Path(__file__).parent / "assets"
# Nothing is loaded from elsewhere, and no other page may show or send anything here.
_POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; style-src 'unsafe-inline'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# A page that a run or a set left in its folder: it is shown, and may do nothing.
FOREIGN_PAGE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Browsers ask for one, and say that something is wrong where there is none.
_NO_ICON = Route("/favicon.ico", lambda request: Response(status_code=204))


class Site:
    """Pages as a server runs them.

    Args:
      routes: of the pages.
      scripts: names of the files of `assets` that they load.
      host: at which the server listens. At an address of this machine alone, requests for another
        name are refused: a page of elsewhere could have its name lead here.
      closing: called when all that was taken is answered.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        scripts: Sequence[str],
        host: str,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._pages, self._scripts = list(routes), frozenset(scripts)
        self._host, self.close = host, closing

    def routes(self) -> Starlette:
        """The application to be run by an ASGI server."""
        application = Starlette(
            routes=[*self._pages, Route("/script/{name}", self._script), _NO_ICON],
            exception_handlers={
                UserError: _refuse_mistake,
                HTTPException: _refuse_path,
                Exception: _refuse_fault,
            },
        )
        refusal = HTMLResponse("this address is served to this machine alone", 403)
        application.add_middleware(OwnNames, host=self._host, refusal=refusal)
        application.add_middleware(_Headers)
        return application

    def _script(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._scripts:
            raise HTTPException(404)
        return FileResponse(ASSETS / name, media_type="text/javascript")


class _Headers:
    """Adds headers to all answers."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**_HEADERS, "Content-Security-Policy": _POLICY}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def site_templates() -> jinja2.Environment:
    """The templates of all sites; drawings of the card are among them."""
    templates = load_templates(ASSETS, DRAWING_TEMPLATES)
    templates.globals.update(light=LIGHT, dark=DARK)
    return templates


def show(templates: jinja2.Environment, name: str, /, status: int = 200, **facts: Any) -> Response:
    """A page of a template."""
    return HTMLResponse(templates.get_template(name).render(**facts), status)


def foreign_page(path: Path) -> Response:
    """A page that was left in a folder, shown without any right.

    Raises:
      HTTPException: there is none.
    """
    if not path.is_file():
        raise HTTPException(404, "it has not been made yet")
    headers = {"Content-Security-Policy": FOREIGN_PAGE}
    return FileResponse(path, media_type="text/html", headers=headers)


def _refused(status: int, reason: str) -> Response:
    facts = {"heading": HTTPStatus(status).phrase, "reason": shown_text(reason)}
    return show(site_templates(), "refused.html.jinja", status, **facts)


async def _refuse_mistake(request: Request, error: Exception) -> Response:
    return _refused(400, str(error))


async def _refuse_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    default = HTTPStatus(error.status_code).phrase
    reason = error.detail if error.detail != default else f"there is no {request.url.path[:100]}"
    return _refused(error.status_code, reason)


async def _refuse_fault(request: Request, error: Exception) -> Response:
    return _refused(500, "this page could not be made; the terminal says why")
