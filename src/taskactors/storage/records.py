"""Records: values as bytes, each kind with a version of its own."""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from attrs import has
from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.preconf.msgspec import make_converter

from .errors import Damaged, RecordTooNew
from .sealing import seal, unseal

__all__ = ["RecordType", "Upgrade", "seal", "unseal"]

T = TypeVar("T")

REMEMBERED_BYTES = 1_024
"""A longer record is not kept: a thousand of the longest would be a gigabyte."""

VERSION_BYTES = 1
OLDEST_VERSION = 1

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From the fields of one version to those of the next. Fields that were at their default then are missing."""


class RecordType(Generic[T]):
    """One kind of record: frozen attrs values of one class, in JSON, behind one byte of version.

    `upgrades` maps every older version to the function that makes its fields those of the version after it. A field that
    is at its default is not written, so a changed default is a new version just as a changed field is.

    The values of the last short records, at least `remembered` of them and at most twice as many, are kept: only for a class
    whose values nobody can change, and of which what is read again equals what was written, to the type of every field.
    """

    def __init__(self, name: str, cls: type[T], version: int, upgrades: Mapping[int, Upgrade] | None = None, remembered: int = 0) -> None:
        self.name = name
        self.version = version
        self._cls = cls
        self._upgrades = dict(upgrades or {})
        self._fields_of = _CONVERTER.get_unstructure_hook(cls)
        self._mark = version.to_bytes(VERSION_BYTES, "big")
        self._remembered = remembered
        self._young: dict[bytes, T] = {}
        self._old: dict[bytes, T] = {}
        if missing := set(range(OLDEST_VERSION, version)) - set(self._upgrades):
            raise ValueError(f"{name} has no way up from version {min(missing)}")

    def encode(self, value: T) -> bytes:
        """The same bytes for the same value, always."""
        stored = self._mark + _ENCODER.encode(self._fields_of(value))
        if self._remembered:
            self._remember(stored, value)
        return stored

    def decode(self, stored: bytes) -> T:
        """The value, brought up step by step from the version it was written in. Raises RecordTooNew, Damaged."""
        if not self._remembered:
            return self._decode(stored)
        value = self._young.get(stored)
        if value is None:
            value = self._old.get(stored)
            if value is None:
                value = self._decode(stored)
            self._remember(stored, value)
        return value

    def _remember(self, stored: bytes, value: T) -> None:
        """In two generations: what is asked for again stays, and the others are forgotten all at once."""
        if len(stored) <= REMEMBERED_BYTES:
            if len(self._young) >= self._remembered:
                self._old, self._young = self._young, {}
            self._young[stored] = value

    def _decode(self, stored: bytes) -> T:
        version = int.from_bytes(stored[:VERSION_BYTES], "big")
        if version > self.version:
            raise RecordTooNew(self.name, version, self.version)
        if version < OLDEST_VERSION:
            raise Damaged(f"a {self.name} record has no version")
        try:
            fields = _DECODER.decode(stored[VERSION_BYTES:])
            for step in range(version, self.version):
                fields = self._upgrades[step](fields)
            return _CONVERTER.structure(fields, self._cls)
        except (ValueError, TypeError, KeyError, ForbiddenExtraKeysError) as error:
            raise Damaged(f"a {self.name} record of version {version} does not fit what is known of that version: {error!r}") from error


def _make_converter() -> Converter:
    converter = make_converter()
    converter.register_unstructure_hook_factory(has, lambda cls: make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True))
    converter.register_structure_hook_factory(
        has, lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)
    )
    # What an event says is made for JSON, and encoded as it is.
    converter.register_unstructure_hook_func(lambda cls: cls == Mapping[str, Any], identity)
    # As it is, and known to be: no function is called for a field that may be missing.
    converter.register_unstructure_hook_func(_is_scalar_or_none, identity)
    # We wrote these ourselves, under a checksum: what JSON gives back is already right. This halves the time of a decode.
    converter.register_structure_hook_func(_is_scalar_or_none, lambda value, _: value)
    converter.register_structure_hook_func(_is_tuple_of_scalars, lambda value, _: tuple(value))
    return converter


_SCALARS = (str, int, bool)


def _is_scalar_or_none(cls: Any) -> bool:
    return get_origin(cls) in (Union, UnionType) and all(each in (*_SCALARS, NoneType) for each in get_args(cls))


def _is_tuple_of_scalars(cls: Any) -> bool:
    arguments = get_args(cls)
    return get_origin(cls) is tuple and len(arguments) == 2 and arguments[0] in _SCALARS and arguments[1] is Ellipsis


_CONVERTER = _make_converter()

# Sets and dictionaries are sorted: nothing that depends on a hash or on a history gets into stored bytes.
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(dict[str, Any])
