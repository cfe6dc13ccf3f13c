"""A recipe in the making: plain values by dotted name, as forms, addresses and `--set` have it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ser_core.core.plain_yaml import load_yaml
from ser_core.recipes.recipe import Recipe

Content = dict[str, Any]

SERVES_WELL = {"encoder": {"network.name": "logistic", "normalise": "speaker"}}
"""By representation, what to begin with (docs/results.md, `encoder-loso`)."""

PLAIN = ("representation", "network")
"""Mappings of the recipe that are no section: their keys are parameters of what they name."""


def fields() -> dict[str, FieldInfo]:
    """Every field of a recipe by its dotted name, in order; sections are taken apart.

    Choices of networks are among them, each once; what a certain network has `network_fields` says.

    >>> list(fields())[:4]
    ['name', 'corpus', 'reader', 'opening']
    >>> [name for name in fields() if name.startswith("network")][:3]
    ['network.name', 'network.width', 'network.dropout']
    """
    found = dict(_fields(Recipe, ""))
    place = list(found).index("network")
    items = list(found.items())
    return dict([*items[:place], *_every_network_field().items(), *items[place + 1 :]])


def network_fields(content: Mapping[str, Any]) -> dict[str, FieldInfo]:
    """Choices of the network that a content names, by dotted name; none where it is not known.

    >>> list(network_fields({"network": {"name": "linear"}}))
    ['network.dropout']
    """
    from ser_core.models.networks import NETWORKS

    name = _named_network(content)
    if name not in NETWORKS:
        return {}
    return {f"network.{key}": each for key, each in NETWORKS[name].choices.model_fields.items()}


def field(name: str, content: Mapping[str, Any]) -> FieldInfo:
    """A field of the recipe that a content makes: the network's own, where it is one of those.

    Raises:
        KeyError: If there is no such field.
    """
    return network_fields(content).get(name) or fields()[name]


def _every_network_field() -> dict[str, FieldInfo]:
    from ser_core.models.networks import NETWORKS

    name: Any = FieldInfo(
        annotation=Literal[tuple(NETWORKS)],  # type: ignore[arg-type]
        default=Recipe.model_fields["network"].default["name"],
        description="The network behind the representation",
    )
    every = {"network.name": name}
    for known in NETWORKS:
        for key, field in network_fields({"network": {"name": known}}).items():
            every.setdefault(key, field)
    return every


def _named_network(content: Mapping[str, Any]) -> str:
    network = content.get("network")
    named = network.get("name") if isinstance(network, Mapping) else None
    return str(named or Recipe.model_fields["network"].default["name"])


def _fields(model: type[BaseModel], before: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, f"{name}.")
        else:
            yield f"{before}{name}", field


def default(name: str) -> Any:
    """Value of a field where the recipe does not say it; None where it must."""
    return default_of(fields()[name])


def default_of(field: FieldInfo) -> Any:
    """Value of a field where nothing else is said; None where something must be."""
    value = field.get_default(call_default_factory=True)
    return None if repr(value) == "PydanticUndefined" else value


def is_known(name: str) -> bool:
    """Whether a dotted name is one of a recipe, or a parameter of its representation.

    >>> is_known("train.epochs"), is_known("representation.n_mels"), is_known("clip")
    (True, True, False)
    """
    return name in fields() or name.partition(".")[0] in PLAIN


def get(content: Mapping[str, Any], name: str) -> Any:
    """Value at a dotted name, or the default of the field.

    >>> get({"train": {"epochs": 3}}, "train.epochs"), get({}, "train.batch")
    (3, 32)
    """
    inner: Any = content
    for part in name.split("."):
        if not isinstance(inner, Mapping) or part not in inner:
            own = network_fields(content)
            if name in own:
                return own[name].default
            return default(name) if name in fields() else None
        inner = inner[part]
    return inner


def put(content: Mapping[str, Any], name: str, value: Any) -> Content:
    """Copy of the content with a value at a dotted name.

    >>> put({"train": {"epochs": 3}}, "train.batch", 8)
    {'train': {'epochs': 3, 'batch': 8}}
    """
    first, _, rest = name.partition(".")
    inner = content.get(first)
    changed = put(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value
    return {**content, first: changed}


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> Content:
    """Copy of the content with changes by dotted name.

    Another representation or network forgets the parameters of the one before.
    """
    result = dict(content)
    for name in sorted(changes, key=_names_first):
        if name == "representation.name" and get(result, name) != changes[name]:
            result["representation"] = {"name": changes[name]}
        if name == "network.name" and get(result, name) != changes[name]:
            result["network"] = _shared_choices(result, str(changes[name]))
        result = put(result, name, changes[name])
    if "representation" in result and "name" not in result["representation"]:
        result = put(result, "representation.name", default("representation")["name"])
    return result


def _names_first(name: str) -> tuple[bool, str]:
    return not name.endswith(".name"), name


def _shared_choices(content: Mapping[str, Any], name: str) -> Content:
    """Another network with the choices that both have."""
    own, held = network_fields({"network": {"name": name}}), content.get("network")
    kept = held.items() if isinstance(held, Mapping) else ()
    return {"name": name, **{key: value for key, value in kept if f"network.{key}" in own}}


def input_kind(content: Mapping[str, Any]) -> str:
    """Kind of input that the representation of a content is; features where it is not known."""
    from ser_core.features.representations import FEATURES, model_inputs

    known = model_inputs()
    name = get(content, "representation")["name"]
    return known[name].input_kind if name in known else FEATURES


def is_one_frame(content: Mapping[str, Any]) -> bool:
    """Whether the representation is one frame of a whole clip."""
    from ser_core.features.representations import SUMMARY

    return input_kind(content) == SUMMARY


def fitting(content: Mapping[str, Any], representation: str) -> Content:
    """What else must change with the representation, by dotted name.

    A network that does not take this kind of input gives way to the first that does; so does the
    linear one when a clip is no longer one frame. Any other stays.

    A pretrained encoder comes with what serves it well, where the network does not fit anyway.

    >>> fitting({"normalise": "clip"}, "functionals")
    {'network.name': 'linear', 'normalise': 'corpus'}
    >>> fitting({}, "encoder")
    {'network.name': 'logistic', 'normalise': 'speaker'}
    """
    from ser_core.features.representations import FEATURES, SUMMARY
    from ser_core.models.networks import accepting

    wanted = input_kind({"representation": {"name": representation}})
    changed = wanted != input_kind(content)
    needed: Content = {}
    own = get(content, "network.name")
    if own not in accepting(wanted) or (own == "linear" and changed):
        usual = [default("network.name"), *accepting(wanted)]
        needed["network.name"] = next(name for name in usual if name in accepting(wanted))
    if wanted != FEATURES:
        needed["augment.picture"] = "none"
    if wanted == SUMMARY and get(content, "normalise") == "clip":
        needed["normalise"] = "corpus"
    if "network.name" in needed:
        needed |= SERVES_WELL.get(representation, {})
    return {name: value for name, value in needed.items() if get(content, name) != value}


def representation_for(content: Mapping[str, Any], network: str) -> Content:
    """What else must change with the network, by dotted name: a representation that it takes.

    >>> representation_for({}, "wave-cnn")
    {'representation.name': 'waveform'}
    >>> representation_for({}, "vgg16")
    {}
    """
    from ser_core.models.networks import NETWORKS

    if network not in NETWORKS or input_kind(content) in NETWORKS[network].accepts:
        return {}
    return {"representation.name": _usual_input()[NETWORKS[network].accepts[0]]}


def _usual_input() -> dict[str, str]:
    """Representation to begin with of each kind of input."""
    from ser_core.features.representations import FEATURES, SUMMARY, WAVEFORM

    return {
        FEATURES: default("representation")["name"],
        SUMMARY: "functionals",
        WAVEFORM: "waveform",
    }


def differences(content: Mapping[str, Any], base: Mapping[str, Any]) -> Content:
    """Changes by dotted name that make the content of the base.

    >>> differences({"train": {"epochs": 3}, "name": "a"}, {"name": "a"})
    {'train.epochs': 3}
    """
    names = dict.fromkeys([*fields(), *_parameters(content), *_parameters(base)])
    names.pop("representation", None)
    given = {name: (get(content, name), get(base, name)) for name in names}
    return {name: mine for name, (mine, theirs) in given.items() if not _same(mine, theirs)}


def _parameters(content: Mapping[str, Any]) -> list[str]:
    return [f"representation.{key}" for key in content.get("representation", {"name": ""})]


def _same(one: Any, two: Any) -> bool:
    return bool(json.dumps(one, default=str) == json.dumps(two, default=str))


def to_text(value: Any) -> str:
    """Value as an address has it; `from_text` reads it.

    >>> [to_text(value) for value in (0.001, "plain words", "12", None, (0, 1))]
    ['0.001', 'plain words', '"12"', 'null', '[0, 1]']
    """
    if isinstance(value, str) and from_text(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def from_text(text: str) -> Any:
    """Value of a text; what is no YAML is taken as words.

    >>> from_text("3e-4"), from_text("[0, 1]"), from_text("a: b: c"), from_text(to_text("12"))
    (0.0003, [0, 1], 'a: b: c', '12')
    """
    try:
        value = load_yaml(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str) and value == text.strip():  # not in quotation marks
        try:
            return float(value)
        except ValueError:
            return text
    return value
