"""An attack: one hostile input, the way it is sent, and what has to come of it."""

from abc import ABC, abstractmethod
from typing import ClassVar

from attrs import frozen

from tests.fuzz.place import Place


@frozen(kw_only=True)
class Attack(ABC):
    """One hostile input. It needs nothing that an attack before it did."""

    surface: ClassVar[str]
    kind: str

    @abstractmethod
    def play(self, place: Place) -> str | None:
        """Send it, let the neighbours call while it is under way, and say what is wrong with what came of it, if anything is.

        Raises Gone when the server closed what should have stayed open, and Hung when it does nothing.
        """


def sent_as(text: str) -> bytes:
    """A text as it goes over a wire. Half of a surrogate pair goes as an escape, as programs write it that cut text in two."""
    return text.encode("utf-8", "backslashreplace")
