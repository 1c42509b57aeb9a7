"""The chart renders for every kind of installation, and refuses values that can't be meant."""

import json
import shutil

import jsonschema
import pytest
import yaml

from tools import CASES, CHART, fails, helm, of_kind, passes, pod_specs, rendered, with_settings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_helm_finds_nothing_to_complain_about(case):
    passes("helm", "lint", "--strict", CHART, "-f", case)
    assert rendered(case)


@pytest.mark.parametrize("file, was, becomes", [
    ("templates/order-api/service.yaml", "type: ClusterIP", "type: {{ .Values.service.type }}"),
    ("templates/order-api/pdb.yaml", "maxUnavailable: 1", "  maxUnavailable: 1\n maxSurge: 2"),
    ("Chart.yaml", "version: 0.1.0", "version: one"),
])
def test_helm_complains_about_what_is_wrong(tmp_path, file, was, becomes):
    chart = shutil.copytree(CHART, tmp_path / "orderflow")
    text = (chart / file).read_text()
    assert was in text
    (chart / file).write_text(text.replace(was, becomes, 1))
    fails("helm", "lint", "--strict", chart)


@pytest.mark.parametrize("values", [
    "orderApi.replica=2",
    "replicas=2",
    "autoscaling.keda.lagCount=5",
    "autoscaling.mode=always",
    "autoscaling.lagCount=0",
    "streams.partitions=0",
    "orderProcessor.batch=257",
    "orderApi.replicas=0",
    "pipeline.simulated.failureRate=2",
    "orderApi.resources.limits.memory=plenty",
    "orderApi.extraEnv[0].name=A",
    "redis.image=redis",
    "redis.maxmemory=300Mi",
    "telemetry.otlpEndpoint=collector:4317",
    "networkPolicy.extraEgress[0].from=x",
])
def test_the_schema_refuses(values):
    assert "schema" in fails(*helm("--set", values))


@pytest.mark.parametrize("values, why", [
    (["orderApi.replicas=2"], "needs database.type postgresql"),
    (["metricsService.replicas=2"], "needs database.type postgresql"),
    (["database.type=postgresql"], "database.postgresql.existingSecret is missing"),
    (["redis.enabled=false"], "externalRedis.existingSecret is missing"),
    (["externalRedis.existingSecret=a"], "choose one Redis"),
    (["redis.enabled=false", "externalRedis.existingSecret=a", "autoscaling.mode=keda"], "externalRedis.addresses is missing"),
    (["autoscaling.mode=hpa", "autoscaling.minReplicas=0"], "needs autoscaling.mode keda"),
    (["autoscaling.mode=keda", "autoscaling.minReplicas=11"], "above autoscaling.maxReplicas"),
    (["streams.partitions=40"], "each partition needs a slot"),
    (["pipeline.mode=http"], "pipeline.http.stockUrl"),
    (["pipeline.mode=http", "pipeline.http.stockUrl=http://s", "pipeline.http.paymentUrl=http://p",
      "orderProcessor.reclaimIdleMs=5000"], "a step that is slow is not dead"),
])
def test_contradictions_are_refused_with_what_to_do(values, why):
    assert why in fails(*helm(*sum((("--set", value) for value in values), ())))


def test_the_schema_leaves_no_object_open():
    """Where names are free (labels, annotations) their values are typed; everywhere else only known keys pass."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    def closed(part, path):
        if isinstance(part, dict):
            if part.get("type") == "object":
                assert part.get("additionalProperties") is False or path == "$defs/labels", f"{path} is open"
            for key, value in part.items():
                closed(value, f"{path}/{key}".lstrip("/"))
        elif isinstance(part, list):
            for value in part:
                closed(value, path)

    closed(schema, "")


def test_every_value_has_its_place_in_the_schema_and_none_more():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    def compare(value, part, path):
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
        named = part.get("properties", {})
        if isinstance(value, dict) and named and not path.endswith(("resources", "scaleUp", "scaleDown")):
            assert set(value) == set(named) - {"global"}, path
            for key in value:
                compare(value[key], named[key], f"{path}.{key}")

    compare(values, schema, "")


def test_sqlite_has_one_process_for_a_file_and_postgresql_as_many_as_wanted():
    kinds = {document["metadata"]["name"]: document["kind"] for document in with_settings() if "replicas" in document.get("spec", {})}
    assert kinds["orderflow-order-api"] == "StatefulSet"
    found = rendered(next(case for case in CASES if case.stem == "postgresql-values"))
    assert {d["metadata"]["name"]: d["spec"]["replicas"] for d in of_kind(found, "Deployment")} == {
        "orderflow-order-api": 3, "orderflow-metrics-service": 2}
    jobs = {job["metadata"]["name"]: job["metadata"]["annotations"]["helm.sh/hook"] for job in of_kind(found, "Job")}
    assert set(jobs) == {f"orderflow-{name}-migrate" for name in ("order-api", "order-processor", "metrics-service")}
    assert set(jobs.values()) == {"pre-install,pre-upgrade"}


def test_pods_have_time_to_finish_what_is_in_hand():
    for name, spec in pod_specs(with_settings("lifecycle.drainTimeoutMs=45500", "lifecycle.preStopSeconds=7")):
        if name.startswith(("StatefulSet", "Deployment")) and not name.endswith("redis"):
            assert spec["terminationGracePeriodSeconds"] == 46 + 7 + 10, name
            sleeps = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep")
            assert sleeps == (None if "processor" in name else {"seconds": 7}), name


def test_passwords_are_kept_apart_and_never_in_a_pod():
    secret, = of_kind(with_settings(), "Secret")
    passwords = [value for key, value in secret["stringData"].items() if key.endswith("password")]
    assert len(set(passwords)) == 5
    for name, spec in pod_specs(with_settings()):
        assert not any(password in str(spec) for password in passwords), name
    assert not of_kind(with_settings("redis.existingSecret=mine"), "Secret")
