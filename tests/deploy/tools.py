"""The tools that the checks are made with, and the chart as Kubernetes would be given it."""

import functools
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/orderflow"
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
# The services as `cargo build` leaves them.
PROGRAMS = TARGET / os.environ.get("ORDERFLOW_PROFILE", "debug")
TOOLS = [TARGET / "tools/bin", TARGET / "tools/python/bin"]
ENVIRONMENT = {**os.environ, "PATH": ":".join([*map(str, TOOLS), os.environ["PATH"]])}

CASES = sorted((CHART / "ci").glob("*-values.yaml"))
SERVICES = ["order-api", "order-processor", "metrics-service"]


def run(*command, stdin=None, cwd=ROOT, variables=None):
    """Runs a tool to its end, whatever it says about what it was given."""
    environment = {**ENVIRONMENT, **(variables or {})}
    words = [str(word) for word in command]
    return subprocess.run(words, input=stdin, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def passes(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{command[0]} says:\n{done.stdout}{done.stderr}"
    return done.stdout


def fails(*command, **options):
    """What the tool said when it refused."""
    done = run(*command, **options)
    assert done.returncode != 0, f"{command[0]} accepted what is wrong:\n{done.stdout}"
    return done.stdout + done.stderr


def helm(*options, release="orderflow"):
    return "helm", "template", release, CHART, "--namespace", "shop", "--kube-version", "1.30.0", *options


@functools.cache
def rendered(case):
    """The documents of one values file."""
    return documents(passes(*helm("-f", case)))


@functools.cache
def with_settings(*settings):
    """The documents with `--set` for each."""
    return documents(passes(*helm(*sum((("--set", setting) for setting in settings), ()))))


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(found, kind):
    return [document for document in found if document["kind"] == kind]


def pod_specs(found):
    """Every pod, by the name of what makes it."""
    for document in found:
        name = f"{document['kind']}/{document['metadata']['name']}"
        if document["kind"] == "Pod":
            yield name, document["spec"]
        elif "template" in document.get("spec", {}):
            yield name, document["spec"]["template"]["spec"]
