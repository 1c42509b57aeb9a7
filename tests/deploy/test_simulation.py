"""The autoscaler's formula as Kubernetes documents it, the queue that loses nothing, and what the chart's values do."""

import xml.etree.ElementTree

import pytest
import yaml

import autoscale_sim
from orderflow import Orderflow, eventually
from simulation.autoscaler import Autoscaler, Values, wish
from simulation.picture import draw
from simulation.scenarios import Scenario, run, scenarios
from simulation.workers import Worker
from tools import CHART, ROOT, of_kind, with_settings

CHART_VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
WORKER = Worker(rate=200, concurrency=32, reclaim_idle=30)
AT_ONCE = {"type": "Percent", "value": 10000, "periodSeconds": 15}
FREE = {direction: {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [AT_ONCE]} for direction in ("scaleUp", "scaleDown")}


def autoscaler(**changes):
    return Autoscaler(Values(**{"minimum": 1, "maximum": 10, "targets": (100,), "behavior": FREE, **changes}))


@pytest.mark.parametrize("metric, replicas, wanted", [
    (0, 3, 0), (250, 1, 3), (300, 3, 3),
    # Within a tenth of the target nothing moves, beyond it everything does.
    (329, 3, 3), (331, 3, 4), (271, 3, 3), (269, 3, 3), (199, 3, 2),
    # Redis does not know the lag.
    (-1, 3, 0), (None, 3, None),
])
def test_the_wish_of_one_metric(metric, replicas, wanted):
    assert wish(metric, 100, replicas) == wanted


def test_the_largest_wish_counts_within_the_bounds():
    assert autoscaler(targets=(100, 10)).decide(0, (250, 70), 1) == 7
    assert autoscaler().decide(0, (99_999,), 2) == 10
    assert autoscaler(minimum=3).decide(0, (0,), 5) == 3


def test_a_metric_that_is_missing_scales_up_if_others_wish_it_and_never_down():
    assert autoscaler(targets=(100, 10)).decide(0, (None, 0), 5) == 5
    assert autoscaler(targets=(100, 10)).decide(0, (None, 70), 5) == 7


@pytest.mark.parametrize("select, expected", [("Max", 6), ("Min", 4), ("Disabled", 2)])
def test_policies_bound_a_step(select, expected):
    policies = [{"type": "Percent", "value": 100, "periodSeconds": 15}, {"type": "Pods", "value": 4, "periodSeconds": 15}]
    behavior = {**FREE, "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": select, "policies": policies}}
    assert autoscaler(behavior=behavior).decide(0, (900,), 2) == expected


def test_a_policy_counts_what_was_added_within_its_period():
    policies = [{"type": "Pods", "value": 4, "periodSeconds": 60}]
    one = autoscaler(behavior={**FREE, "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": policies}})
    course, replicas = [], 1
    for now in range(0, 90, 15):
        replicas = one.decide(now, (1000,), replicas)
        course.append(replicas)
    assert course == [5, 5, 5, 5, 9, 9]


def test_the_way_down_waits_for_its_window():
    behavior = {**FREE, "scaleDown": {**FREE["scaleDown"], "stabilizationWindowSeconds": 300}}
    one, replicas, course = autoscaler(behavior=behavior), 8, []
    for now in range(0, 360, 15):
        replicas = one.decide(now, (800 if now == 0 else 0,), replicas)
        course.append(replicas)
    assert course.index(1) * 15 == 300 and set(course) == {8, 1}


def test_keda_goes_to_nothing_after_its_cooldown_and_back_at_the_first_order():
    one, replicas, course = autoscaler(minimum=0, cooldown=60, polling=10), 1, []
    for now in range(200):
        replicas = one.decide(now, (1 if now == 133 or now == 140 else 0,), replicas)
        course.append(replicas)
    assert course[59:61] == [1, 0] and course[139:141] == [0, 1]


