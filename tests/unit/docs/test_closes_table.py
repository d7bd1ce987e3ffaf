"""The page says of every way to lose the broker what the code does about it."""

from collections.abc import Iterator

from adapter.broker.close_rules import (
    CHANNEL_RULES,
    CONNECTION_RULES,
    CONSUMER_TIMEOUT_RULE,
    SETUP_RULES,
    CloseRule,
)
from tests.unit.docs.pages import page, rows


def wanted_rows() -> Iterator[list[str]]:
    """Rows of the table: what closed, why, what follows, the event, the advice."""
    for scope, rules in (("connection", CONNECTION_RULES), ("channel", CHANNEL_RULES), ("set-up", SETUP_RULES)):
        for rule in dict.fromkeys(rules.values()):
            yield _row(scope, ", ".join(str(why) for why, one in rules.items() if one == rule), rule)
    yield _row("channel", "406 timed out", CONSUMER_TIMEOUT_RULE)


def _row(scope: str, why: str, rule: CloseRule) -> list[str]:
    return [scope, why, rule.action.value.replace("_", " "), f"`{rule.event}`", rule.advice]


def test_the_table_of_closes_is_that_of_the_code() -> None:
    scopes = {"connection", "channel", "set-up"}
    assert sorted(row for row in rows(page("operations.md")) if row[0] in scopes) == sorted(wanted_rows())


def test_what_needs_a_person_says_what_to_do() -> None:
    assert [row for row in wanted_rows() if row[2] == "needs person" and not row[4]] == []
