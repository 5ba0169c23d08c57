"""The model's messages and files: what is in whose inbox, and who has reserved what."""

from collections.abc import Mapping
from typing import Any

from tests.linear.state import No, Turn

Reply = Mapping[str, Any]

EVERYBODY = "all"
PAGE = 20


def send_message(turn: Turn, to: str, **_: Any) -> Reply:
    """To an agent or to everybody."""
    if to != EVERYBODY:
        turn.introduce(to)
    turn.introduce(turn.by, said=1)
    return {"id": turn.tell(turn.by, to), "to": to}


def read_inbox(turn: Turn, cursor: int = 0, limit: int = PAGE, **_: Any) -> Reply:
    """What comes after the last message that was confirmed; the cursor that is passed back confirms."""
    turn.introduce(turn.by)
    if cursor > len(turn.state.messages):
        raise No("invalid_arguments")
    me = turn.state.agents[turn.by]
    if cursor > me.cursor:
        me = me._replace(cursor=cursor)
        turn.put(agents={**turn.state.agents, turn.by: me})
    begin = {turn.by: me.cursor, EVERYBODY: max(me.cursor, me.all_from)}
    items: list[int] = []
    last = me.cursor
    for number in range(me.cursor + 1, len(turn.state.messages) + 1):
        author, to = turn.state.messages[number - 1]
        if number <= begin.get(to, number):
            continue
        last = number
        if author != turn.by or to == turn.by:
            items.append(number)
        if len(items) == limit:
            break
    return {"items": tuple(items), "cursor": last}


def reserve_files(turn: Turn, patterns: tuple[str, ...], **_: Any) -> Reply:
    """Files by their whole names, for one agent alone; all of them or none."""
    turn.introduce(turn.by)
    wanted = turn.by, tuple(sorted(set(patterns)))
    if wanted in turn.state.reserved:
        return {"granted": True, "others": ()}
    others = {agent for agent, files in turn.state.reserved if agent != turn.by and set(files) & set(patterns)}
    if others:
        return {"granted": False, "others": tuple(sorted(others))}
    turn.put(reserved=(*turn.state.reserved, wanted))
    turn.happened("files_reserved", None, agent=turn.by)
    return {"granted": True, "others": ()}


def release_files(turn: Turn, patterns: tuple[str, ...] = ()) -> Reply:
    """Everything of the caller's that has one of these files in it, or everything."""
    turn.introduce(turn.by)
    over = [each for each in turn.state.reserved if each[0] == turn.by and (not patterns or set(each[1]) & set(patterns))]
    turn.put(reserved=tuple(each for each in turn.state.reserved if each not in over))
    for agent, _ in over:
        turn.happened("files_released", None, agent=agent)
    return {"released": tuple(sorted(files for _, files in over))}
