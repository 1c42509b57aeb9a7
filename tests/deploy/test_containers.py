"""Dockerfile and Compose: linted by real tools, and in step with what else names ports, images and settings."""

import re

import pytest
import yaml

from tools import CHART, ROOT, SERVICES, fails, of_kind, passes, run, with_settings

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = ("docker-compose", "--project-directory", ROOT, "-f", ROOT / "docker-compose.yml")
PROFILES = ("--profile", "scale-out", "--profile", "observability")


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(passes(*COMPOSE, *PROFILES, "config"))["services"]


def test_hadolint_finds_nothing():
    passes("hadolint", "--failure-threshold", "info", ROOT / "Dockerfile")


@pytest.mark.parametrize("was, becomes, rule", [
    ("rust:1.95-bookworm", "rust", "DL3006"),
    ("WORKDIR /src", "WORKDIR src", "DL3000"),
    ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\n', "", "DL4006"),
])
def test_hadolint_sees_mistakes(was, becomes, rule):
    assert was in DOCKERFILE
    assert rule in fails("hadolint", "--failure-threshold", "info", "-", stdin=DOCKERFILE.replace(was, becomes))


def stage(name):
    """A stage's lines, after those of the stages that it is made from."""
    found = re.search(rf"^FROM (\S+) AS {name}\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    base, text = found.groups()
    return (stage(base) if base in ("base",) else "") + text


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_target_that_is_as_small_as_its_program(service):
    text = stage(service)
    assert "FROM scratch AS base" in DOCKERFILE
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["65532:65532"]
    assert f'HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["/usr/local/bin/{service}", "healthcheck"]' in text
    assert f'ENTRYPOINT ["/usr/local/bin/{service}"]' in text
    assert f'org.opencontainers.image.title="{service}"' in text
    assert "RUN" not in text, "there is no shell in the image"
    # The port is the one of the chart's Service.
    port, = re.findall(r"^EXPOSE (\d+)", text, re.MULTILINE)
    assert f"ORDERFLOW_HTTP__LISTEN=0.0.0.0:{port}" in text
    chart, = (d for d in of_kind(with_settings(), "Service") if d["metadata"]["name"] == f"orderflow-{service}")
    assert [entry["port"] for entry in chart["spec"]["ports"]] == [int(port)]


def test_a_build_needs_nothing_but_its_base():
    """A syntax line would fetch a frontend before anything is built."""
    assert not re.search(r"^#\s*syntax=", DOCKERFILE, re.MULTILINE | re.IGNORECASE)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"rust:1.95-bookworm", "scratch", "base"}
    needed = re.search(r'^rust-version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert (1, 95) >= tuple(map(int, needed.split("."))), "the image's Rust is too old"


def test_compose_accepts_the_file():
    passes(*COMPOSE, "config", "--quiet")
    passes(*COMPOSE, *PROFILES, "config", "--quiet")


@pytest.mark.parametrize("was, becomes", [
    ("condition: service_healthy", "condition: service_helthy"),
    ("<<: *service", "<<: *servise"),
    ("read_only: true", "readonly: true"),
])
def test_compose_refuses_mistakes(tmp_path, was, becomes):
    text = (ROOT / "docker-compose.yml").read_text()
    assert was in text
    (tmp_path / "docker-compose.yml").write_text(text.replace(was, becomes))
    fails("docker-compose", "-f", tmp_path / "docker-compose.yml", "config", "--quiet")


def test_workers_may_be_as_many_as_wanted(services):
    for name in SERVICES:
        assert "container_name" not in services[name] and "ports" not in services[name], name
        assert services[name]["depends_on"]["redis"]["condition"] == "service_healthy"
    volume, = services["order-processor"]["volumes"]
    assert "source" not in volume, "a named volume would be one ledger file for all workers"


def test_every_image_is_pinned_and_everything_hardened(services):
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+", service["image"]), name
        if name in (*SERVICES, "redis", "gateway"):
            assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
            assert service["user"].split(":")[0] not in ("0", "root"), name
    for name in SERVICES:
        drain_ms = 20_000
        assert services[name]["stop_grace_period"] == "30s" and drain_ms < 30_000
    chart = yaml.safe_load((CHART / "values.yaml").read_text())
    assert services["redis"]["image"] == chart["redis"]["image"]


def test_redis_keeps_what_it_has(services):
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command and "--maxmemory-policy noeviction" in command
    # Without a password it would turn other containers away.
    assert "--protected-mode no" in command
    chart = next(d for d in of_kind(with_settings(), "ConfigMap") if "redis.conf" in d["data"])["data"]["redis.conf"]
    for line in ("appendonly yes", "maxmemory-policy noeviction", "protected-mode no"):
        assert line in chart


def test_without_postgresql_every_service_has_a_file(services):
    for name in SERVICES:
        assert services[name]["environment"]["ORDERFLOW_DATABASE__URL"] == f"sqlite:///data/{name}.db"


def test_with_postgresql_they_share_it_and_wait_for_it():
    scaled = (*COMPOSE, "--env-file", ROOT / "compose/scale-out.env", "config")
    found = yaml.safe_load(passes(*scaled, variables={"POSTGRES_PASSWORD": "secret1"}))["services"]
    for name in SERVICES:
        assert found[name]["environment"]["ORDERFLOW_DATABASE__URL"] == "postgres://orderflow:secret1@postgres:5432/orderflow"
        assert found[name]["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}
    assert found["postgres"]["environment"]["POSTGRES_PASSWORD"] == "secret1"
    assert "POSTGRES_PASSWORD is missing" in fails(*scaled)


def test_postgresql_without_a_password_says_so(services):
    shell, flag, script = services["postgres"]["command"]
    said = run(shell, flag, script.replace("$$", "$"), variables={"POSTGRES_PASSWORD": ""})
    assert said.returncode == 1 and "POSTGRES_PASSWORD is missing" in said.stderr


def test_no_secret_is_in_the_files():
    for file in [ROOT / "docker-compose.yml", CHART / "values.yaml", *(ROOT / "k8s").glob("*.yaml"), *(ROOT / "compose").rglob("*.*")]:
        assert not re.search(r"(?i)password[\"']?\s*[:=]\s*[\"']?[a-z0-9]{4,}", file.read_text()), file


def test_the_gateway_sends_each_path_where_the_ingress_does():
    """What Compose and the cluster show to the outside is the same."""
    text = (ROOT / "compose/nginx.conf").read_text()
    places = re.findall(r"location (=|~)? ?(\S+) \{\s+set \$service http://([a-z-]+):(\d+)", text)
    assert places == [
        ("~", r"^/(orders|docs|openapi\.json)(/|$)", "order-api", "8000"),
        ("~", r"^/(stats|dashboard)(/|$)", "metrics-service", "8001"),
        ("=", "/", "metrics-service", "8001"),
    ]
    assert re.search(r"location / \{\s+return 404;", text)


def test_prometheus_reads_every_service():
    scraped = yaml.safe_load((ROOT / "compose/prometheus.yml").read_text())
    found = {job["job_name"]: job["dns_sd_configs"][0] for job in scraped["scrape_configs"]}
    ports = {d["metadata"]["name"].removeprefix("orderflow-"): d["spec"]["ports"][0]["port"] for d in of_kind(with_settings(), "Service")}
    assert {name: entry["port"] for name, entry in found.items()} == {name: ports[name] for name in SERVICES}
