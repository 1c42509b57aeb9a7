"""What the running services export: well formed, documented, and no more of it whatever strangers ask for."""

import itertools
import uuid

import pytest

from metrics_table import DOCUMENT, exercised, families, of_document, table, unit
from orderflow import Orderflow, eventually
from tools import SERVICES, run


@pytest.fixture(scope="module")
def texts(orderflow):
    return exercised(orderflow)


def complaints(text):
    return run("promtool", "check", "metrics", stdin=text)


@pytest.mark.parametrize("service", SERVICES)
def test_promtool_has_nothing_to_complain_about(service, texts):
    done = complaints(texts[service])
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), service


def test_promtool_complains_about_what_is_badly_named(texts):
    badly = texts["order-api"].replace("orderflow_sqlite_wal_bytes", "orderflow_sqlite_wal_kilobytes")
    assert "kilobytes" in complaints(badly).stderr


def test_the_documentation_lists_every_metric_as_it_is(texts):
    text = DOCUMENT.read_text()
    begin, end = of_document(text)
    assert text[begin:end].splitlines() == table(texts).splitlines(), "run  make metrics-table  and commit the result"


def test_times_and_sizes_end_in_their_unit(texts):
    for service, name in ((service, name) for service in SERVICES for name in families(texts[service])):
        words = set(name.split("_"))
        assert not words & {"ms", "millis", "milliseconds", "micros", "kb", "mb"}, name
        if words & {"duration", "age", "oldest", "time"}:
            assert unit(name) == "seconds", name


@pytest.mark.parametrize("service", SERVICES)
def test_strangers_make_no_labels(service, orderflow, texts):
    def ask_for_anything(times):
        for number in range(times):
            for path in (f"/orders/ORD-{uuid.uuid4()}", f"/orders/{number}/events", f"/{uuid.uuid4()}", f"/orders/x/{number}",
                         f"/orders?user_id={uuid.uuid4()}", f"/metrics/{number}", f"/%00{number}", f"/docs/{number}"):
                assert orderflow.get(service, path)[0] in (200, 400, 404), path
            assert orderflow.get(service, f"/orders/{number}", method=f"M{number}")[0] in (404, 405)
        return series(orderflow.get(service, "/metrics")[1])

    # Whatever there can be is there after the first round; only what the services do by themselves may be added.
    first = ask_for_anything(1)
    more = ask_for_anything(25) - first
    assert not {one for one in more if "orderflow_http_" in one}, more
    routes = {one.split('route="', 1)[1].split('"', 1)[0] for one in first if 'route="' in one}
    assert "unmatched" in routes
    assert not [route for route in routes if any(character.isdigit() for character in route)], routes


def series(text):
    return {line.rsplit(" ", 1)[0] for line in text.splitlines() if line[:1] != "#"}


def test_ids_are_no_labels(texts):
    for line in itertools.chain.from_iterable(text.splitlines() for text in texts.values()):
        assert "ORD-" not in line and "user-1" not in line and "sku-1" not in line, line


def value(orderflow, service, name):
    """Of a metric without labels; None: it is absent."""
    lines = (line.split(" ") for line in orderflow.get(service, "/metrics")[1].splitlines())
    return next((float(words[-1]) for words in lines if words[0] == name), None)


def test_the_outbox_is_seen_while_redis_is_away():
    world = Orderflow()
    try:
        world.api(f"/orders/{world.place()}?wait=30")
        depth, age = "orderflow_outbox_unpublished_orders", "orderflow_outbox_oldest_unpublished_seconds"
        assert (value(world, "order-api", depth), value(world, "order-api", age)) == (0, 0)
        eventually("the queue is seen", lambda: value(world, "metrics-service", "orderflow_queue_dead_letters") == 0)
        world.redis.process.kill()
        for _ in range(7):
            world.place()
        assert value(world, "order-api", depth) == 7
        first = value(world, "order-api", age)
        eventually("they grow older", lambda: value(world, "order-api", age) > first > 0)
        # Another run of the service finds what the last one left: the seven, and the first one if its row was still there.
        world.processes.pop("order-api").kill()
        world.start("order-api")
        eventually("it is back", lambda: value(world, "order-api", depth) in (7, 8))
        assert value(world, "order-api", age) > first
        # No number is better than one that was true once.
        eventually("the queue is not seen", lambda: value(world, "metrics-service", "orderflow_queue_dead_letters") is None)
    finally:
        world.close()

