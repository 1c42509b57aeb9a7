"""Alerts fire when they should; rules, dashboards and the autoscaler's rule ask for metrics that the services really export."""

import json
import re
import shutil

import promql_parser
import pytest
import yaml

from orderflow import eventually
from tools import CASES, CHART, ROOT, SERVICES, fails, of_kind, passes, rendered

RULES = CHART / "alerts/orderflow.yaml"
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))
# What Prometheus itself adds.
OWN = {"up"}


def rule_expressions():
    return {rule["alert"]: rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def panel_expressions():
    found = {}
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                # Grafana puts durations and labels there.
                expression = re.sub(r"\$__(rate_interval|interval|range)", "5m", target["expr"])
                found[f"{file.stem}: {panel['title']} {target['refId']} {panel['id']}"] = expression
    return found


def adapter_expressions():
    found = rendered(next(case for case in CASES if case.stem == "hpa-values"))
    rules = next(document["data"]["rules.yaml"] for document in of_kind(found, "ConfigMap") if "rules.yaml" in document["data"])
    return {rule["name"]["as"]: rule["metricsQuery"].replace("<<.LabelMatchers>>", 'namespace="shop"')
            for rule in yaml.safe_load(rules)["rules"]["external"]}


def selectors(expression):
    """The metrics that an expression asks for, each with the labels that it needs to have."""
    found = []

    def visit(node):
        # The newest form of the syntax tree has no common base with children.
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name, {matcher.name for matcher in node.matchers.matchers}))
        for name in dir(node):
            if name.startswith("_") or name == "matchers":
                continue
            part = getattr(node, name)
            for value in part if isinstance(part, list) else [part]:
                if isinstance(value, promql_parser.Expr):
                    visit(value)

    visit(promql_parser.parse(expression))
    return found


EXPRESSIONS = rule_expressions() | panel_expressions() | adapter_expressions()


@pytest.fixture(scope="module")
def exported(orderflow):
    """What the running services export: a metric's name to its labels."""
    orderflow.api(f"/orders/{orderflow.place()}?wait=30")
    # What metrics-service shows last of what it looks for now and then.
    eventually("it has looked", lambda: "orderflow_projection_lag_events" in orderflow.get("metrics-service", "/metrics")[1])
    metrics = {}
    for service in SERVICES:
        text = orderflow.get(service, "/metrics")[1]
        for line in text.splitlines():
            name, labels = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+", line).groups() if line[:1] != "#" else (None, None)
            if name:
                metrics.setdefault(name, set()).update(re.findall(r'(\w+)="', labels or ""))
    return metrics


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_expression_asks_for_metrics_that_there_are(where, exported):
    asked = selectors(EXPRESSIONS[where])
    assert asked
    for name, labels in asked:
        assert name in exported or name in OWN, f"no service exports {name}"
        assert labels - {"namespace", "job", "instance"} <= exported[name], f"{name} has no such labels"


def test_the_check_sees_a_metric_that_there_is_not(exported):
    name, labels = selectors('sum(rate(orderflow_queue_length{partition="0"}[5m])) > 0')[0]
    assert (name, labels) == ("orderflow_queue_length", {"partition"})
    assert name not in exported
    with pytest.raises(ValueError):
        promql_parser.parse("sum(rate(orderflow_orders[5m])")


def test_promtool_accepts_the_rules():
    assert f"SUCCESS: {len(rule_expressions())} rules found" in passes("promtool", "check", "rules", RULES)


