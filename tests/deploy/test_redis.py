"""The users of the chart's Secret against a real redis-server, and the real services under them."""

import re

import pytest
import redis

import scaler
from orderflow import Server, eventually
from tools import CHART, ROOT, SERVICES, of_kind, with_settings

SCALED, = of_kind(with_settings("autoscaling.mode=keda"), "ScaledObject")
STREAM = SCALED["spec"]["triggers"][0]["metadata"]["stream"]
GROUP = SCALED["spec"]["triggers"][0]["metadata"]["consumerGroup"]
FINAL = ("completed", "failed")
# Which scripts of shared/streams each service calls.
SCRIPTS = {
    "order-api": ["absent", "cancel", "frames", "progress", "publish", "redrive", "status"],
    "order-processor": ["accept", "finish", "frames", "heartbeat", "promote", "retire", "trim"],
    "metrics-service": ["progress", "status"],
}


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def admin(server):
    admin = server.client("admin")
    admin.flushall()
    return admin


@pytest.fixture
def looking(server):
    return server.client("scaler")


def test_services_do_all_they_do_with_what_their_users_may(orderflow):
    """Every order's way, cancelling, retries, dead letters, trimming; then Redis tells of whatever it denied."""
    orders = [orderflow.place() for _ in range(20)]
    for order in orders:
        assert orderflow.api(f"/orders/{order}?wait=30")[1]["status"] in FINAL
    admin = orderflow.redis.client("admin")
    # A message that nobody can read becomes a dead letter.
    admin.xadd(STREAM, {"nonsense": "1"})
    eventually("the dead letter is there", lambda: orderflow.api("/dead-letters")[1]["dead_letters"])
    assert orderflow.api("/dead-letters/redrive", {"all": True, "dry_run": False})[0] == 200
    letter = eventually("it is there again", lambda: orderflow.api("/dead-letters")[1]["dead_letters"])[0]
    assert orderflow.api(f"/dead-letters/{letter['id']}", method="DELETE")[0] in (200, 204)
    # With the worker stopped, one order can be cancelled and the next one waits.
    orderflow.stop("order-processor")
    cancelled, waits = orderflow.place(), orderflow.place()
    # What undoes a failed order may wait there, too.
    eventually("both are published", lambda: orderflow.api("/orders/status/")[1]["queue_length"] >= 2)
    assert orderflow.api(f"/orders/{cancelled}/cancel", {})[0] == 200
    assert scaler.waiting(orderflow.redis.client("scaler"), STREAM, GROUP) >= 2
    orderflow.start("order-processor")
    assert orderflow.api(f"/orders/{waits}?wait=30")[1]["status"] in FINAL
    # The groups are gone, and made again by whoever notices.
    admin.xgroup_destroy(STREAM, GROUP)
    again = orderflow.place()
    assert orderflow.api(f"/orders/{again}?wait=30")[1]["status"] in FINAL
    # Redis loses everything: epochs, sweeps, the rebuild of the numbers.
    admin.flushall()
    last = orderflow.place()
    assert orderflow.api(f"/orders/{last}?wait=60")[1]["status"] in FINAL
    eventually("the numbers are right again", lambda: orderflow.api("/orders/metrics")[1].get("total_orders_processed", 0) >= 23)
    assert [entry for entry in admin.acl_log() if entry["username"] in SERVICES] == []
    for service, log in orderflow.logs().items():
        assert "NOPERM" not in log, service


def test_a_right_that_is_missing_is_seen(orderflow):
    admin = orderflow.redis.client("admin")
    admin.acl_log_reset()
    admin.execute_command("ACL", "SETUSER", "order-processor", "-xautoclaim")
    denied = eventually("Redis tells what it denied", admin.acl_log)
    assert {(entry["username"], entry["object"]) for entry in denied} == {("order-processor", "xautoclaim")}
    admin.execute_command("ACL", "SETUSER", "order-processor", "+xautoclaim")


