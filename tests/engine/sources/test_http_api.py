"""An API as a source, against a server that pages, throttles, fails and repeats itself."""

import email.utils
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.responses import JSONResponse, PlainTextResponse

from apis import serving
from runs import entry
from trueup.errors import OperationalFailure, Refused, Transient
from trueup.sources import http
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
