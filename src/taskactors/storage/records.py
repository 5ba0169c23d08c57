"""Records: values as bytes, each kind with a version of its own; and the checksum that every stored value carries."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from attrs import has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.preconf.msgspec import make_converter

from .errors import Damaged, RecordTooNew

T = TypeVar("T")

CHECKSUM_BYTES = 4
VERSION_BYTES = 1

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From the fields of one version to those of the next."""


def seal(key: bytes, body: bytes) -> bytes:
    """A value as it is stored. The checksum covers its key too, so that no value can stand in another's place.

    CRC-32 finds every flipped bit and all but one in four thousand million larger faults, at half a microsecond;
    whoever wants to forge a value can write to the file anyway.
    """
    return zlib.crc32(body, zlib.crc32(key)).to_bytes(CHECKSUM_BYTES, "big") + body


def unseal(key: bytes, sealed: bytes) -> bytes:
    """The value as it was given to `seal`. Raises Damaged."""
    body = sealed[CHECKSUM_BYTES:]
    if len(sealed) < CHECKSUM_BYTES or zlib.crc32(body, zlib.crc32(key)) != int.from_bytes(sealed[:CHECKSUM_BYTES], "big"):
        raise Damaged(f"the value under {key!r} does not fit its checksum")
    return body


def _make_converter() -> Converter:
    converter = make_converter()
    # Fields at their default are left out, to keep records small: changing a default is therefore a new version.
    converter.register_unstructure_hook_factory(has, lambda cls: make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True))
    converter.register_structure_hook_factory(
        has, lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)
    )
    return converter


_CONVERTER = _make_converter()
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


class RecordType(Generic[T]):
    """One kind of record: frozen attrs values of one class, in JSON, behind one byte of version.

    `upgrades` maps every older version to the function that makes its fields those of the version after it.
    """

    def __init__(self, name: str, cls: type[T], version: int, upgrades: Mapping[int, Upgrade] | None = None) -> None:
        self.name = name
        self.version = version
        self._cls = cls
        self._upgrades = dict(upgrades or {})
        self._mark = version.to_bytes(VERSION_BYTES, "big")
        missing = set(range(1, version)) - set(self._upgrades)
        if missing:
            raise ValueError(f"{name} has no way up from version {min(missing)}")

    def encode(self, value: T) -> bytes:
        """The same bytes for the same value, always."""
        return self._mark + _ENCODER.encode(_CONVERTER.unstructure(value, self._cls))

    def decode(self, stored: bytes) -> T:
        """The value, brought up step by step from the version it was written in. Raises RecordTooNew."""
        version = int.from_bytes(stored[:VERSION_BYTES], "big")
        if version > self.version:
            raise RecordTooNew(self.name, version, self.version)
        fields = _DECODER.decode(stored[VERSION_BYTES:])
        for step in range(version, self.version):
            fields = self._upgrades[step](fields)
        return _CONVERTER.structure(fields, self._cls)
