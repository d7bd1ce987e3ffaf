"""What keeps a command or the service from working, told to whoever started it. No job has it, so it has no reason."""


class ConfigurationError(Exception):
    """Something is set up so that it cannot work; the message says what and where. Exit code 3."""


class UnreachableError(Exception):
    """Something needed cannot be reached, or is taken; the message says what and what to do. Exit code 4."""