@pytest.mark.parametrize("mode", ["keda", "hpa"])
@pytest.mark.parametrize("scenario", scenarios(200), ids=lambda scenario: scenario.name)
def test_every_order_is_finished_or_still_there(scenario, mode):
    settings, *_ = autoscale_sim.of_chart(CHART_VALUES)
    course = run(scenario, WORKER, settings, mode)
    pool = course.pool
    there = sum(count for _, count in pool.waiting) + sum(count for _, count in pool.in_hand)
    there += sum(count for _, orders in pool.orphaned for _, count in orders)
    assert pool.arrived == pytest.approx(pool.finished + there)
    assert settings.minimum <= min(course.replicas) and max(course.replicas) <= settings.maximum
    assert len(course.replicas) == scenario.seconds


@pytest.mark.parametrize("mode", ["keda", "hpa"])
def test_the_charts_values_keep_up(mode):
    """What docs/SCALING.md says of them."""
    longest = {scenario.name: courses[mode].figures()["longest wait s"] for scenario, courses in autoscale_sim.simulate(CHART_VALUES, 200)}
    assert longest["steady"] <= 30 and longest["burst"] <= 60 and longest["sawtooth"] <= 30
    # The orders of the dead are taken over after 30 s.
    assert longest["dying"] <= 45
    # Workers with their hands full stay, although the lag reads as -1.
    assert longest["unknown-lag"] <= 60


def test_without_the_pending_trigger_an_unknown_lag_takes_the_workers_away():
    settings, *_ = autoscale_sim.of_chart(CHART_VALUES)
    alone = Values(minimum=1, maximum=10, targets=settings.targets[:1] + (10**9,), behavior=settings.behavior)
    unknown = next(scenario for scenario in scenarios(200) if scenario.name == "unknown-lag")
    assert max(run(unknown, WORKER, alone, "keda").age) > 200 > max(run(unknown, WORKER, settings, "keda").age)


def test_a_pool_that_dies_leaves_its_orders_to_the_others():
    scenario = Scenario("x", "x", 200, lambda now: 400 if now < 60 else 0, dies_at=50)
    settings = Values(minimum=2, maximum=2, targets=(500, 24), behavior=FREE)
    course = run(scenario, WORKER, settings, "keda")
    assert course.pool.finished == pytest.approx(60 * 400)
    assert 30 <= max(course.age) <= 90


def test_the_numbers_are_those_that_the_chart_renders():
    settings, *_ = autoscale_sim.of_chart(CHART_VALUES)
    scaled, = of_kind(with_settings("autoscaling.mode=keda"), "ScaledObject")
    metadata = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]
    assert settings.targets == (int(metadata[0]["lagCount"]), int(metadata[1]["pendingEntriesCount"]))
    assert settings.behavior == scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert (settings.minimum, settings.maximum) == (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"])


def test_the_pictures_in_the_documentation_are_what_the_values_give():
    for scenario, courses in autoscale_sim.simulate(CHART_VALUES, autoscale_sim.MEASURED_RATE):
        picture = draw(scenario, courses)
        xml.etree.ElementTree.fromstring(picture)
        file = ROOT / f"docs/scaling/{scenario.name}.svg"
        assert file.read_text() == picture, "run  make autoscale-sim  and commit the result"


def test_a_real_worker_holds_what_its_own_time_keeps_in_hand():
    """The rate is concurrency divided by an order's own time: as many are in work as fit, no more and no fewer."""
    world = Orderflow(ORDERFLOW_PROCESSOR__CONCURRENCY="8", ORDERFLOW_PROCESSOR__BATCH="8", ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS="100")
    try:
        world.stop("order-processor")
        orders = [{"user_id": "u", "item_ids": ["a"], "total_amount": 1}] * 200
        assert world.api("/orders/batch", {"orders": orders})[0] < 300
        eventually("they wait", lambda: world.api("/orders/status/")[1]["queue_length"] == 200)
        world.start("order-processor")
        scaler = world.redis.client("scaler")

        def in_hand():
            pending = scaler.xpending("orderflow:{0}:queue", "order-processor")["pending"]
            return pending if pending >= 8 else None

        full = eventually("its hands are full", in_hand)
        # What is finished stays pending until its ledger is written: a batch at most.
        assert 8 <= full <= 16
    finally:
        world.close()
