"""Made-up secrets. Each begins with a mark by which it is found wherever it should not be."""

import hashlib
import secrets

MARK = "never-show-"


def made_up(name: str = "key") -> str:
    """Make a secret that nobody has used."""
    return f"{MARK}{name}-{secrets.token_hex(8)}"


def digest_of(secret: str) -> str:
    """Digest as a keys file has it."""
    return hashlib.sha256(secret.encode()).hexdigest()
