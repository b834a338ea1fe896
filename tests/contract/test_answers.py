"""What is stored can be answered: what a request may not say is checked when it comes in, not when it is shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from deploy.contracts import apps
from shared.http import free_text
from shared.http.openapi import api_routes

APPS = apps()


def functions(schema: Any) -> Iterator[Any]:
    """Every function that a schema of pydantic runs, however deep it stands."""
    if isinstance(schema, dict):
        if schema.get("type", "").startswith("function-"):
            yield schema["function"]["function"]
        for part in schema.values():
            yield from functions(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from functions(part)


def checks_text(model: Any) -> bool:
    return free_text.check in set(functions(TypeAdapter(model).core_schema))


def test_the_check_is_found_where_it_stands() -> None:
    assert checks_text(dict[str, list[free_text.FreeText | None]])
    assert not checks_text(str)


@pytest.mark.parametrize("name", APPS)
def test_no_answer_is_refused_for_what_a_stored_text_looks_like(name: str) -> None:
    """An answer that did would be a 500, for good, for text that was let in by another way or another rule."""
    models = {route.path: route.response_model for route in api_routes(APPS[name]) if route.response_model is not None}
    assert models
    assert [path for path, model in models.items() if checks_text(model)] == []
