"""YAML that a person reads: texts of several lines stand as they are, keys keep their order, all reads back."""

from typing import Any

import yaml

from adapter.tasks.located_yaml import plain_value

_BREAKS = "\r\x85\u2028\u2029"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks; also with spaces at the ends of lines, where PyYAML would not."""

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        if _reads_well(scalar):
            analysis.allow_block = True
        return analysis

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as in PyYAML
        return True


def _reads_well(text: str) -> bool:
    return all(char == "\n" or char.isprintable() for char in text) and not set(text) & set(_BREAKS)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and _reads_well(text):
        style = "|"
    elif plain_value(text) != text or not _reads_well(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(document: object) -> str:
    """Write mappings, lists, texts, integers, booleans and None."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1_000_000_000
    )
