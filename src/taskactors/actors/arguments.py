"""Arguments: the check that every call's arguments go through on their way to becoming a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

import msgspec
from attrs import NOTHING, define, field, fields

from ..board.requests.request import Request
from ..domain.errors import InvalidArguments
from .argument_schema import Schema, input_schema, required_fields
from .violations import PROBLEMS_LIMIT, SHOWN_CHARACTERS, make_validator, shown, violations

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

R = TypeVar("R", bound=Request)

NOT_TAKEN = (ValueError, OverflowError, RecursionError)
"""What converting and encoding raise for arguments that are wrong; the slow way then says what it is."""


@define(eq=False)
class Arguments(Generic[R]):
    """How one request's arguments are published and checked. Made once for a tool.

    Arguments that are right take the fast way: one conversion. Only those that are not are looked at closely.
    """

    request: type[R]
    schema: Schema = field(init=False)
    _fields: Mapping[str, Any] = field(init=False)
    _required: tuple[str, ...] = field(init=False)
    _inner: frozenset[str] = field(init=False)
    _whole_numbers: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.schema = input_schema(self.request)
        hints = get_type_hints(self.request, include_extras=True)
        self._fields = {each.name: hints[each.name] for each in fields(self.request)}
        self._required = required_fields(self.request)
        properties = self.schema["properties"]
        self._inner = frozenset(name for name in self._fields if "additionalProperties" in str(properties[name]))
        self._whole_numbers = frozenset(name for name in self._fields if properties[name].get("type") == "integer")

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return make_validator(self.schema)

    @cached_property
    def _inner_validators(self) -> Mapping[str, Draft202012Validator]:
        return {name: make_validator(self.schema["properties"][name]) for name in self._inner}

    def structure(self, arguments: Mapping[str, Any], tool: str) -> R:
        """The request that these arguments make; null counts as not given. Raises InvalidArguments naming every violation with its path."""
        given = {name: value for name, value in arguments.items() if value is not None}
        known, spelled, clashes = (given, {}, []) if given.keys() <= self._fields.keys() else self._in_one_spelling(given)
        unknown = [name for name in known if name not in self._fields]
        if not unknown and not clashes:
            try:
                request = self._converted(known)
            except NOT_TAKEN:
                pass
            else:
                if not request.problems():
                    return request
        raise InvalidArguments(tool=tool, problems=self._problems(known, spelled, [*self._unknown(unknown), *clashes]))

    def _converted(self, known: Mapping[str, Any]) -> R:
        # Encoding is the quickest way to find text that could never be stored or sent, however deep it sits.
        msgspec.json.encode(known)
        for name in self._inner & known.keys():
            # The conversion would let unknown keys of inner objects pass; the schema does not.
            if _holds_objects(known[name]) and not self._inner_validators[name].is_valid(known[name]):
                raise ValueError(name)
        try:
            return msgspec.convert(known, self.request)
        except msgspec.ValidationError:
            # To JSON Schema 5.0 is a whole number, and some clients write it so.
            return msgspec.convert({name: self._whole(name, value) for name, value in known.items()}, self.request)

    def _whole(self, name: str, value: Any) -> Any:
        return int(value) if name in self._whole_numbers and isinstance(value, float) and value.is_integer() else value

    def _in_one_spelling(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
        """The arguments under their fields' names, how each was written, and what was said twice in two ways."""
        known: dict[str, Any] = {}
        spelled: dict[str, str] = {}
        clashes = []
        for name, value in given.items():
            field_name = self.request.spellings.get(name, name)
            if field_name in known and not _same(known[field_name], value):
                clashes.append(f"{name}: means the same as {spelled[field_name]}, which was given too, with another value")
            known[field_name] = value
            spelled[field_name] = name
        return known, spelled, clashes

    def _problems(self, known: Mapping[str, Any], spelled: Mapping[str, str], found: list[str]) -> tuple[str, ...]:
        ours = {name: value for name, value in known.items() if name in self._fields}
        missing = [f"{name}: is required" for name in self._required if name not in known]
        wrong = violations(self._validator, ours, spelled)
        every = list(dict.fromkeys([*found, *missing, *wrong, *self._between(ours)])) or [self._of_the_conversion(known)]
        return (*every[:PROBLEMS_LIMIT], *(("and more",) if len(every) > PROBLEMS_LIMIT else ()))

    def _unknown(self, names: list[str]) -> Iterator[str]:
        for name in names[: PROBLEMS_LIMIT + 1]:
            near = get_close_matches(name[:SHOWN_CHARACTERS], self.schema["properties"], n=1)
            yield f"{shown(name)}: there is no such argument" + (f"; did you mean {near[0]}?" if near else "")

    def _between(self, known: Mapping[str, Any]) -> tuple[str, ...]:
        """What the request's own check finds, as far as the arguments that are right let it look."""
        partial = object.__new__(self.request)
        for each in fields(self.request):
            if each.name in known:
                try:
                    object.__setattr__(partial, each.name, msgspec.convert(known[each.name], self._fields[each.name]))
                except NOT_TAKEN:
                    continue
            elif each.default is not NOTHING:
                object.__setattr__(partial, each.name, each.default)
        try:
            return partial.problems()
        except AttributeError:  # it looked at an argument that is missing or wrong, and that has been said
            return ()

    def _of_the_conversion(self, known: Mapping[str, Any]) -> str:
        try:
            msgspec.convert(known, self.request)
        except NOT_TAKEN as error:
            said, _, path = str(error).partition(" - at `$.")
            return f"{path.rstrip('`') or 'arguments'}: {said}"
        return "arguments: do not fit"


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except RecursionError:
        return False


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)
