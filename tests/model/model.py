"""The model: what a project must say and hold after any calls, in plain dictionaries, by the rules that users are told.

It shares no rule, key or index with the server: it looks through everything for every answer, and copies everything to undo.
"""

import pickle
from collections.abc import Mapping
from typing import Any

from tests.model.log import SERVER, No
from tests.model.moving import DAY
from tests.model.overview import Overview

Given = Mapping[str, Any]


class Model(Overview):
    """One project. `call` answers what must be in the live answer, or raises No and has changed nothing."""

    def call(self, by: str, tool: str, given: Given) -> dict[str, Any]:
        before = pickle.dumps(self.__dict__)
        try:
            self.who = by
            return copied(self._once(by, tool, given))
        except No:
            self.__dict__ = pickle.loads(before)
            raise
        finally:
            self.who = SERVER

    def _once(self, by: str, tool: str, given: Given) -> dict[str, Any]:
        arguments = {name: value for name, value in given.items() if name != "idempotency_key"}
        if (key := given.get("idempotency_key")) is None:
            answer: dict[str, Any] = getattr(self, tool)(by, **arguments)
            return answer
        if (by, tool, key) in self.kept:
            first, answer, _ = self.kept[by, tool, key]
            if first != arguments:
                raise No("idempotency_key_reused")
            return answer | {"replayed": True}
        answer = getattr(self, tool)(by, **arguments)
        if not answer.get("nothing"):
            self.kept[by, tool, key] = arguments, copied(answer), self.now + DAY
        return answer


def copied(answer: dict[str, Any]) -> dict[str, Any]:
    """As it is now, whatever is done later. Far quicker than a deep copy."""
    same: dict[str, Any] = pickle.loads(pickle.dumps(answer))
    return same
