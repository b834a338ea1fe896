"""The consumer's side of a payload: unknown fields are ignored and unknown enum values kept.

So an older consumer survives a newer producer. The derived class is a subclass of the producer's, field by field the
same but for that; what stands in the schema of a feed from outside is checked as it is.
"""

import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from shared.events.payload import Id
from shared.events.topics import Topic


def consumer_model(topic: Topic) -> type[BaseModel]:
    """Return the model that a consumer of a topic reads its payload with."""
    return topic.payload if topic.kind == "feed" else lenient(topic.payload)


@cache
def lenient(model: type[BaseModel]) -> type[BaseModel]:
    """Return a subclass of `model` that ignores unknown fields and takes any text where it lists values.

    Its ids are of the class that is compared in C: a handler looks up and sorts each of them again and again.
    """
    namespace: dict[str, Any] = {
        "__module__": model.__module__,
        "__doc__": model.__doc__,
        "__annotations__": {},
        "model_config": ConfigDict(extra="ignore"),
    }
    for name, field in model.model_fields.items():
        relaxed = _relax(field.annotation)
        if relaxed is not field.annotation:
            namespace["__annotations__"][name] = relaxed
            namespace[name] = _field(field)
    made: type[BaseModel] = types.new_class(model.__name__, (model,), {}, lambda body: body.update(namespace))
    return made


def _field(field: FieldInfo) -> FieldInfo:
    """The same field without its annotation, so that the relaxed one counts; constraints and default stay."""
    copied = FieldInfo(default=field.default, description=field.description)
    copied.metadata = list(field.metadata)
    return copied


def _relax(annotation: Any) -> Any:
    if annotation is UUID:
        return Id
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return str if all(isinstance(item, str) for item in arguments) else annotation
    if origin is Annotated:
        inner = _relax(arguments[0])
        return annotation if inner is arguments[0] else Annotated[(inner, *arguments[1:])]
    if isinstance(annotation, type) and origin is None and issubclass(annotation, BaseModel):
        return lenient(annotation)
    relaxed = tuple(item if item is Ellipsis else _relax(item) for item in arguments)
    if origin is None or all(new is old for new, old in zip(relaxed, arguments, strict=True)):
        return annotation
    is_union = origin is Union or not isinstance(origin, type) or origin.__module__ == "types"
    made: Any = Union if is_union else origin
    return made[relaxed]
