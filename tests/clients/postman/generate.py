"""Writes the Postman collection to standard output: the folder of former.json, which people keep, and then a folder for each tag
of the OpenAPI document that is given, with a request for each operation.

Every generated request says whether its answer is one that the document knows.

    python3 tests/clients/postman/generate.py openapi/order-api.json >openapi/orderflow.postman_collection.json
"""

import json
import pathlib
import sys

METHODS = ("get", "post", "put", "patch", "delete")
# Of the parameters in paths: what the folder of former.json has put there.
VARIABLES = {"order_id": "{{orderId}}"}


def resolved(document, schema):
    """The schema itself, where it is named."""
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return document["components"]["schemas"][name] if name else schema


def written(value):
    return value if isinstance(value, str) else json.dumps(value)


def example(document, schema):
    """A value for a parameter."""
    schema = resolved(document, schema)
    return written(schema.get("example", schema.get("default", next(iter(schema.get("enum", [])), ""))))


def url(document, path, parameters):
    """The address in pieces, as Postman keeps it; what is optional is there and switched off."""
    parts = [part.replace("{", ":").replace("}", "") for part in path.strip("/").split("/")]
    query = [parameter for parameter in parameters if parameter["in"] == "query"]
    address = {"raw": "{{baseUrl}}/" + "/".join(parts), "host": ["{{baseUrl}}"], "path": parts}
    variables = [
        {
            "key": parameter["name"],
            "value": VARIABLES.get(parameter["name"], "0:0-0"),
            "description": parameter["description"],
        }
        for parameter in parameters
        if parameter["in"] == "path"
    ]
    if query:
        address["query"] = [
            {
                "key": parameter["name"],
                "value": example(document, parameter["schema"]),
                "description": parameter["description"],
                "disabled": not parameter["required"],
            }
            for parameter in query
        ]
    if variables:
        address["variable"] = variables
    return address


def request(document, path, method, operation):
    parameters = operation.get("parameters", [])
    headers = [
        {
            "key": parameter["name"],
            "value": "",
            "description": parameter["description"],
            "disabled": not parameter["required"],
        }
        for parameter in parameters
        if parameter["in"] == "header"
    ]
    made = {
        "method": method.upper(),
        "header": headers,
        "url": url(document, path, parameters),
        "description": operation["description"],
    }
    if "requestBody" in operation:
        schema = resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
        headers.append({"key": "Content-Type", "value": "application/json"})
        made["body"] = {
            "mode": "raw",
            "raw": json.dumps(schema["example"], indent=2),
            "options": {"raw": {"language": "json"}},
        }
    return made


def item(document, path, method, operation):
    statuses = ", ".join(sorted(operation["responses"]))
    test = [
        "pm.test('the answer is a documented one', () => {",
        f"    pm.expect(pm.response.code).to.be.oneOf([{statuses}]);",
        "});",
    ]
    return {
        "name": operation["summary"],
        "request": request(document, path, method, operation),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": test}}],
    }


def folders(document):
    """A folder for each tag, in the order in which the operations name them."""
    found = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                found.setdefault(operation["tags"][0], []).append(item(document, path, method, operation))
    descriptions = {tag["name"]: tag["description"] for tag in document["tags"]}
    return [{"name": tag, "description": descriptions[tag], "item": items} for tag, items in found.items()]


def main():
    document = json.loads(pathlib.Path(sys.argv[1]).read_text())
    former = json.loads(pathlib.Path(__file__).with_name("former.json").read_text())
    collection = {
        "info": {
            "name": "Orderflow",
            "description": document["info"]["description"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:8000"},
            {"key": "orderId", "value": ""},
        ],
        "item": [former, *folders(document)],
    }
    print(json.dumps(collection, indent=2))


if __name__ == "__main__":
    main()
