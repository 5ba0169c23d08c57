"""What ends a command early, and with which exit code."""

FAILED, WRONG_USAGE, NO_SERVER = 1, 2, 3


class CliError(Exception):
    """A cause and a remedy, for a person to read."""

    exit_code = FAILED

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause}\n  {remedy}" if remedy else cause)


class Usage(CliError):
    exit_code = WRONG_USAGE


class NoServer(CliError):
    exit_code = NO_SERVER
