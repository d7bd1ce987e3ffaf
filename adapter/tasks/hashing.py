"""The content hash of a task: the same on every machine, another as soon as a byte of what matters changes."""

import hashlib
from collections.abc import Mapping


def task_hash(files: Mapping[str, bytes]) -> str:
    """Return 64 hex digits over names and bytes, in the order of the names. Names are relative, with slashes.

    Lengths are hashed too, so that no two sets of files can run into each other. Bytes as they are: a checkout that
    rewrites line ends makes another task, because it makes another prompt.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()
