"""A real Prometheus scrapes the running services: every panel of every dashboard shows something, and every rule can be evaluated."""

import json
import subprocess
import threading
import urllib.parse
import urllib.request

import pytest
import yaml

from orderflow import DEADLINE, eventually, free_port
from test_monitoring import DASHBOARDS, RULES
from tools import ENVIRONMENT, SERVICES


def panels():
    for file in DASHBOARDS:
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "30s")
                yield pytest.param(expression, id=f"{file.stem}: {panel['title']}: {target['legendFormat']}")


class Prometheus:
    """Looks every second, and is asked as Grafana asks it."""

    def __init__(self, folder, orderflow):
        # Jobs are called as the chart's ServiceMonitor calls them.
        jobs = [{"job_name": f"shop-{service}", "static_configs": [{"targets": [f"127.0.0.1:{orderflow.ports[service]}"]}]}
                for service in SERVICES]
        intervals = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"global": intervals, "rule_files": [str(RULES)], "scrape_configs": jobs}))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address={self.url.removeprefix('http://')}"],
            env=ENVIRONMENT, stdout=self.log, stderr=self.log)

    def ask(self, path, **parameters):
        """None: it does not answer yet."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=DEADLINE) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=DEADLINE)
        self.log.close()


@pytest.fixture(scope="module")
def prometheus(orderflow, tmp_path_factory):
    """Orders come as long as it is looked at; some of them are refused, tried again and undone."""
    done = threading.Event()

    def load():
        while not done.wait(0.05):
            orderflow.place()
            orderflow.api("/orders/nobody")

    server = Prometheus(tmp_path_factory.mktemp("prometheus"), orderflow)
    loading = threading.Thread(target=load)
    loading.start()
    yield server
    done.set()
    loading.join()
    server.stop()


def numbers(prometheus, expression):
    answer = prometheus.ask("query", query=expression)
    return answer and [float(series["value"][1]) for series in answer["result"]]


@pytest.mark.parametrize("expression", list(panels()))
def test_every_panel_shows_something(expression, prometheus):
    # Not a number: there was nothing to divide by, or to take a share of.
    eventually("there are numbers", lambda: any(number == number for number in numbers(prometheus, expression) or []))


def test_a_panel_that_would_stay_empty_is_seen(prometheus):
    eventually("it was scraped", lambda: numbers(prometheus, "orderflow_build_info"))
    assert numbers(prometheus, 'sum(rate(orderflow_http_requests_total{job="order-api"}[30s]))') == []


def test_every_rule_can_be_evaluated(prometheus):
    rules = eventually("they were", lambda: evaluated(prometheus))
    assert len(rules) == sum(len(group["rules"]) for group in yaml.safe_load(RULES.read_text())["groups"])
    assert {rule["health"] for rule in rules} == {"ok"}, rules


def evaluated(prometheus):
    answer = prometheus.ask("rules")
    rules = [rule for group in (answer or {"groups": []})["groups"] for rule in group["rules"]]
    return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None