def test_names_are_those_of_the_services(orderflow):
    admin = orderflow.redis.client("admin")
    assert [group["name"] for group in admin.xinfo_groups(STREAM)] == [GROUP]
    # What order-api makes at its start is there before any worker is.
    assert {key.rsplit(":", 1)[1] for key in admin.scan_iter("orderflow:{0}:*")} >= {"queue", "events"}


@pytest.mark.parametrize("service", SERVICES)
def test_users_may_what_their_scripts_call(service):
    """Also what no test gets them to call, such as removing a consumer that has been gone for an hour."""
    lines = [line for line in (CHART / f"acl/{service}.acl").read_text().splitlines() if line[:1] != "#"]
    allowed = {word[1:] for line in lines for word in line.split() if word[0] == "+"}
    called = set()
    for script in SCRIPTS[service]:
        text = (ROOT / f"shared/streams/scripts/{script}.lua").read_text()
        for command, following in re.findall(r"redis\.p?call\('(\w+)'(?:, '(\w+)')?", text):
            has_subcommand = command in ("XINFO", "XGROUP")
            called.add(f"{command}|{following}".lower() if has_subcommand else command.lower())
    assert called, "no calls found in the scripts"
    assert called - allowed == set()
    assert {name for names in SCRIPTS.values() for name in names} == {file.stem for file in (ROOT / "shared/streams/scripts").glob("*.lua")}


@pytest.mark.parametrize("user", SERVICES)
@pytest.mark.parametrize("command", [
    "FLUSHALL", "CONFIG GET *", "KEYS *", "ACL LIST", "DEL orderflow:{0}:queue", "GET other", "SET other 1",
    "SCRIPT FLUSH", "SHUTDOWN NOSAVE", "XADD other * a b", "MONITOR", "REPLICAOF NO ONE",
])
def test_no_service_may_more(server, user, command):
    with pytest.raises(redis.exceptions.NoPermissionError):
        server.client(user).execute_command(*command.split())


@pytest.mark.parametrize("user, command", [
    ("order-api", "SET orderflow:snapshot x"),
    ("order-api", "XTRIM orderflow:{0}:queue MAXLEN 0"),
    ("order-processor", "GET orderflow:{0}:epoch"),
    ("order-processor", "HGET orderflow:{0}:published x"),
    ("metrics-service", "XADD orderflow:{0}:queue * a b"),
    ("scaler", "XADD orderflow:{0}:queue * a b"),
    ("scaler", "XLEN orderflow:{0}:events"),
    ("scaler", "XREADGROUP GROUP order-processor me STREAMS orderflow:{0}:queue >"),
    ("scaler", "EVAL return 0"),
])
def test_what_is_another_ones_is_refused(server, user, command):
    with pytest.raises(redis.exceptions.NoPermissionError):
        server.client(user).execute_command(*command.split())


