"""The document of the door for JSON: real calls and answers are held to it by a validator of others."""

import json

import pytest
import requests
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

import conftest
from conformance import CASES
from test_judge import KEY
from test_limits import configured

DOCUMENT = json.loads((conftest.ROOT / "docs/openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
EVERYTHING = {
    "request_id": "everything", "deadline_ms": 20000,
    "session": {"id": "s", "user": "ana@example.com", "device": "d", "mode": "native", "task": "t"},
    "event": "upload", "action": "upload", "tool": {"name": "mcp__crm__export", "server": "crm", "arguments": {"a": [1]}},
    "destination": {"url": "https://a.example/x", "domain": "a.example", "path": "/x", "method": "POST", "recipient": "bo@b.example"},
    "app": {"id": "i", "category": "finance"}, "file": {"name": "n", "path": "/p", "media_type": "text/plain", "size": 0},
    "content": {"text": "", "media_type": "text/html", "origin": "email", "truncated": True},
}
NOTHING = dict.fromkeys(EVERYTHING)
ASKED = [
    {}, NOTHING, EVERYTHING, {**EVERYTHING, "not_known": 1},
    *(case.request for case in CASES),
    *({"event": event} for event in SCHEMAS["Request"]["properties"]["event"]["enum"]),
    *({"action": action} for action in SCHEMAS["Request"]["properties"]["action"]["enum"]),
    {"session": {"id": "a"}, "event": "response", "content": {"text": "Please summarise this page.", "origin": "webpage"}},
]
# What the door refuses: the document must know it as a fault and the answer as its error.
REFUSED = [[], 1, {"event": "dance"}, {"action": 7}, {"file": {"size": -1}}, {"tool": {"arguments": []}}, {"session": "s"},
           {"destination": {"url": "x" * 16385}}, {"content": {"truncated": "yes"}}, {"deadline_ms": -1}]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    one = conftest.Magistrate(folder, configured(folder) + "[models]\nenabled = true\n").start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def openapi(server):
    document = requests.get(server.url("judge", "/v1/openapi.json"), timeout=60).json()
    assert document == DOCUMENT, "what is served is what is committed"
    return OpenAPI.from_dict({**document, "servers": [{"url": server.url("judge", "")}]})


def call(server, method, path, **options):
    request = requests.Request(method, server.url("judge", path), **options)
    with requests.Session() as session:
        prepared = session.prepare_request(request)
        return request, session.send(prepared, timeout=60)


def undocumented(value, schema):
    """Members of an answer that the document does not name: clients that are generated would not know them."""
    schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    if isinstance(value, list):
        return [name for inner in value for name in undocumented(inner, schema["items"])]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    inner = [name for name, one in value.items() if name in known for name in undocumented(one, known[name])]
    return [name for name in value if name not in known] + inner


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_a_question_and_its_verdict_are_what_the_document_says(server, openapi, number):
    request, answer = call(server, "POST", "/v1/judge", json=ASKED[number])
    assert answer.status_code == 200
    openapi.validate_request(RequestsOpenAPIRequest(request))
    openapi.validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))
    assert undocumented(answer.json(), {"$ref": "#/components/schemas/Verdict"}) == []


def test_every_member_that_is_documented_is_answered_sometimes(server):
    seen = set()
    for asked in ASKED + [
        {"session": {"id": "b"}, "event": "tool_result", "tool": {"name": "WebFetch"}, "content": {"text": "a page", "origin": "webpage"}},
        {"session": {"id": "b"}, "event": "request", "destination": {"url": "https://console.aws.amazon.com/ec2", "method": "GET"}},
        {"event": "tool_call", "tool": {"name": "mcp__crm__note", "arguments": {"text": f"the key is {KEY}"}}},
        # One more than a limit lets pass.
        *[{"session": {"id": "c"}, "event": "tool_call", "tool": {"name": "mcp__crm__lookup_customer", "arguments": {}}}] * 6,
    ]:
        seen |= call(server, "POST", "/v1/judge", json=asked)[1].json().keys()
    # This door carries everything, so that nothing stricter than what was asked for is enforced.
    assert set(SCHEMAS["Verdict"]["properties"]) - seen == {"requested"}


@pytest.mark.parametrize("body", REFUSED)
def test_what_the_door_refuses_the_document_refuses(server, openapi, body):
    request, answer = call(server, "POST", "/v1/judge", json=body)
    assert answer.status_code == 400
    with pytest.raises(Exception, match="(?i)invalid|validation|error"):
        openapi.validate_request(RequestsOpenAPIRequest(request))
    openapi.validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))


def test_an_approval_is_what_the_document_says(server, openapi):
    person = {"event": "request", "destination": {"url": "https://api.github.com/orgs/acme/memberships/of-openapi", "method": "PUT"}}
    verdict = call(server, "POST", "/v1/judge", json=person)[1].json()
    identity = verdict["approval"]["id"]
    token = (server.data / "admin.token").read_text().strip()

    def state():
        request, answer = call(server, "GET", f"/v1/approvals/{identity}", params={"wait_ms": 0})
        openapi.validate_request(RequestsOpenAPIRequest(request))
        openapi.validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))
        assert undocumented(answer.json(), {"$ref": "#/components/schemas/Approval"}) == []
        return answer.json()["state"], answer.json().get("used")

    assert state() == ("pending", None)
    server.post(f"/api/v1/approvals/{identity}/approve", b"", "application/json", {"authorization": f"Bearer {token}"}, "admin")
    assert state() == ("approved", None)
    assert call(server, "POST", "/v1/judge", json=person)[1].json()["decision"] == "allow"
    assert state() == ("expired", True)
    request, answer = call(server, "GET", "/v1/approvals/none")
    assert answer.status_code == 404
    openapi.validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))


def test_a_stranger_and_a_body_too_large_are_answered_as_the_document_says(magistrate, tmp_path, openapi):
    tokens = tmp_path / "judge.tokens"
    tokens.write_text("caller secret-token-of-a-caller\n")
    server = magistrate("[judge]\nmax_body_bytes = 1000\n" + f'[auth]\njudge_tokens = "{tokens}"\n').start()
    own = OpenAPI.from_dict({**DOCUMENT, "servers": [{"url": server.url("judge", "")}]})
    for headers, body, status in [({}, {}, 401), ({"authorization": "Bearer secret-token-of-a-caller"}, {"content": {"text": "x" * 2000}}, 413)]:
        request, answer = call(server, "POST", "/v1/judge", json=body, headers=headers)
        assert answer.status_code == status
        own.validate_response(RequestsOpenAPIRequest(request), RequestsOpenAPIResponse(answer))
    assert requests.get(server.url("judge", "/v1/openapi.json"), timeout=60).status_code == 200
