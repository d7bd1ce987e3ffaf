"""Compiled validators: exact on Decimal and big integers, formats asserted, no network, no file, bounded regexes.

jsonschema-rs 0.60 does most of it itself, exact_numbers the rest; tests/unit/contract/test_exactness.py proves it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from adapter.tasks.json_schema.exact_numbers import EXACT_NUMBER_RULES

# The linear engine cannot be made to backtrack. It lacks lookaround and back references: patterns that need them get
# the backtracking one with a limit, past which the value counts as not matching.
LINEAR = jsonschema_rs.RegexOptions()
BACKTRACKING = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)

_META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_CONTRACT_URI = "urn:llm-adapter:contract"


def compile_schema(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """Compile a linted schema. Raises ValueError for one that is not."""
    options = LINEAR if _all_linear(schema) else BACKTRACKING
    return jsonschema_rs.Draft202012Validator(
        dict(schema), validate_formats=True, offline=True, pattern_options=options, keywords=dict(EXACT_NUMBER_RULES)
    )


def compile_places(schema: Mapping[str, Any], pointers: list[str]) -> jsonschema_rs.Validator:
    """Compile a check of one or more places of a schema: what satisfies all of them is valid."""
    registry = jsonschema_rs.Registry([(_CONTRACT_URI, dict(schema))], draft=jsonschema_rs.Draft202012)
    wanted = {"allOf": [{"$ref": f"{_CONTRACT_URI}#{quote(pointer, safe='/~')}"} for pointer in pointers]}
    options = LINEAR if _all_linear(schema) else BACKTRACKING
    return jsonschema_rs.Draft202012Validator(
        wanted,
        validate_formats=True,
        offline=True,
        pattern_options=options,
        registry=registry,
        keywords=dict(EXACT_NUMBER_RULES),
    )


@cache
def meta_validator() -> jsonschema_rs.Validator:
    """Compile the check of schemas themselves."""
    return jsonschema_rs.Draft202012Validator({"$ref": _META_SCHEMA}, offline=True)


def is_linear(pattern: str) -> bool:
    """Say whether the linear engine takes a pattern."""
    return _compiles(pattern, LINEAR)


def is_pattern(pattern: str) -> bool:
    """Say whether any engine here takes a pattern."""
    return _compiles(pattern, LINEAR) or _compiles(pattern, BACKTRACKING)


def _compiles(pattern: str, options: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except ValueError:
        return False
    return True


def _all_linear(schema: Mapping[str, Any]) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(dict(schema), offline=True, pattern_options=LINEAR)
    except ValueError:
        return False
    return True
