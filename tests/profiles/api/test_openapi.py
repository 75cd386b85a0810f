import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from config import env
from tests.builders import cite, make_profile, make_source

pytestmark = pytest.mark.django_db

TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list, "object": dict,
}  # fmt: skip


@pytest.fixture
def document(client) -> dict:
    response = client.get("/api/v1/openapi.json")
    assert response["Content-Type"] == "application/json"
    return response.json()


def operations(document):
    return [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]


def wrong_in(value, schema, document, where="answer"):
    """What in a value is not as a schema says: the part of JSON Schema that our description uses."""
    if "$ref" in schema:
        return wrong_in(value, followed(schema["$ref"], document), document, where)
    if "anyOf" in schema:
        every = [wrong_in(value, one, document, where) for one in schema["anyOf"]]
        return min(every, key=len)
    wrong = []
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return [f"{where}: {value!r} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{where}: {value!r} is not among {schema['enum']}")
    if isinstance(value, dict):
        wrong += [f"{where}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        known = schema.get("properties", {})
        for name, one in value.items():
            inner = known.get(name, schema.get("additionalProperties"))
            wrong += [f"{where}: {name} is not described"] if inner is None else []
            wrong += wrong_in(one, inner or {}, document, f"{where}.{name}")
    if isinstance(value, list):
        for one in value:
            wrong += wrong_in(one, schema.get("items", {}), document, f"{where}[]")
    return wrong


def followed(reference, document):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from references(one)


# --- The document ------------------------------------------------------------------------------------------------------


def test_the_description_is_openapi_3_1_and_whole(document, settings):
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": settings.SITE_URL}]
    assert {"title", "version", "description", "license"} <= document["info"].keys()
    assert all(followed(reference, document) for reference in references(document))
    names = [operation["operationId"] for _path, operation in operations(document)]
    assert len(names) == len(set(names)) == 12


def test_every_route_is_described(document):
    shapes = {
        re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/{pattern.pattern}")
        for pattern in get_resolver("profiles.api.urls").url_patterns
    }
    apart = {"/api/", "/api/v1/openapi.json", "/api/^v1/(?P<rest>.*)$"}
    assert shapes - apart == set(document["paths"])


def test_every_operation_names_every_status_it_can_answer_with(document):
    for path, operation in operations(document):
        always = {"200", "304", "405", "422", "429", "503"}
        assert set(operation["responses"]) == always | ({"301", "404"} if "{" in path else set()), path
        for status in ("405", "422", "429", "503"):
            answer = followed(operation["responses"][status]["$ref"], document)
            assert list(answer["content"]) == ["application/problem+json"]


def test_every_parameter_has_bounds(document):
    for path, operation in operations(document):
        for parameter in operation["parameters"]:
            shapes = parameter["schema"].get("anyOf", [parameter["schema"]])
            shapes = [shape for shape in shapes if shape.get("type") != "null"]
            assert all({"enum", "pattern", "maximum"} & shape.keys() for shape in shapes) or "{" in path, parameter


def test_answers_are_as_described(client, document):
    profile = make_profile("tidewater", live=True, judgements={"j1": "So."}, facets={"region": "Africa"}, cited=True)
    cite(profile, make_source(derived_from=[make_source()]))
    source = profile.citations.first().source
    values = {"slug": "tidewater", "id": source.pk}
    for path, operation in operations(document):
        shape = operation["responses"]["200"]["content"].get("application/json")
        slug = source.publisher.slug if "publishers" in path else "tidewater"
        response = client.get(path.format(**{**values, "slug": slug}))
        assert response.status_code == 200, path
        if shape:
            assert wrong_in(response.json(), shape["schema"], document, path) == []


def test_problems_are_as_described(client, document):
    schema = document["components"]["schemas"]["Problem"]
    for answer in (client.get("/api/v1/x/"), client.get("/api/v1/?x=1"), client.post("/api/v1/")):
        assert wrong_in(answer.json(), schema, document) == []


# --- The words ---------------------------------------------------------------------------------------------------------


def test_the_page_for_people_tells_of_every_operation_and_parameter(client, document):
    html = client.get("/api/").content.decode()
    for path, operation in operations(document):
        assert path in html
        for parameter in operation["parameters"]:
            assert f"<code>{parameter['name']}</code>" in html or parameter["in"] == "path"
    assert '<script src="http' not in html


def test_the_guide_tells_of_every_operation(document):
    guide = (Path(env.ROOT) / "docs" / "api.md").read_text()
    for path in document["paths"]:
        assert f"`{path}`" in guide or path == "/api/v1/"


def test_the_footer_leads_to_the_page(client):
    assert 'href="/api/"' in client.get("/methodology/").content.decode()
