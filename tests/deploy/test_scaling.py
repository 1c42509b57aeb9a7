"""What KEDA and the autoscaler are told: keys that they know, and streams that the workers read."""

import copy

import pytest
import yaml

from schema_of_crd import schemas
from tools import CASES, of_kind, rendered, with_settings

SCHEMAS = schemas()
# What each scaler reads of its metadata, from KEDA's sources; anything else it would ignore.
METADATA = {
    "redis-streams": {"address", "stream", "consumerGroup", "lagCount", "activationLagCount", "pendingEntriesCount", "enableTLS"},
    "redis-cluster-streams": {"addresses", "stream", "consumerGroup", "lagCount", "activationLagCount", "pendingEntriesCount", "enableTLS"},
    "redis": {"address", "listName", "listLength", "enableTLS"},
    "redis-cluster": {"addresses", "listName", "listLength", "enableTLS"},
}
KEDA = {case.stem: rendered(case) for case in CASES if of_kind(rendered(case), "ScaledObject")}


def complaints(document):
    found = [error.message for error in SCHEMAS[document["kind"]].iter_errors(document)]
    names = [trigger.get("name") for trigger in document["spec"].get("triggers", [])]
    if len(set(names)) != len(names):
        found.append("a trigger's name is used twice")
    for trigger in document["spec"].get("triggers", []):
        known = METADATA.get(trigger["type"])
        if known is None:
            found.append(f"unknown scaler {trigger['type']}")
            continue
        if set(trigger["metadata"]) - known:
            found.append(f"unknown metadata {set(trigger['metadata']) - known}")
        # With both in one trigger, KEDA takes the lag and forgets the other.
        if {"lagCount", "pendingEntriesCount"} <= set(trigger["metadata"]):
            found.append("one trigger for lag and pending")
    return found


@pytest.mark.parametrize("where", KEDA)
def test_keda_knows_every_key(where):
    for kind in ("ScaledObject", "TriggerAuthentication"):
        document, = of_kind(KEDA[where], kind)
        assert complaints(document) == []


@pytest.mark.parametrize("change, what", [
    (lambda spec: spec.update(minReplicas=1), "minReplicas"),
    (lambda spec: spec["triggers"][0]["metadata"].update(lagcount="5"), "lagcount"),
    (lambda spec: spec["triggers"][0]["metadata"].update(lagCount=5), "not of type 'string'"),
    (lambda spec: spec["triggers"][0]["metadata"].update(pendingEntriesCount="5"), "one trigger"),
    (lambda spec: spec["triggers"][0].update(type="redis-stream"), "unknown scaler"),
    (lambda spec: spec["triggers"][0].update(name=spec["triggers"][1]["name"]), "twice"),
    (lambda spec: spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleUp"].update(selectPolcy="Max"), "selectPolcy"),
])
def test_the_check_sees_what_keda_would_ignore(change, what):
    document = copy.deepcopy(of_kind(KEDA["keda-values"], "ScaledObject")[0])
    change(document["spec"])
    assert any(what in complaint for complaint in complaints(document)), complaints(document)


@pytest.mark.parametrize("where", KEDA)
def test_every_partition_has_its_pair(where):
    document, = of_kind(KEDA[where], "ScaledObject")
    target, = (d for d in of_kind(KEDA[where], "StatefulSet") if d["metadata"]["name"] == document["spec"]["scaleTargetRef"]["name"])
    # Otherwise an upgrade would set the number that the autoscaler had chosen.
    assert "replicas" not in target["spec"]
    environment = {variable["name"]: variable.get("value") for variable in target["spec"]["template"]["spec"]["containers"][0]["env"]}
    partitions = range(int(environment["ORDERFLOW_REDIS__PARTITIONS"]))
    asked = [(trigger["metadata"].get("stream", trigger["metadata"].get("listName")),
              next(key for key in ("lagCount", "pendingEntriesCount", "listLength") if key in trigger["metadata"]))
             for trigger in document["spec"]["triggers"]]
    expected = []
    for partition in partitions:
        expected += [(f"orderflow:{{{partition}}}:queue", "lagCount"), (f"orderflow:{{{partition}}}:queue", "pendingEntriesCount")]
        if document["spec"]["minReplicaCount"] == 0:
            expected.append((f"orderflow:{{{partition}}}:delayed", "listLength"))
    assert asked == expected


def test_partitions_share_what_the_whole_queue_may_be():
    """The autoscaler takes the largest wish, not the sum: 900 waiting in three partitions are 300 in each."""
    one, = of_kind(with_settings("autoscaling.mode=keda", "autoscaling.lagCount=900"), "ScaledObject")
    three, = of_kind(KEDA["keda-to-zero-values"], "ScaledObject")
    assert {t["metadata"].get("lagCount") for t in one["spec"]["triggers"]} == {"900", None}
    assert {t["metadata"].get("lagCount") for t in three["spec"]["triggers"]} == {"300", None}
    assert {t["metadata"].get("pendingEntriesCount") for t in three["spec"]["triggers"]} == {str(24 // 3), None}


def test_a_cluster_with_tls_is_asked_as_one():
    document, = of_kind(KEDA["external-redis-values"], "ScaledObject")
    for trigger in document["spec"]["triggers"]:
        assert trigger["type"] == "redis-cluster-streams"
        assert trigger["metadata"]["enableTLS"] == "true"
        assert trigger["metadata"]["addresses"].count(",") == 2
    authentication, = of_kind(KEDA["external-redis-values"], "TriggerAuthentication")
    assert [entry["parameter"] for entry in authentication["spec"]["secretTargetRef"]] == ["username", "password", "ca"]


def test_the_autoscaler_asks_for_what_the_adapter_gives():
    found = rendered(next(case for case in CASES if case.stem == "hpa-values"))
    autoscaler, = of_kind(found, "HorizontalPodAutoscaler")
    rules = next(document for document in of_kind(found, "ConfigMap") if "rules.yaml" in document["data"])
    given = {rule["name"]["as"] for rule in yaml.safe_load(rules["data"]["rules.yaml"])["rules"]["external"]}
    assert {metric["external"]["metric"]["name"] for metric in autoscaler["spec"]["metrics"]} == given
