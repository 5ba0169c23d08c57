"""Depth: how deep a message may nest, whichever door it comes in at."""

DEPTH_LIMIT = 64
"""No tool's arguments nest deeper than a few levels; deeper input only costs."""

TOO_DEEP = f"nested deeper than {DEPTH_LIMIT} levels"


def fits(value: object, depth: int = DEPTH_LIMIT) -> bool:
    """Whether nothing in decoded JSON is nested deeper than this; the outermost object or list is the first level."""
    if isinstance(value, dict):
        return depth > 0 and all(fits(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(fits(each, depth - 1) for each in value)
    return True
