"""Backup and restore with the real programs: the same orders, and those that were not finished are finished."""

import pathlib
import subprocess

import pytest

from orderflow import Orderflow, eventually
from tools import PROGRAMS, SERVICES


@pytest.fixture
def shop():
    world = Orderflow(
        ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS="2",
        ORDERFLOW_HEAL__INTERVAL_MS="500",
        ORDERFLOW_HEAL__AGE_MS="1000",
        ORDERFLOW_PROJECTION__REBUILD_AGAIN_MS="1000",
    )
    yield world
    world.close()


def restore(shop, service, copy):
    """What docs/OPERATIONS.md says: the file at its place, and nothing of the old one beside it."""
    for old in shop.folder.glob(f"{service}.db*"):
        old.unlink()
    (shop.folder / f"{service}.db").write_bytes(copy)


def test_what_was_backed_up_comes_back(shop):
    completed = [shop.place() for _ in range(25)]
    before = {order: shop.api(f"/orders/{order}?wait=30")[1] for order in completed}
    assert {order["status"] for order in before.values()} == {"completed"}
    shop.stop("order-processor")
    waiting = [shop.place() for _ in range(5)]

    copied = shop.run("order-api", "backup", shop.folder / "orders.backup")
    assert (copied.returncode, copied.stdout) == (0, ""), copied.stderr
    later = [shop.place() for _ in range(3)]
    shop.start("order-processor")
    for order in waiting + later:
        assert shop.api(f"/orders/{order}?wait=30")[1]["status"] == "completed"
    shop.stop("order-api")
    restore(shop, "order-api", (shop.folder / "orders.backup").read_bytes())
    shop.start("order-api")

    eventually("order-api is ready", lambda: shop.get("order-api", "/readyz")[0] == 200)
    assert {order: shop.api(f"/orders/{order}")[1] for order in completed} == before
    # They were completed after the backup, and Redis has no message for them any more: they are published again.
    for order in waiting:
        assert shop.api(f"/orders/{order}?wait=60")[1]["status"] == "completed"
    # What came after the backup is gone, and nothing trips over it.
    assert {shop.api(f"/orders/{order}")[0] for order in later} == {404}
    assert shop.api(f"/orders/{shop.place()}?wait=30")[1]["status"] == "completed"


def test_every_service_prints_its_database(shop):
    """For a container, from which no file can be taken."""
    order = shop.place()
    assert shop.api(f"/orders/{order}?wait=30")[1]["status"] == "completed"
    for service in SERVICES:
        process = subprocess.run([PROGRAMS / service, "backup", "-"], env=shop.variables(service), cwd=shop.folder,
                                 capture_output=True, timeout=60)
        assert process.returncode == 0, process.stderr
        assert process.stdout.startswith(b"SQLite format 3\0"), service
        shop.stop(service)
        restore(shop, service, process.stdout)
        shop.start(service)
        eventually(f"{service} is ready", lambda service=service: shop.get(service, "/readyz")[0] == 200)
    assert shop.api(f"/orders/{order}")[1]["status"] == "completed"
    assert list(pathlib.Path(shop.folder).glob("*.unfinished-*")) == []


def test_a_backup_that_is_not_possible_says_why(shop):
    taken = shop.folder / "taken"
    taken.write_text("somebody's")
    refused = shop.run("order-api", "backup", taken)
    assert refused.returncode == 1 and "is there already" in refused.stderr
    assert taken.read_text() == "somebody's"
