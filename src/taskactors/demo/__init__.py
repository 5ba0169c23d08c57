"""A team of six real clients at work on a plan, against a real server."""
