"""The services take every setting that the chart and Compose give them."""

import pytest
import yaml

from tools import CASES, PROGRAMS, ROOT, SERVICES, passes, pod_specs, rendered, run

# In the place of what comes from Secrets and from the pod itself.
SECRETS = {
    "ORDERFLOW_INSTANCE": "orderflow-0",
    "ORDERFLOW_REDIS__URL": "rediss://u:p@127.0.0.1:1",
    "ORDERFLOW_DATABASE__URL": "postgres://u:p@127.0.0.1/d",
    "ORDERFLOW_DASHBOARD__ADMIN_KEY": "the key of the day",
    "ORDERFLOW_WEBHOOKS__SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


def of_containers(found):
    for name, spec in pod_specs(found):
        for container in spec["containers"]:
            if container["name"] in SERVICES:
                variables = {v["name"]: v.get("value", SECRETS.get(v["name"], "x")) for v in container["env"]}
                yield container["name"], container.get("args", []), variables


def asked(service, variables, folder):
    """What the program says when it has read its settings and finds nobody to ask whether it lives."""
    # A port that nobody has.
    return run(PROGRAMS / service, "healthcheck", cwd=folder, variables={**variables, "ORDERFLOW_HTTP__LISTEN": "127.0.0.1:1"}).stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_settings_of_the_chart(case, tmp_path):
    containers = [entry for entry in of_containers(rendered(case)) if entry[1] != ["migrate"]]
    assert {service for service, *_ in containers} == set(SERVICES)
    for service, _, variables in containers:
        assert "can't reach 127.0.0.1:1" in asked(service, variables, tmp_path), service


def test_settings_of_compose(tmp_path):
    compose = yaml.safe_load(passes("docker-compose", "-f", ROOT / "docker-compose.yml", "config"))
    for service in SERVICES:
        assert "can't reach 127.0.0.1:1" in asked(service, compose["services"][service]["environment"], tmp_path), service


@pytest.mark.parametrize("name, value", [
    ("ORDERFLOW_PROCESSOR__CONCURENCY", "5"),
    ("ORDERFLOW_PROCESSOR__BATCH", "257"),
    # What Kubernetes adds for a Service of that name, unless it is told not to.
    ("ORDERFLOW_REDIS_PORT", "tcp://10.0.0.1:6379"),
])
def test_a_setting_that_is_wrong_is_refused(name, value, tmp_path):
    said = asked("order-processor", {name: value}, tmp_path)
    assert "can't reach" not in said and ("unknown" in said or "must be" in said), said
