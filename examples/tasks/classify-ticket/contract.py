"""A support ticket as the CRM has it, and how it is to be routed."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Ticket(BaseModel):
    """A ticket of the CRM. Keys the CRM sends beside these are ignored."""

    customer: Annotated[str, Field(min_length=1, max_length=20, description="Customer number")]
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[
        str,
        Field(
            max_length=8000,
            description="What the customer wrote",
            json_schema_extra={"contentMediaType": "text/html"},  # some clients send markup: it becomes plain text
        ),
    ] = ""
    channel: Literal["MAIL", "PHONE", "WEB", "LETTER"] | None = None
    received: datetime | None = None


class Triage(BaseModel):
    """Where a ticket goes, and how soon."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[
        str, Field(min_length=10, max_length=160, description="The customer's problem in one short English sentence")
    ]
    category: Annotated[
        Literal["BILLING", "DELIVERY", "TECHNICAL", "CONTRACT", "OTHER"],
        Field(description="What it is about: money, a shipment, something that does not work, the contract"),
    ]
    team: Annotated[
        Literal["ACCOUNTS", "LOGISTICS", "SUPPORT", "SALES", "FRONT_DESK"],
        Field(description="BILLING goes to ACCOUNTS, DELIVERY to LOGISTICS, TECHNICAL to SUPPORT, CONTRACT to SALES"),
    ]
    priority: Annotated[
        Literal["LOW", "NORMAL", "HIGH", "URGENT"],
        Field(description="URGENT: danger, or business stands still. HIGH: a deadline or threat. LOW: no hurry"),
    ]
    sentiment: Annotated[
        Literal["POSITIVE", "NEUTRAL", "NEGATIVE"], Field(description="How the customer feels about us")
    ]
