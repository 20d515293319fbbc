"""Requests to the deployment manager's REST API, and its answers as values or errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from roboconf_core.errors import Code, InvalidRequestError, Problem, RoboconfError, Where

if TYPE_CHECKING:
    import httpx


class NoManagerError(RoboconfError):
    """No deployment manager answers."""

    code = Code.CLI_NO_DM


HOW_TO_START = "`roboconf up DIR` starts one, `roboconf dm` too; ROBOCONF_HOME says where it keeps its files"


def location(*parts: str) -> str:
    """Return the path of a resource; names cannot lead to another one, whatever characters they hold."""
    return "".join("/" + quote(part, safe="") for part in parts)


class Client:
    """A connection to one deployment manager; to be used in a ``with`` statement."""

    def __init__(self, url: str, token: str) -> None:
        import httpx

        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(70.0, connect=3.0),
            trust_env=False,
        )
        self._url = url

    def __enter__(self) -> Client:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, /, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return what stands under a path; query parameters that are None are left out.

        Raises:
            RoboconfError: With the problems of the answer.
        """
        return self._send("GET", path, params=_given(query))

    def items(self, path: str, /, *, start: object = None, **query: object) -> Iterator[Any]:
        """Return all entries of a list, page after page, from a cursor on."""
        after = start
        while True:
            page = self.get(path, **query, after=after)
            yield from page["items"]
            after = page["next"]
            if after is None or not page["items"]:
                return

    def post(self, path: str, body: Mapping[str, object] | bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request that changes something; a mapping as JSON, bytes as a ZIP archive."""
        if isinstance(body, bytes):
            return self._send("POST", path, content=body, headers={"Content-Type": "application/zip"})
        return self._send("POST", path, json=_given(body or {}))

    def delete(self, path: str, /, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Remove what stands under a path."""
        return self._send("DELETE", path, params=_given(query))

    def _send(self, method: str, path: str, **arguments: Any) -> Any:  # noqa: ANN401
        import httpx

        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise NoManagerError(
                f"the deployment manager at {self._url} does not answer: {error}", hint=HOW_TO_START
            ) from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise error_of(answer)


def error_of(answer: httpx.Response) -> RoboconfError:
    """Return the error that an answer from 400 on stands for."""
    try:
        body = answer.json()
        problems = [problem_of(one, body.get("trace", "")) for one in body["problems"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"the deployment manager answered {answer.status_code}: {answer.text[:500]}"
        return RoboconfError(text, hint="its log is dm.log in its home")
    return InvalidRequestError(problems=problems)


def problem_of(plain: Mapping[str, Any], trace: str = "") -> Problem:
    """Return a problem as it was before it became JSON; of a defect, the trace is told as well."""
    place = Where(file=plain["file"], line=plain["line"], column=plain["column"]) if plain.get("file") else None
    code, hint = Code[plain["code"]], plain.get("hint", "")
    if code is Code.DM_INTERNAL and trace:
        hint += f": {trace}"
    return Problem(code, plain["message"], place, hint)


def _given(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
