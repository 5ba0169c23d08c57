"""Listeners: who hears the names of what has changed."""

from collections.abc import Callable, Iterator

from attrs import Factory, define

Listener = Callable[[frozenset[str]], None]
"""Hears the names of what one commit changed. Called on the loop; it never waits or raises."""

Unlisten = Callable[[], None]


@define(eq=False)
class Listeners:
    """Who listens. The same listener may be there more than once."""

    _by_token: dict[object, Listener] = Factory(dict)

    def __len__(self) -> int:
        return len(self._by_token)

    def __iter__(self) -> Iterator[Listener]:
        """Those who listen now; some may leave meanwhile, and are told all the same."""
        return iter(tuple(self._by_token.values()))

    def add(self, listener: Listener) -> Unlisten:
        """Call it for every change from now on, until what is returned is called."""
        token = object()
        self._by_token[token] = listener

        def unlisten() -> None:
            self._by_token.pop(token, None)

        return unlisten

    def hear(self, names: frozenset[str]) -> None:
        """Tell everybody."""
        for listener in self:
            listener(names)
