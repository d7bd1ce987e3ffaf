"""An insurance claim as the host has it, and what a clerk needs to know of it."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[Decimal, Field(decimal_places=2)]
PERSONAL = {"x-personal": True}  # is not written into recordings


class Party(BaseModel):
    """Somebody involved, beside the policy holder."""

    role: Literal["CLAIMANT", "WITNESS", "EXPERT", "WORKSHOP"]
    name: Annotated[str, Field(max_length=40, json_schema_extra=PERSONAL)]


class Payment(BaseModel):
    """Money paid so far; reversals are negative."""

    date: dt.date
    amount: Money
    purpose: Annotated[str, Field(max_length=30)] = ""


class Claim(BaseModel):
    """One claim of the host system."""

    claim_number: Annotated[str, Field(min_length=1, max_length=11)]
    policy_number: Annotated[str, Field(max_length=12)] | None = None
    line: Literal["MOTOR", "HOUSEHOLD", "LIABILITY", "BUILDING"]
    status: Literal["OPEN", "REOPENED", "CLOSED"] = "OPEN"
    loss_date: dt.date | None = None
    report_date: dt.date | None = None
    insured: Annotated[str, Field(min_length=1, max_length=40, json_schema_extra=PERSONAL)]
    place: Annotated[str, Field(max_length=40)] | None = None
    reserve: Money | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    parties: Annotated[list[Party], Field(max_length=20)] = []
    payments: Annotated[list[Payment], Field(max_length=50)] = []
    notes: Annotated[
        str,
        Field(
            max_length=8000,
            description="Notes of the clerks",
            json_schema_extra={"contentMediaType": "text/html"},  # the web front end stores markup: it becomes text
        ),
    ] = ""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Involved(_Part):
    """A person or company and their part in the claim."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    role: Literal["INSURED", "CLAIMANT", "WITNESS", "EXPERT", "WORKSHOP", "OTHER"]


class Event(_Part):
    """Something that happened on a known day."""

    date: dt.date
    what: Annotated[str, Field(min_length=1, max_length=60)]


class Amount(_Part):
    """Money that the claim mentions."""

    amount: Money
    currency: Literal["EUR", "CHF", "GBP", "USD"]
    what: Annotated[str, Field(min_length=1, max_length=40)]


class Summary(_Part):
    """The claim in a few words, in English."""

    facts: Annotated[
        list[Annotated[str, Field(min_length=5, max_length=120)]],
        Field(min_length=1, max_length=3, description="What happened and what was damaged, one short sentence each"),
    ]
    parties: Annotated[list[Involved], Field(min_length=1, max_length=4)]
    dates: Annotated[list[Event], Field(max_length=3, description="Days that matter, oldest first")]
    amounts: Annotated[list[Amount], Field(max_length=3)]
    open_questions: Annotated[
        list[Annotated[str, Field(min_length=5, max_length=120)]],
        Field(max_length=3, description="What a clerk still has to find out"),
    ]
