"""The file of tokens: who may come in, as one small file that is replaced whole, and the secret of the person at this machine."""

import os
import stat
from pathlib import Path

import cattrs.preconf.msgspec
import msgspec
from attrs import frozen

from ..domain.token import SECRET, Token
from .durable import sync_file, sync_folder
from .errors import Exposed, StorageError
from .private import FILE_MODE

TOKENS_FILE = "tokens.json"
LOCAL_FILE = "local.token"
VERSION = 1

_CONVERTER = cattrs.preconf.msgspec.make_converter(forbid_extra_keys=True)


@frozen
class _File:
    version: int
    tokens: tuple[Token, ...]


class BadTokens(StorageError):
    """The file of tokens cannot be made sense of, so that nobody can be let in."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be read ({why}); put a copy of it back, or remove it and make every token anew")


def read_tokens(folder: Path) -> tuple[Token, ...]:
    """Every token but that of this machine. Raises BadTokens, and Exposed when others can read or write the file."""
    file = folder / TOKENS_FILE
    try:
        _require_private(file)
        content = file.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise BadTokens(file, str(error.strerror)) from error
    try:
        read = _CONVERTER.structure(msgspec.json.decode(content), _File)
    except (msgspec.DecodeError, cattrs.BaseValidationError, ValueError) as error:
        raise BadTokens(file, "it is damaged") from error
    if read.version != VERSION:
        raise BadTokens(file, f"it has version {read.version}, and this server knows {VERSION}")
    return read.tokens


def write_tokens(folder: Path, tokens: tuple[Token, ...]) -> None:
    """Replace the file; on the disk when this returns. Raises OSError, and then the old one is still there."""
    content = msgspec.json.format(msgspec.json.encode(_CONVERTER.unstructure(_File(VERSION, tokens))), indent=1)
    _put(folder / TOKENS_FILE, content + b"\n")


def read_local(folder: Path) -> str | None:
    """The secret of the person at this machine; None before there is one. Raises BadTokens, and Exposed as above."""
    file = folder / LOCAL_FILE
    try:
        _require_private(file)
        secret = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadTokens(file, str(error)) from error
    if SECRET.fullmatch(secret) is None:
        raise BadTokens(file, "it has no token in it")
    return secret


def write_local(folder: Path, secret: str) -> None:
    """Keep the secret of the person at this machine, where only they can read it. Raises OSError."""
    _put(folder / LOCAL_FILE, f"{secret}\n".encode())


def _require_private(file: Path) -> None:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise Exposed(file, mode)


def _put(file: Path, content: bytes) -> None:
    """New under another name, so that nobody ever reads half of it, and never open to others for a moment."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with open(descriptor, "wb") as new:
        new.write(content)
    sync_file(temporary)
    temporary.replace(file)
    sync_folder(file.parent)
