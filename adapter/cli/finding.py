"""What `adapter doctor` has to say of one part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """How one part is: problem "" = well."""

    part: str
    problem: str = ""
    owner: str = ""
    detail: str = ""
