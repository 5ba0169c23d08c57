"""Units of work: load, decide, record; plain synchronous functions over a change, the same for every engine."""
