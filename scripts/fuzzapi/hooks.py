"""What the documents cannot say in a schema: which cursors, tokens and keys there are.

A request that is to be good gets a cursor that an answer gave, with the filters of its list, a token of an order that was
placed (FUZZ_TOKENS), and a key that no other order has. So all of these have to be taken. What is forged is left to the
requests that are to be bad, and to the fuzz tests in Go.
"""

import json
import os
import uuid

import schemathesis

TOKENS = os.environ.get("FUZZ_TOKENS", "").split()

# Of each list, what a cursor is bound to.
LISTS = {
    "GET /api/v1/orders": ("name", "created_after", "created_before"),
    "GET /api/v1/users": ("sort", "order"),
}
USER = "GET /api/v1/users/{name}"
KEY = "Idempotency-Key"

cursors = {label: [] for label in LISTS}  # queries that go on with a list, the newest last
keys = {}  # what was placed under each, and the answer


@schemathesis.hook
def before_call(context, case, **kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    label = case.operation.label
    if label in LISTS:
        follow(case, LISTS[label], cursors[label])
    elif label == USER:
        wait_for_an_order(case)
    elif KEY in (case.headers or {}):
        key = plain(case.headers[KEY])
        if key in keys and keys[key][0] != request_of(case):
            case.headers[KEY] = str(uuid.uuid4())


def follow(case, filters, known):
    """Has a request with a cursor go on with a list that was begun, if it does not already."""
    query = case.query
    if "cursor" not in query or any(query["cursor"] == q["cursor"] and bound(query, filters) == bound(q, filters) for q in known):
        return
    for name in (*filters, "cursor"):
        query.pop(name, None)
    if known:
        query.update(known[len(str(query)) % len(known)])


def bound(query, filters):
    return {name: query[name] for name in filters if name in query}


def wait_for_an_order(case):
    """Has a request wait for an order that was counted: the wait needs a token."""
    if TOKENS and ("after" in case.query or "wait" in case.query):
        case.query["after"] = TOKENS[len(str(case.query)) % len(TOKENS)]


def request_of(case):
    return case.operation.label, repr(case.body)


def plain(key):
    """A key without the quotes that it may have."""
    if key.startswith('"') and key.endswith('"'):
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return key


@schemathesis.hook
def after_call(context, case, response):
    label = case.operation.label
    if label in LISTS and response.status_code == 200:
        cursor = json.loads(response.content).get("next_cursor")
        if cursor:
            cursors[label] = cursors[label][-20:] + [bound(case.query, LISTS[label]) | {"cursor": cursor}]
    if KEY in (case.headers or {}) and response.status_code == 201:
        keys.setdefault(plain(case.headers[KEY]), (request_of(case), response.content))


@schemathesis.check
def one_key_makes_one_order(ctx, response, case):
    """Every retry with a key gets the answer that the first request got."""
    if KEY not in (case.headers or {}) or response.status_code != 201:
        return
    request, answer = keys[plain(case.headers[KEY])]
    assert request == request_of(case), "a key was taken for another order"
    assert response.content == answer, "a retry got another answer"
