"""What several checks share."""

import pytest

from orderflow import Orderflow

# Orders fail, are tried again and are undone, and what is done now and then is done all the time.
BUSY = {
    "ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS": "5",
    "ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE": "0.1",
    "ORDERFLOW_PIPELINE__SIMULATED__UNAVAILABLE_RATE": "0.2",
    "ORDERFLOW_PROCESSOR__RETRY_BASE_MS": "20",
    "ORDERFLOW_PROCESSOR__RECLAIM_IDLE_MS": "1000",
    "ORDERFLOW_PROCESSOR__JANITOR_INTERVAL_MS": "100",
    "ORDERFLOW_HEAL__INTERVAL_MS": "500",
    "ORDERFLOW_HEAL__AGE_MS": "1000",
    "ORDERFLOW_PROJECTION__WATCH_INTERVAL_MS": "250",
}


@pytest.fixture(scope="session")
def orderflow():
    """One Orderflow for all checks that only look at it."""
    world = Orderflow(**BUSY)
    yield world
    world.close()
