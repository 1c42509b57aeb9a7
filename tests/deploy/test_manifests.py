"""What the chart renders is what Kubernetes takes, under the PodSecurity standard `restricted`; k8s/ is what it renders."""

import copy
import subprocess

import kubernetes_validate
from kubernetes_validate.utils import all_versions, major_minor
import pytest

from pod_security import violations
from tools import CASES, ENVIRONMENT, ROOT, documents, of_kind, passes, pod_specs, rendered, with_settings

VERSIONS = [version for version in dict.fromkeys(map(major_minor, all_versions()))
            if tuple(map(int, version.split("."))) >= (1, 30)]
# Checked elsewhere: Kubernetes itself doesn't know these.
CUSTOM = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}
ALL = {case.stem: rendered(case) for case in CASES} | {"manifests": documents(passes("kubectl", "kustomize", ROOT / "k8s"))}
# Each kind of document once for each shape: the same again would only take time.
DISTINCT = {str(document): document for found in ALL.values() for document in found if document["kind"] not in CUSTOM}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_document(version):
    for document in DISTINCT.values():
        kubernetes_validate.validate(document, version, strict=True)


def test_versions_reach_from_the_charts_oldest_to_the_newest():
    assert (VERSIONS[0], len(VERSIONS) >= 8) == ("1.30", True)


@pytest.mark.parametrize("change", [
    lambda spec: spec["template"]["spec"].update(restartPolcy="Always"),
    lambda spec: spec.update(replicas="one"),
    lambda spec: spec["template"]["spec"]["containers"][0].pop("name"),
])
def test_kubernetes_does_not_take_just_anything(change):
    document = copy.deepcopy(of_kind(with_settings(), "StatefulSet")[0])
    change(document["spec"])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)


@pytest.mark.parametrize("where", ALL)
def test_every_pod_is_restricted(where):
    pods = list(pod_specs(ALL[where]))
    assert len(pods) >= 4 or where in ("external-redis-values",)
    for name, spec in pods:
        assert violations(spec) == [], name
        assert spec["automountServiceAccountToken"] is False, name
        # Not asked for by the standard, but promised here.
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert "memory" in container["resources"]["limits"], name


@pytest.mark.parametrize("change, what", [
    (lambda spec: spec.update(hostNetwork=True), "hostNetwork"),
    (lambda spec: spec["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
    (lambda spec: spec["securityContext"].pop("seccompProfile"), "seccomp"),
    (lambda spec: spec["containers"][0]["securityContext"].update(capabilities={"drop": ["NET_RAW"]}), "capabilities"),
    (lambda spec: spec["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"), "privileges"),
    (lambda spec: spec["containers"][0]["securityContext"].update(runAsUser=0), "root"),
    (lambda spec: spec.update(volumes=[{"name": "host", "hostPath": {"path": "/"}}]), "hostPath"),
    (lambda spec: spec["containers"][0]["ports"][0].update(hostPort=80), "port of the host"),
])
def test_the_check_of_pods_sees_what_is_not_restricted(change, what):
    _, spec = next(iter(pod_specs(copy.deepcopy(with_settings()))))
    change(spec)
    assert any(what in violation for violation in violations(spec)), violations(spec)


def test_names_of_services_are_not_taken_for_settings():
    """Kubernetes adds ORDERFLOW_REDIS_PORT and the like for each Service, unless told not to; a service would refuse them."""
    for found in ALL.values():
        for name, spec in pod_specs(found):
            assert spec["enableServiceLinks"] is False, name


@pytest.mark.parametrize("where", ALL)
def test_whatever_is_referred_to_is_there(where):
    """Services and disruption budgets find pods; probes and policies name ports that exist; claims are mounted."""
    found = ALL[where]
    pods = [document["spec"]["template"] for document in found if "template" in document.get("spec", {}) and document["kind"] != "Job"]

    def selected(labels):
        return [pod for pod in pods if labels.items() <= pod["metadata"]["labels"].items()]

    for document in of_kind(found, "Service"):
        pod, = selected(document["spec"]["selector"])
        names = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in document["spec"]["ports"]} <= names
    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        for document in of_kind(found, kind):
            assert len(selected(document["spec"][key]["matchLabels"])) == 1, document["metadata"]["name"]
    for document in of_kind(found, "StatefulSet"):
        claims = {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
        spec = document["spec"]["template"]["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        assert {mount["name"] for mount in spec["containers"][0].get("volumeMounts", [])} == claims | volumes
    services = {document["metadata"]["name"] for document in of_kind(found, "Service")}
    assert {document["spec"]["serviceName"] for document in of_kind(found, "StatefulSet")} <= services
    for document in of_kind(found, "Ingress"):
        for path in document["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"]["name"] in services


def test_one_origin_shows_what_is_meant_for_the_outside_and_nothing_else():
    ingress, = of_kind(ALL["postgresql-values"], "Ingress")
    paths = {path["path"]: (path["pathType"], path["backend"]["service"]["name"])
             for path in ingress["spec"]["rules"][0]["http"]["paths"]}
    api, metrics = "orderflow-order-api", "orderflow-metrics-service"
    assert paths == {"/orders": ("Prefix", api), "/docs": ("Prefix", api), "/openapi.json": ("Prefix", api),
                     "/stats": ("Prefix", metrics), "/dashboard": ("Prefix", metrics), "/": ("Exact", metrics)}


def test_the_plain_manifests_are_what_the_chart_renders(tmp_path):
    subprocess.run([ROOT / ".ci/manifests.sh", tmp_path], env=ENVIRONMENT, check=True)
    committed = {file.name: file.read_text() for file in (ROOT / "k8s").glob("*.yaml") if file.name != "values.yaml"}
    now = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert committed == now, "k8s/ is not what the chart renders: run  make manifests  and commit the result"


def test_the_manifests_need_one_secret_and_the_script_makes_it():
    secret, = documents(passes("sh", ROOT / "k8s/secret.sh", variables={"NAMESPACE": "default"}))
    keys = set()
    for name, spec in pod_specs(ALL["manifests"]):
        for variable in spec["containers"][0].get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                assert reference["name"] == secret["metadata"]["name"]
                keys.add(reference["key"])
        for volume in spec.get("volumes", []):
            keys |= {item["key"] for item in volume.get("secret", {}).get("items", [])}
    assert keys == {"order-api-url", "order-processor-url", "metrics-service-url", "users.acl"}
    generated, = of_kind(with_settings(), "Secret")
    assert set(generated["stringData"]) == set(secret["stringData"])
