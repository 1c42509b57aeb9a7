"""The schemas of KEDA's resources, made strict: a key that KEDA does not know is dropped by the cluster without a word."""

import pathlib

import jsonschema
import yaml

FOLDER = pathlib.Path(__file__).parent / "crds"


def strict(part):
    """The same schema, which refuses what it does not name."""
    if isinstance(part, list):
        return [strict(value) for value in part]
    if not isinstance(part, dict):
        return part
    part = {key: strict(value) for key, value in part.items()}
    if isinstance(part.get("properties"), dict) and part.get("type") == "object" and "additionalProperties" not in part:
        part["additionalProperties"] = False
    if part.pop("x-kubernetes-int-or-string", False):
        part.pop("type", None)
    return part


def schemas():
    """By kind."""
    found = {}
    for file in FOLDER.glob("*.yaml"):
        resource = yaml.safe_load(file.read_text())["spec"]
        version, = (version for version in resource["versions"] if version["storage"])
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        found[resource["names"]["kind"]] = jsonschema.Draft202012Validator(schema)
    return found
