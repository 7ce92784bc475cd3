from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from pydantic import SecretStr

from bot.config import ConfigurationError
from bot.demo import RULES, demo, simulated
from monitors.clock import SystemClock
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.bot.markets import settings_for
from tests.builders import NOON
from tests.fakes import FakeClock

SHORT = timedelta(seconds=1)


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_demo_never_starts_while_a_token_is_set(tmp_path: Path, platform: str) -> None:
    token = SecretStr("123:not-to-be-seen")
    settings = settings_for(tmp_path, "bybit").model_copy(update={f"{platform}_bot_token": token})

    with pytest.raises(ConfigurationError, match=f"while {platform.upper()}_BOT_TOKEN is set") as caught:
        await demo(settings, FakeClock(), length=SHORT, seed=1)

    assert "not-to-be-seen" not in str(caught.value)


async def test_a_demo_differs_from_a_bot_only_in_what_a_user_could_set(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "real", "mexc")
    async with Simulator(Market(started_at=NOON), FakeClock()) as simulator:
        own = simulated(settings, simulator, tmp_path)

        assert own.ccxt_options() == simulator.ccxt_config()

    assert own.venues == simulator.venues
    assert own.database.parent == tmp_path
    assert own.poll_interval < settings.poll_interval


async def test_a_tour_ends_by_itself_and_every_message_of_it_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.demo.is_interactive", lambda: False)
    settings = settings_for(tmp_path, "mexc")

    with structlog.testing.capture_logs():
        tally = await demo(settings, SystemClock(), length=SHORT, seed=1)

    messages = capsys.readouterr().out.split("\n> ")
    assert messages[0].startswith(f"> {RULES[0]}")
    assert [message.split("\n")[1].startswith("SIMULATED") for message in messages] == [True] * len(messages)
    assert messages[-1].startswith("/help")
    assert tally.venues <= {"binanceusdm", "bybit", "okx", "gate", "hyperliquid"}
    assert not settings.database.exists()


async def test_at_a_terminal_a_person_may_leave_a_demo_and_its_length_ends_it_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.demo.is_interactive", lambda: True)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        ended = await demo(settings_for(tmp_path, "mexc"), SystemClock(), length=SHORT, seed=1)
        keys.send_text("/quit\r")
        left = await demo(settings_for(tmp_path, "mexc"), SystemClock(), length=None, seed=1)

    assert ended.lost == left.lost == 0
