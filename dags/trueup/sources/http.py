"""Calls to an HTTP API: authenticated, asked again when it is busy or broken, refused in words."""

import email.utils
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from trueup.errors import Refused, Transient
from trueup.sources import objects
from trueup.sources.endpoints import Endpoint
from trueup.sources.records import Malformed

TIMEOUT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 60.0


class Throttled(Transient):
    """The API asked us to come again later; `seconds` is None when it did not say when."""

    def __init__(self, sentence: str, seconds: float | None) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class Rejected(Refused):
    """The API answered that a call is wrong; `status` is its code."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Caller:
    """A session with the API of an endpoint; a context manager.

    The connection's login and password go as basic auth; a password without a login as a bearer
    token. 429, 5xx, silence and answers cut short are asked again `max_retries` times, after
    `retry_delay` milliseconds and doubling, or when the API says (Retry-After).
    """

    def __init__(self, endpoint: Endpoint, max_retries: int, retry_delay: int) -> None:
        self._endpoint = endpoint
        self._retry_seconds = retry_delay / 1000
        try:
            self._client = httpx.Client(
                base_url=_base_url(endpoint),
                headers=_headers(endpoint),
                auth=(endpoint.login, endpoint.password or "") if endpoint.login else None,
                timeout=TIMEOUT_SECONDS,
            )
        except httpx.InvalidURL as error:
            raise Refused(
                f"The Airflow connection {endpoint.connection_id} leads to no URL ({error}). "
                "Correct its host, port and schema."
            ) from error
        self._retrying = Retrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(max_retries + 1),
            wait=self._pause,
            sleep=time.sleep,
            reraise=True,
        )

    def __enter__(self) -> "Caller":
        self._client.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._client.__exit__(*error)

    def get(self, path: str, parameters: dict[str, str]) -> Any:
        """The parsed answer. Raises Rejected, or Transient when trying again does not help."""
        return self._retrying(self._call, "GET", path, params=parameters)

    def post(self, path: str, text: str, **headers: str) -> Any:
        """Send a JSON text as it stands and give the parsed answer; raises as `get` does.

        A call may arrive twice. Who has taken it need not say more: no answer is an empty one.
        """
        return self._retrying(
            self._call,
            "POST",
            path,
            content=text.encode(),
            headers={"Content-Type": "application/json", **headers},
        )

    def _call(self, method: str, path: str, **options: Any) -> Any:
        request = self._request(method, path, **options)
        try:
            response = self._client.send(request)
        except httpx.TimeoutException as error:
            raise Transient(f"{path} did not answer within {TIMEOUT_SECONDS:.0f} s.") from error
        except httpx.HTTPError as error:
            raise Transient(f"{path} could not be asked ({error}).") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Throttled(f"{path} asked for a pause (429).", _retry_after(response))
        if response.is_server_error:
            raise Transient(f"{path} answered {response.status_code}.")
        if not response.is_success:
            raise Rejected(self._rejection(path, response), response.status_code)
        if method == "POST" and not response.content.strip():
            return {}
        try:
            return objects.parse(response.text)
        except Malformed as fault:
            # A proxy's page in between, or an answer cut short: the next one may be whole.
            raise Transient(f"The answer of {path} {fault}.") from fault

    def _request(self, method: str, path: str, **options: Any) -> httpx.Request:
        """A request that takes the credentials nowhere but to the connection's own host."""
        name = self._endpoint.connection_id
        try:
            request = self._client.build_request(method, path, **options)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Refused(
                f"{path!r} cannot be asked for through the Airflow connection {name} ({error}). "
                "Correct the path, or the parameters that go with it."
            ) from error
        if _origin(request.url) != _origin(self._client.base_url):
            raise Refused(
                f"{path!r} leads away from the host of the Airflow connection {name}, whose "
                "credentials go nowhere else. Give a path on that host, such as /v1/entries."
            )
        return request

    def _rejection(self, path: str, response: httpx.Response) -> str:
        name = self._endpoint.connection_id
        hint = {
            401: f"Check login and password of the Airflow connection {name}; a password alone is "
            "sent as a bearer token.",
            403: f"Whom the Airflow connection {name} names may not do this.",
            404: f"Check the path, and the host of the Airflow connection {name}.",
        }.get(response.status_code, " ".join(response.text.split())[:200])
        return f"{path} answered {response.status_code}. {hint}".rstrip()

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Throttled) and error.seconds is not None:
            return min(max(error.seconds, 0), _LONGEST_PAUSE_SECONDS)
        return min(self._retry_seconds * 2 ** (state.attempt_number - 1), _LONGEST_PAUSE_SECONDS)


def require_path(path: str) -> None:
    """Raise Refused unless this is a path on a connection's own host.

    Whoever may trigger a backfill must not be able to send its credentials elsewhere.
    """
    try:
        split = urlsplit(path)
        is_path = not (split.scheme or split.netloc or path.startswith("//"))
        is_path = is_path and ".." not in split.path.split("/")
    except ValueError:  # what looks like a host is none
        is_path = False
    if not is_path or not path.isprintable():
        raise Refused(
            f"{path!r} is no path of an API. The Airflow connection names the host; give what "
            "stands behind it, without control characters, such as /v1/entries."
        )
    if split.query or split.fragment:
        raise Refused(
            f"{path!r} has parameters, which paging would replace. Give the path alone, and them "
            "as api.parameters in the mapping."
        )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _base_url(endpoint: Endpoint) -> str:
    """The URL of an Airflow HTTP connection: the host may carry a scheme, the schema may be one."""
    host = endpoint.host or ""
    if "://" not in host:
        host = f"{endpoint.schema or 'https'}://{host}"
    return f"{host}:{endpoint.port}" if endpoint.port else host


def _headers(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.password and not endpoint.login:
        return {"Authorization": f"Bearer {endpoint.password}"}
    return {}


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the API asks to wait, given as a number or as a date (RFC 9110, 10.2.3)."""
    words = response.headers.get("Retry-After", "")
    if words.isdecimal():
        return int(words)
    try:
        return (email.utils.parsedate_to_datetime(words) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
