"""An API as a source, against a server that pages, throttles, fails and repeats itself."""

import email.utils
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from apis import Api, served, serving
from runs import entry
from trueup.errors import OperationalFailure, Refused, Transient
from trueup.sources import http
from trueup.sources.endpoints import Endpoint
from trueup.sources.http import Caller
from trueup.sources.http_api import ApiSource
from trueup.sources.mapping import Mapping


@pytest.fixture
def api():
    with serving() as served:
        served.records = [entry(amount=f"{n}.10", referenceId=f"r{n}", id=n) for n in range(1, 8)]
        yield served


@pytest.fixture
def pauses(monkeypatch):
    """How long was waited, without waiting."""
    waited = []
    monkeypatch.setattr(http.time, "sleep", waited.append)
    return waited


def source(api, *, retries=3, connection=None, **settings) -> ApiSource:
    mapping = Mapping(api={"page_size": 3, **settings})
    return ApiSource(connection or api.endpoint(), "/entries", mapping, retries, 1000)


def amounts(opened: ApiSource) -> list[str]:
    return [row[7] for part in opened.parts(opened.begin(), 1) for row in part.rows]


def busy(seconds: str) -> PlainTextResponse:
    return PlainTextResponse("", 429, {"Retry-After": seconds})


@pytest.mark.parametrize("paging", ["cursor", "offset"])
def test_every_record_of_every_page_comes_once_and_in_order(api, paging):
    opened = source(api, paging=paging)
    parts = list(opened.parts(opened.begin(), 1))
    assert [row[0] for part in parts for row in part.rows] == [1, 2, 3, 4, 5, 6, 7]
    assert amounts(source(api, paging=paging)) == [f"{n}.10" for n in range(1, 8)]
    assert parts[-1].cursor == {"end": True}


@pytest.mark.parametrize("paging", ["cursor", "offset"])
def test_a_reading_goes_on_at_any_cursor(api, paging):
    opened = source(api, paging=paging)
    first = next(opened.parts(opened.begin(), 1))
    rest = [row for part in opened.parts(first.cursor, 4) for row in part.rows]
    assert [row[0] for row in rest] == [4, 5, 6, 7]
    assert list(opened.parts({"end": True}, 8)) == []


def test_one_answer_may_be_all(api):
    assert len(amounts(source(api, paging="none", page_size=100))) == 7
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"items": [entry()], "next": None}},
        {"data": {"items": [entry()], "other": []}},
    ],
)
def test_records_are_found_where_the_mapping_says(api, answer):
    api.instead = [JSONResponse(answer)]
    assert amounts(source(api, records="data.items")) == ["1.00"]


def test_an_answer_without_a_list_is_refused(api):
    api.instead = [JSONResponse({"status": "fine"})]
    with pytest.raises(Refused, match="no list of records"):
        amounts(source(api))


def test_numbers_lose_no_digit(api):
    row = '{"debitAccountId": "a", "creditAccountId": "b", "transactionType": "T", "amount": %s}'
    text = "[" + row % "0.10" + "," + row % "12345678901234567890.123456789" + "]"
    api.instead = [PlainTextResponse(text)]
    assert amounts(source(api)) == ["0.10", "12345678901234567890.123456789"]


def test_429_waits_as_long_as_it_is_asked_to(api, pauses):
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    api.instead = [busy("7"), busy(later), busy("nonsense")]
    assert len(amounts(source(api))) == 7
    assert pauses[0] == 7
    assert 20 < pauses[1] <= 30
    assert pauses[2] == 4


def test_5xx_and_answers_cut_short_are_asked_again_with_growing_pauses(api, pauses):
    api.instead = [PlainTextResponse("", 503), PlainTextResponse('{"data": [{'), busy("")]
    assert len(amounts(source(api))) == 7
    assert pauses == [1, 2, 4]


def test_what_does_not_pass_breaks_the_run_off_in_words(api, pauses):
    api.instead = [PlainTextResponse("", 500)] * 3
    with pytest.raises(Transient, match="answered 500"):
        amounts(source(api, retries=2))
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("status", "words"), [(401, "login and password"), (403, "may not"), (404, "path"), (400, "no")]
)
def test_what_asking_again_cannot_mend_is_refused_at_once(api, pauses, status, words):
    api.instead = [PlainTextResponse("no such thing", status)]
    with pytest.raises(Refused, match=words):
        source(api).about()
    assert pauses == []


