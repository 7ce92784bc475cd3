"""One running market and one ccxt client per venue for a whole module; faults end with each test."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from monitors.exchanges.profile import Exchange
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.venues import START, a_client


@pytest.fixture(scope="module")
def clock() -> FakeClock:
    return FakeClock(present=START)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(clock: FakeClock) -> AsyncIterator[Simulator]:
    async with Simulator(Market(started_at=START, story=False), clock) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(running: Simulator) -> AsyncIterator[Mapping[str, Exchange]]:
    """Return unmodified ccxt clients whose markets are loaded."""
    async with AsyncExitStack() as stack:
        opened = {}
        for venue in running.venues:
            opened[venue] = a_client(running, venue)
            stack.push_async_callback(opened[venue].close)
            await opened[venue].load_markets()
        yield opened


@pytest.fixture
def simulator(running: Simulator, clock: FakeClock) -> Iterator[Simulator]:
    """Return the running market, without what other tests did to it."""
    running.requests.clear()
    yield running
    running.clear_faults()
    clock.present = START