def test_promtool_refuses_broken_rules(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(RULES.read_text().replace("max(orderflow_queue_dead_letters) > 0", "max(orderflow_queue_dead_letters >"))
    assert "could not parse expression" in fails("promtool", "check", "rules", broken)


def alert_tests(folder, rules):
    (folder / "orderflow.yaml").write_text(rules)
    shutil.copy(ROOT / "tests/deploy/alerts_test.yaml", folder)
    return "promtool", "test", "rules", folder / "alerts_test.yaml"


def test_alerts_fire_when_they_should(tmp_path):
    passes(*alert_tests(tmp_path, RULES.read_text()))


@pytest.mark.parametrize("was, becomes", [
    ("orderflow_queue_lag_known) == 0", "orderflow_queue_lag_known) == 2"),
    ("max(orderflow_queue_oldest_waiting_seconds) > 60", "max(orderflow_queue_oldest_waiting_seconds) > 6000"),
    ("max(orderflow_outbox_oldest_unpublished_seconds) > 60", "max(orderflow_outbox_oldest_unpublished_seconds) > 6000"),
    ("absent(orderflow_queue_pending_orders)", "absent(orderflow_orders_accepted_total)"),
])
def test_an_alert_that_would_not_fire_is_seen(tmp_path, was, becomes):
    rules = RULES.read_text()
    assert was in rules
    fails(*alert_tests(tmp_path, rules.replace(was, becomes)))


@pytest.mark.parametrize("known, waiting, expected", [
    ([1, 1], [300, 200], [{"labels": "{}", "value": 500}]),
    # Of one partition Redis does not know it: better nothing than too little.
    ([1, 0], [300], []),
    # Redis is away.
    ([], [], []),
])
def test_what_the_autoscaler_is_given(tmp_path, known, waiting, expected):
    def series(name, numbers):
        # Two replicas of metrics-service see the same.
        return [{"series": f'{name}{{namespace="shop",partition="{partition}",instance="{instance}"}}', "values": f"{number}x5"}
                for partition, number in enumerate(numbers) for instance in "ab"]

    inputs = series("orderflow_queue_lag_known", known) + series("orderflow_queue_waiting_orders", waiting)
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": [
        {"expr": adapter_expressions()["orderflow_queue_waiting"], "eval_time": "2m", "exp_samples": expected}]}
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    passes("promtool", "test", "rules", file)


def test_every_alert_is_tested_and_explained():
    tests = (ROOT / "tests/deploy/alerts_test.yaml").read_text()
    operations = (ROOT / "docs/OPERATIONS.md").read_text()
    for alert in rule_expressions():
        assert re.search(rf"alertname: {alert}\n +exp_alerts:", tests), f"{alert} has no test in which it fires"
        assert f"`{alert}`" in operations, f"docs/OPERATIONS.md does not say what to do about {alert}"


def test_rules_and_dashboards_are_in_the_chart_and_in_compose_alike():
    found = rendered(next(case for case in CASES if case.stem == "hpa-values"))
    rule, = of_kind(found, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    boards = next(document for document in of_kind(found, "ConfigMap") if "orderflow.json" in document["data"])
    for file in DASHBOARDS:
        assert json.loads(boards["data"][file.name]) == json.loads(file.read_text())
    monitor, = of_kind(found, "ServiceMonitor")
    services = [document for document in of_kind(found, "Service") if "redis" not in document["metadata"]["name"]]
    matched = monitor["spec"]["selector"]
    for service in services:
        labels = service["metadata"]["labels"]
        assert matched["matchLabels"].items() <= labels.items()
        assert labels["app.kubernetes.io/component"] in matched["matchExpressions"][0]["values"]
        assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_panels_have_places_of_their_own():
    for file in DASHBOARDS:
        board = json.loads(file.read_text())
        taken = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
            taken |= cells
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_every_panel_says_what_it_shows(file):
    board = json.loads(file.read_text())
    assert board["description"] and board["tags"] == ["orderflow"]
    for panel in board["panels"]:
        assert panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for target in panel["targets"]:
            assert target["legendFormat"], panel["title"]
            # Compose calls a job by the service, the chart by release and service.
            assert 'job="' not in target["expr"], panel["title"]


def test_dashboards_are_told_apart():
    boards = [json.loads(file.read_text()) for file in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(boards) == 4