def test_nobody_there_is_said_in_words(api, pauses):
    gone = api.endpoint(port=1)
    with pytest.raises(Transient, match="could not be asked"):
        source(api, retries=0, connection=gone).about()


def test_silence_is_not_waited_out(api, pauses, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT_SECONDS", 0.001)
    with pytest.raises(Transient, match=r"did not answer|could not be asked"):
        source(api, retries=0, connection=api.endpoint(host="http://192.0.2.1")).about()


def test_a_login_is_basic_auth_and_a_password_alone_a_bearer_token(api):
    source(api, connection=api.endpoint(login="me", password="secret")).about()
    source(api, connection=api.endpoint(password="token")).about()
    assert api.headers[0]["authorization"] == "Basic bWU6c2VjcmV0"
    assert api.headers[1]["authorization"] == "Bearer token"
    assert "secret" not in repr(api.endpoint(password="secret"))


@pytest.mark.parametrize(
    "path",
    [
        "http://{host}/entries", "//{host}/entries", "HTTPS://{host}/entries", "http:/entries",
        "//", "///{host}/entries", "file:///etc/passwd", "evil.example:80/entries", "http://[x",
        "/entries\n", "/entries\r\nHost: evil", "/entries\x7f", "\thttp://{host}/", "/\ud800",
    ],
)  # fmt: skip
def test_what_is_no_path_on_the_connections_own_host_is_refused_before_it_is_asked(api, path):
    with serving() as elsewhere:
        host = f"127.0.0.1:{elsewhere.port}"
        with pytest.raises(Refused, match=r"no path of an API.* such as /v1/entries"):
            ApiSource(api.endpoint(password="secret"), path.format(host=host), Mapping(), 0, 0)
        assert (api.headers, elsewhere.headers) == ([], [])


@pytest.mark.parametrize("path", ["../entries", "/v1/../admin"])
def test_a_path_does_not_climb_out_of_the_connections_own(api, path):
    with pytest.raises(Refused, match="no path of an API"):
        ApiSource(api.endpoint(), path, Mapping(), 0, 0)


@pytest.mark.parametrize("path", ["/entries?status=booked", "/entries#all"])
def test_parameters_in_the_path_are_refused_and_not_dropped(api, path):
    with pytest.raises(Refused, match=r"api\.parameters in the mapping"):
        ApiSource(api.endpoint(), path, Mapping(), 0, 0)


@pytest.mark.parametrize("path", ["entries", "/entries", "/entries/", "./entries"])
def test_a_path_is_asked_for_below_the_connections_host(api, path):
    api.records = []
    ApiSource(api.endpoint(), path, Mapping(), 0, 0)
    with Caller(api.endpoint(), 0, 0) as caller:
        assert caller.get("entries", {"limit": "1"}) == {"data": []}


def test_no_request_takes_the_credentials_to_another_host_port_or_scheme(api):
    with serving() as elsewhere, Caller(api.endpoint(password="secret"), 0, 0) as caller:
        for url in (
            f"http://127.0.0.1:{elsewhere.port}/entries",
            f"http://localhost:{api.port}/entries",
            f"https://127.0.0.1:{api.port}/entries",
        ):
            with pytest.raises(Refused, match="leads away from the host"):
                caller.get(url, {"limit": "1"})
            with pytest.raises(Refused, match="leads away from the host"):
                caller.post(url, "{}")
        assert (api.headers, elsewhere.headers) == ([], [])


@pytest.mark.parametrize("evil", ["http://{host}/entries", "//{host}/", "@{host}/", "/../#?\r\n"])
def test_a_cursor_leads_nowhere_else(api, evil):
    with serving() as elsewhere:
        cursor = evil.format(host=f"127.0.0.1:{elsewhere.port}")
        api.instead = [
            JSONResponse({"data": [entry()], "next_cursor": cursor}),
            JSONResponse({"data": []}),
        ]
        assert amounts(source(api, connection=api.endpoint(password="secret"))) == ["1.00"]
        assert [asked.get("cursor") for asked in api.asked] == [None, cursor]
        assert elsewhere.headers == []


def test_a_redirection_to_elsewhere_is_not_followed(api):
    with serving() as elsewhere:
        there = {"Location": f"http://127.0.0.1:{elsewhere.port}/entries"}
        api.instead = [PlainTextResponse("", 307, there)]
        with pytest.raises(Refused, match="answered 307"):
            source(api, connection=api.endpoint(password="secret")).about()
        assert elsewhere.headers == []


def test_what_can_be_no_url_is_refused_in_words(api):
    with Caller(api.endpoint(), 0, 0) as caller:
        for path, parameters in (("/entries\n", {}), ("/entries", {"cursor": "\ud800"})):
            with pytest.raises(Refused, match=r"cannot be asked for through .* bank .*Correct"):
                caller.get(path, parameters)
    with pytest.raises(Refused, match=r"bank leads to no URL .*Correct its host"):
        source(api, connection=api.endpoint(host="http://127.0.0.1:80"))._caller()


@pytest.mark.parametrize("status", [200, 201, 204])
def test_who_takes_what_is_posted_need_not_say_more(status):
    app = FastAPI()
    app.post("/entries")(lambda: Response(status_code=status))
    with served(app) as port, Caller(_bank(port), 0, 0) as caller:
        assert caller.post("/entries", "{}") == {}


def test_an_empty_answer_to_a_question_is_one_cut_short(api):
    api.instead = [PlainTextResponse("")]
    with pytest.raises(Transient, match="is not JSON"):
        source(api, retries=0).about()


def _bank(port: int) -> Endpoint:
    return Api(port=port).endpoint()


@pytest.mark.parametrize(
    "value",
    [
        '"\\u0000"', '{"deep": [{"a": "\\u0000"}]}', '{"a\\u0000": 1}', '["\\ud800"]',
        '"\\udc00"', '{"deep": "\\udcff"}', "1e400000", "1e-400000", "[1e131072]", "1e-16384",
        "1e9999999999999999999999", "-" + "1" * 140_000,
    ],
)  # fmt: skip
def test_what_the_database_cannot_hold_spoils_its_record_alone(api, value):
    fields = '"debitAccountId": "a", "creditAccountId": "b", "transactionType": "T", "amount": 1.00'
    api.instead = [PlainTextResponse(f'[{{{fields}, "note": {value}}}, {{{fields}}}]')] * 2
    opened = source(api)
    assert opened.about() == {"ignored_columns": ["note"]}
    (part,) = opened.parts(opened.begin(), 1)
    assert part.rows[0][1] == "unreadable_line"
    assert "character or a number that the database cannot" in part.rows[0][2]
    assert part.rows[1][7] == "1.00"


def test_a_name_that_the_database_cannot_hold_is_told_to_the_audit_as_it_can(api):
    api.records = [entry() | {"no\0te": 1}]
    assert source(api).about() == {"ignored_columns": ["no\\x00te"]}


@pytest.mark.parametrize("number", ["9e131071", "1e-16383", "1" * 5000, "-0.10"])
def test_what_the_database_can_hold_is_no_fault(api, number):
    record = f'{{"debitAccountId": "a", "transactionType": "\\\\u0000", "amount": {number}}}'
    api.instead = [PlainTextResponse(f"[{record}]")]
    opened = source(api)
    (part,) = opened.parts(opened.begin(), 1)
    assert part.rows[0][1] is None
    assert Decimal(part.rows[0][7]) == Decimal(number)


def test_pages_that_go_round_in_a_circle_are_noticed(api):
    api.instead = [JSONResponse({"data": [entry()], "next_cursor": "x"})] * 3
    with pytest.raises(OperationalFailure, match="round in a circle"):
        amounts(source(api))


def test_what_is_no_object_is_a_record_that_cannot_be_read(api):
    api.instead = [JSONResponse({"data": [5, entry()]})]
    opened = source(api)
    (part,) = opened.parts(opened.begin(), 1)
    assert part.rows[0][1] == "unreadable_line"
    assert part.rows[1][7] == "1.00"


def test_a_connection_that_nobody_opened_as_a_source_is_refused(api):
    with pytest.raises(Refused, match="not opened as a source"):
        source(api, connection=api.endpoint(extra={}))
    with pytest.raises(Refused, match="needs one of type 'http'"):
        source(api, connection=api.endpoint(kind="postgres"))


def test_another_path_window_or_connection_is_another_source(api):
    plain = source(api).fingerprint
    assert source(api).fingerprint == plain
    assert source(api, parameters={"from": "2020"}).fingerprint != plain
    assert source(api, connection=api.endpoint(connection_id="other")).fingerprint != plain
