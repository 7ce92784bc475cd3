"""The limits the loopback Discord enforces."""

from collections.abc import Sequence

import orjson
import pytest
from aiohttp import ClientSession

from tests.loopback.discord.bounds import (
    problems_of_choices,
    problems_of_message,
    problems_of_modal,
    refusal_of,
)
from tests.loopback.discord.limits import Limits, Meter
from tests.loopback.discord.server import DiscordServer
from tests.loopback.discord.wire import Document, RateLimited, RefusedError

SEND = "POST /channels/{channel_id}/messages"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
BUTTON: Document = {"type": 2, "style": 1, "label": "Mute"}


class _Watch:
    """A monotonic clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> _Watch:
    return _Watch()


def test_fifty_requests_fit_into_any_second(watch: _Watch) -> None:
    meter = Meter(Limits(overall=True), watch)
    for number in range(50):
        watch.seconds = 100 + number / 100
        assert meter.admit(SEND, str(number))[1] is None

    _, excess = meter.admit(SEND, "one more")
    watch.seconds = 101.005
    _, later = meter.admit(SEND, "one more")
    _, again = meter.admit(SEND, "and another")

    assert excess is not None
    assert excess.document["global"] is True
    assert excess.retry_after == pytest.approx(0.51)
    assert later is None
    assert again is not None
    assert meter.violations == {"overall": 2}


def test_answers_to_interactions_do_not_count(watch: _Watch) -> None:
    meter = Meter(Limits(overall=True), watch)
    callbacks = [meter.admit(CALLBACK, "")[1] for _ in range(100)]
    sends = [meter.admit(SEND, str(number))[1] for number in range(50)]

    assert callbacks == [None] * 100
    assert sends == [None] * 50


def test_five_messages_fit_into_a_channel_in_five_seconds(watch: _Watch) -> None:
    meter = Meter(Limits(channels=True), watch)
    quotas = [meter.admit(SEND, "1")[0] for _ in range(5)]
    watch.seconds += 2
    _, excess = meter.admit(SEND, "1")
    _, elsewhere = meter.admit(SEND, "2")
    watch.seconds += 3
    _, later = meter.admit(SEND, "1")

    assert [each.remaining for each in quotas] == [4, 3, 2, 1, 0]
    assert excess is not None
    assert (excess.scope, excess.retry_after) == ("user", 3)
    assert (elsewhere, later) == (None, None)
    assert meter.violations == {"channel": 1}


def test_nothing_is_counted_unless_it_is_in_force(watch: _Watch) -> None:
    meter = Meter(Limits(contents=False), watch)
    meter.check(problems_of_message({"content": "x" * 2001}))

    assert {meter.admit(SEND, "1")[1] for _ in range(100)} == {None}
    assert meter.violations.total() == 0
    meter.limits = Limits()
    with pytest.raises(RefusedError):
        meter.check(problems_of_message({"content": "x" * 2001}))


async def test_too_many_requests_are_answered_as_discord_answers_them(server: DiscordServer) -> None:
    server.fail(RateLimited(retry_after=1.5, scope="global"))
    async with ClientSession() as session, session.get(f"{server.rest_url}/gateway") as response:
        body = orjson.loads(await response.read())

    assert response.status == 429
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-RateLimit-Scope"] == "global"
    assert response.headers["X-RateLimit-Global"] == "true"
    assert response.headers["Retry-After"] == "2"
    assert "Via" in response.headers
    assert "X-RateLimit-Bucket" in response.headers
    assert (body["global"], body["retry_after"]) == (True, 1.5)


async def test_a_burst_over_the_overall_limit_is_counted(server: DiscordServer) -> None:
    server.limits = Limits(overall=True)
    async with ClientSession() as session:
        while not server.violations:
            async with session.get(f"{server.rest_url}/gateway") as response:
                await response.read()

    assert server.violations == {"overall": 1}
    assert [each.status for each in server.exchanges[-2:]] == [200, 429]


def _embed(**parts: object) -> Document:
    return {"embeds": [parts]}


def _row(*components: Document) -> Document:
    return {"type": 1, "components": list(components)}


def _fields(count: int, *, name: str = "n", value: str = "v") -> Document:
    return {"fields": [{"name": name, "value": value}] * count}


def _select(count: int, label: str = "l") -> Document:
    options = [{"label": label, "value": str(number)} for number in range(count)]
    return {"components": [_row({"type": 3, "custom_id": "s", "options": options})]}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"content": "x" * 2001}, ["content"]),
        ({"content": "x", "nonce": "n" * 26}, ["nonce"]),
        (_embed(title="x" * 257), ["embeds", "0", "title"]),
        (_embed(description="x" * 4097), ["embeds", "0", "description"]),
        (_embed(footer={"text": "x" * 2049}), ["embeds", "0", "footer", "text"]),
        (_embed(author={"name": "x" * 257}), ["embeds", "0", "author", "name"]),
        (_embed(**_fields(26)), ["embeds", "0", "fields"]),
        (_embed(**_fields(1, name="x" * 257)), ["embeds", "0", "fields", "0", "name"]),
        (_embed(**_fields(1, value="x" * 1025)), ["embeds", "0", "fields", "0", "value"]),
        (_embed(**_fields(1, value="")), ["embeds", "0", "fields", "0", "value"]),
        ({"embeds": [{"description": "x" * 3001}] * 2}, ["embeds"]),
        ({"embeds": [{"title": "x"}] * 11}, ["embeds"]),
        ({"components": [_row({**BUTTON, "custom_id": f"{n}"}) for n in range(6)]}, ["components"]),
        (
            {"components": [_row(*({**BUTTON, "custom_id": f"{n}"} for n in range(6)))]},
            ["components", "0", "components"],
        ),
        (
            {"components": [_row({**BUTTON, "custom_id": "x" * 101})]},
            ["components", "0", "components", "0", "custom_id"],
        ),
        (
            {"components": [_row({**BUTTON, "label": "x" * 81})]},
            ["components", "0", "components", "0", "label"],
        ),
        (
            {"components": [_row({**BUTTON, "custom_id": "a"}, {**BUTTON, "custom_id": "a"})]},
            ["components", "0"],
        ),
        (_select(26), ["components", "0", "components", "0", "options"]),
        (_select(1, "x" * 101), ["components", "0", "components", "0", "options", "0", "label"]),
    ],
    ids=lambda each: ".".join(each) if isinstance(each, list) else "",
)
def test_what_is_too_much_is_named(message: Document, path: Sequence[str]) -> None:
    refusal = refusal_of(problems_of_message(message))

    assert refusal is not None
    assert (refusal.status, refusal.code) == (400, 50035)
    branch = refusal.document["errors"]
    for step in path:
        assert list(branch) == [step]
        branch = branch[step]
    assert list(branch) == ["_errors"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": "x" * 2000, "nonce": "n" * 25},
        {"embeds": [{"title": "x" * 256, "description": "x" * 2744}] * 2},
        {"embeds": [{"description": "x" * 600}] * 10},
        _embed(**_fields(25)),
        {"components": [_row(*({**BUTTON, "custom_id": f"{r}{n}"} for n in range(5))) for r in range(5)]},
        _select(25),
        {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 6},
    ],
    ids=["content", "embed total", "embeds", "fields", "buttons", "select", "newer components"],
)
def test_what_is_just_enough_passes(message: Document) -> None:
    assert refusal_of(problems_of_message(message)) is None


@pytest.mark.parametrize("count", [0, 6])
def test_a_modal_holds_one_to_five_components(count: int) -> None:
    labels = [{"type": 18, "label": "l", "component": {"type": 4, "custom_id": f"{n}"}} for n in range(count)]
    refusal = refusal_of(problems_of_modal({"custom_id": "m", "title": "Rule", "components": labels}))

    assert refusal is not None
    assert list(refusal.document["errors"]["data"]) == ["components"]


def test_a_modal_names_the_label_that_is_too_long() -> None:
    label = {"type": 18, "label": "x" * 46, "component": {"type": 4, "custom_id": "x" * 101}}
    refusal = refusal_of(problems_of_modal({"custom_id": "m", "title": "Rule", "components": [label]}))

    assert refusal is not None
    assert set(refusal.document["errors"]["data"]["components"]["0"]) == {"label", "component"}


@pytest.mark.parametrize(("count", "name"), [(26, "BTC"), (1, "x" * 101), (1, "")])
def test_choices_are_few_and_short(count: int, name: str) -> None:
    choices = [{"name": name, "value": "BTC"}] * count

    assert refusal_of(problems_of_choices({"choices": choices})) is not None
    assert refusal_of(problems_of_choices({"choices": [{"name": "BTC", "value": 1}] * 25})) is None
