"""The strict JSON Schema that a model is told, made from any contract, and the way of its replies back."""

from adapter.tasks.strict_schema.notes import Dropped
from adapter.tasks.strict_schema.profile import AZURE, COMMON, GEMINI, OPENAI, PROFILES, XAI, SchemaProfile
from adapter.tasks.strict_schema.strict_lint import strict_lint
from adapter.tasks.strict_schema.strictify import Lifted, StrictSchema, strictify

__all__ = [
    "AZURE",
    "COMMON",
    "GEMINI",
    "OPENAI",
    "PROFILES",
    "XAI",
    "Dropped",
    "Lifted",
    "SchemaProfile",
    "StrictSchema",
    "strict_lint",
    "strictify",
]
