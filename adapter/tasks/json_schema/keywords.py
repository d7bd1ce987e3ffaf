"""Which keywords of JSON Schema 2020-12 say what kind of thing."""

ANNOTATIONS = frozenset(
    [
        "$schema",
        "$id",
        "$anchor",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    ]
)
LOWER_BOUNDS = frozenset(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"])
UPPER_BOUNDS = frozenset(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"])
STRUCTURE = frozenset(
    [
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
        "propertyNames",
        "items",
        "prefixItems",
        "unevaluatedItems",
    ]
)
INFERRED: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "object",
        frozenset(
            ["properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties"]
        ),
    ),
    ("array", frozenset(["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"])),
    ("string", frozenset(["pattern", "format", "minLength", "maxLength", "contentEncoding", "contentMediaType"])),
    ("number", frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"])),
)