def test_without_a_password_nothing_but_a_ping(server):
    anybody = redis.Redis(port=server.port, decode_responses=True)
    assert anybody.ping()
    for command in ("INFO", "XLEN orderflow:{0}:queue", "GET orderflow:snapshot"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            anybody.execute_command(*command.split())


def test_the_lag_of_no_stream_is_nothing(admin, looking):
    assert scaler.waiting(looking, STREAM, GROUP) == 0
    with pytest.raises(redis.ResponseError, match="NOGROUP"):
        scaler.in_work(looking, STREAM, GROUP)


def test_without_the_group_the_whole_stream_counts(admin, looking):
    """Why the services make the groups at their start: what was finished long ago would be counted, too."""
    for _ in range(100):
        admin.xadd(STREAM, {"a": 1})
    assert scaler.waiting(looking, STREAM, GROUP) == 100
    admin.xgroup_create(STREAM, GROUP, id="0")
    admin.xreadgroup(GROUP, "worker", {STREAM: ">"}, count=30)
    assert (scaler.waiting(looking, STREAM, GROUP), scaler.in_work(looking, STREAM, GROUP)) == (70, 30)
    assert scaler.waiting(looking, STREAM, "order-procesor") == 100


def test_what_is_in_work_keeps_its_workers(admin, looking):
    """All given out and none finished: by the lag alone every worker would be scaled away with its hands full."""
    admin.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for _ in range(100):
        admin.xadd(STREAM, {"a": 1})
    entries = admin.xreadgroup(GROUP, "worker", {STREAM: ">"}, count=100)
    lag, pending = scaler.waiting(looking, STREAM, GROUP), scaler.in_work(looking, STREAM, GROUP)
    assert (lag, pending) == (0, 100)
    assert scaler.desired([lag], [500], 0, 10) == 0
    assert scaler.desired([lag, pending], [500, 24], 0, 10) == 5
    (_, delivered), = entries.items() if isinstance(entries, dict) else entries
    delivered = delivered[0] if isinstance(entries, dict) else delivered
    admin.xack(STREAM, GROUP, *(entry for entry, _ in delivered))
    assert scaler.in_work(looking, STREAM, GROUP) == 0


def test_an_unknown_lag_reads_as_less_than_nothing(admin, looking):
    """After XDEL of a message that was not delivered. Orderflow never does that; a person might."""
    admin.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    ids = [admin.xadd(STREAM, {"a": 1}) for _ in range(24)]
    admin.xreadgroup(GROUP, "worker", {STREAM: ">"}, count=2)
    admin.xdel(STREAM, ids[10])
    lag, pending = scaler.waiting(looking, STREAM, GROUP), scaler.in_work(looking, STREAM, GROUP)
    assert (lag, pending) == (-1, 2)
    assert scaler.desired([lag], [500], 0, 10) == 0
    # minReplicas 1 keeps a worker whatever is read, and one worker empties the queue: then Redis knows the lag again.
    assert scaler.desired([lag, pending], [500, 24], 1, 10) == 1
    while admin.xreadgroup(GROUP, "worker", {STREAM: ">"}, count=100):
        pass
    assert scaler.waiting(looking, STREAM, GROUP) == 0


def test_metrics_service_says_when_the_lag_is_unknown(orderflow):
    """The metric that the alert OrderflowLagUnknown watches."""
    admin = orderflow.redis.client("admin")

    def shown(line):
        return lambda: re.search(f"^{line}$", orderflow.get("metrics-service", "/metrics")[1], re.MULTILINE)

    eventually("the lag is known", shown('orderflow_queue_lag_known{partition="0"} 1'))
    orderflow.stop("order-processor")
    for _ in range(3):
        orderflow.place()
    eventually("orders wait", shown('orderflow_queue_waiting_orders{partition="0"} ([3-9]|[0-9]{2,})'))
    # An order is lost here on purpose; order-api would publish it again after a minute.
    middle = admin.xrevrange(STREAM, count=2)[1][0]
    admin.xdel(STREAM, middle)
    eventually("it is not known", shown('orderflow_queue_lag_known{partition="0"} 0'))
    assert "orderflow_queue_waiting_orders" not in orderflow.get("metrics-service", "/metrics")[1]
    orderflow.start("order-processor")
    eventually("it is known again", shown('orderflow_queue_lag_known{partition="0"} 1'))


def test_down_to_nothing_the_scaler_may_count_the_retries(server):
    plain = server.client("scaler")
    # As the scaler does it.
    count = """
        local t = redis.call('type', KEYS[1]).ok
        if t == 'zset' then return redis.call('zcard', KEYS[1]) end
        return redis.call('llen', KEYS[1])
    """
    with pytest.raises(redis.exceptions.NoPermissionError):
        plain.eval(count, 1, "orderflow:{0}:delayed")
    to_zero = Server("autoscaling.mode=keda", "autoscaling.minReplicas=0")
    try:
        client = to_zero.client("scaler")
        assert client.eval(count, 1, "orderflow:{0}:delayed") == 0
        to_zero.client("admin").zadd("orderflow:{0}:delayed", {"a": 1, "b": 2})
        assert client.eval(count, 1, "orderflow:{0}:delayed") == 2
    finally:
        to_zero.stop()
