"""Migrations only expand: what an older version reads and writes stays as it is, beside the newer one."""

import ast
from pathlib import Path

import pytest

from adapter.outbound.sql import migrate

REVISIONS = sorted((Path(migrate.__file__).with_name("migrations") / "versions").glob("r*.py"))
CREATES = {"create_table", "create_index"}


def operations(source: str) -> list[ast.Call]:
    """Calls of alembic's `op` in a revision."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        call
        for call in found
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "op"
    ]


def what_narrows(source: str) -> list[str]:
    """Name each operation that an older version would notice, or fail by."""
    return [ast.unparse(call) for call in operations(source) if not _only_expands(call)]


def _only_expands(call: ast.Call) -> bool:
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr in CREATES:
        return not any(word.arg == "unique" for word in call.keywords) or call.func.attr == "create_table"
    if call.func.attr != "add_column":
        return False
    (column,) = [part for part in call.args if isinstance(part, ast.Call)]
    given = {word.arg: ast.unparse(word.value) for word in column.keywords}
    return given.get("nullable") == "True" or "server_default" in given


@pytest.mark.parametrize("revision", REVISIONS[1:], ids=lambda path: path.stem)
def test_a_revision_only_adds_what_an_older_version_may_leave_out(revision: Path) -> None:
    source = revision.read_text()

    assert operations(source)
    assert what_narrows(source) == []
    assert "def downgrade" not in source


@pytest.mark.parametrize(
    "line",
    [
        "op.drop_column('jobs', 'labels')",
        "op.drop_table('jobs')",
        "op.alter_column('jobs', 'state', new_column_name='status')",
        "op.rename_table('jobs', 'tasks')",
        "op.execute('ALTER TABLE jobs DROP COLUMN labels')",
        "op.create_index('ix', 'jobs', ['task'], unique=True)",
        "op.add_column('jobs', sa.Column('priority', sa.Integer(), nullable=False))",
        "op.batch_alter_table('jobs')",
    ],
)
def test_what_would_break_an_older_version_is_found(line: str) -> None:
    assert what_narrows(f"def upgrade():\n    {line}\n")


def test_revisions_are_numbered_in_their_order() -> None:
    """An older version tells a newer schema by that."""
    numbers = [path.stem[1:5] for path in REVISIONS]

    assert numbers == [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)]
    assert [f'revision = "{number}"' in path.read_text() for number, path in zip(numbers, REVISIONS, strict=True)] == [
        True
    ] * len(REVISIONS)
