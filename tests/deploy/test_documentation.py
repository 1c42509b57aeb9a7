"""What the documentation says of values, rights and files is so."""

import re

import pytest
import yaml

import autoscale_sim
from tools import CHART, ROOT

DOCUMENTS = [ROOT / "docs/OPERATIONS.md", ROOT / "docs/SCALING.md", ROOT / "docs/METRICS.md", ROOT / "README.md"]


@pytest.mark.parametrize("file", sorted((CHART / "acl").glob("*.acl")), ids=lambda file: file.stem)
def test_every_right_is_listed_as_it_is(file):
    _, rules = file.read_text().replace("PREFIX", "orderflow").split("\n", 1)
    assert f"**{file.stem}**" in DOCUMENTS[0].read_text()
    assert f"```\n{rules.strip()}\n```" in DOCUMENTS[0].read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert target.startswith(("http://", "https://")) or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_values_that_are_named_exist(document):
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    sections = "|".join(values)
    for path in re.findall(rf"`((?:{sections})\.[A-Za-z.]+)`", document.read_text()):
        found = values
        for key in path.split("."):
            assert isinstance(found, dict) and key in found, path
            found = found[key]


def test_the_waits_that_are_named_are_those_of_the_simulation():
    text = DOCUMENTS[1].read_text()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    longest = {scenario.name: {mode: course.figures()["longest wait s"] for mode, course in courses.items()}
               for scenario, courses in autoscale_sim.simulate(values, autoscale_sim.MEASURED_RATE)}
    assert f"waits {longest['steady']['keda']} s at the worst" in text
    assert f"{longest['burst']['keda']} s with KEDA, {longest['burst']['hpa']} s by" in text
    assert f"{longest['dying']['keda']} s: that is the longest wait" in text
