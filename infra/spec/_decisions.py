"""Decisions that stand in the region file beside what they are about: waivers, approvals, prices."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator

from ._base import Model, Number, Text, Word


def _date(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("a date such as 2027-03-31 is expected")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"not a date ({error}); write it like 2027-03-31") from None


Date = Annotated[datetime.date, BeforeValidator(_date)]
Loss = Annotated[Word, StringConstraints(pattern=r"^[^*]+/")]


def _in_words(value: str) -> str:
    if not any(character.isalnum() for character in value):
        raise ValueError("somebody reads this: write words")
    return value


Reason = Annotated[Text, StringConstraints(min_length=10, max_length=200), AfterValidator(_in_words)]


class Waiver(Model):
    """A finding of the gate that is accepted for a time; the gate goes on reporting it."""

    rule: Word
    """Id of the rule, as the gate prints it."""
    subject: Word = "*"
    """What it is accepted for, as the gate prints it, such as `tenant/acme`; `*` stands for any letters. Rules of
    isolation, residency and destruction are waived for what is named only."""
    reason: Reason
    """Why it is accepted."""
    until: Date
    """Last day on which it holds; the gate takes none that is more than a year away."""


class Approval(Model):
    """Leave to lose something once: the gate refuses it otherwise."""

    action: Literal["delete", "replace", "drain", "unjudged"]
    """What is approved. To delete takes in to replace and to drain; to replace takes in to drain. `unjudged`, of a
    region: that its sides can't be compared, each planned by its own code."""
    subject: Loss
    """What may be lost: `tenant/acme`, `cluster/train-a`, `rack/train-a-r0064`, `region/kr-ulsan` or the id of an
    object; `*` stands for any letters, but not for the first of a name, and in no region's name."""
    by: Annotated[Text, AfterValidator(_in_words)]
    """Who approves: a person or a change ticket."""
    reason: Reason
    """Why it may be lost."""
    until: Date
    """Last day on which it holds; the gate takes none that is more than a year away."""

    @field_validator("subject")
    @classmethod
    def _bounded(cls, subject: str, info: ValidationInfo) -> str:
        """Refuse what covers whole regions by a pattern, or all of a kind that would go for good."""
        kind, _, name = subject.partition("/")
        action = info.data.get("action")
        if kind == "region" and "*" in name:
            raise ValueError("an approval names a region in full; write it without `*`, such as region/kr-ulsan")
        if action == "unjudged" and kind != "region":
            raise ValueError("a region is judged or is not; name it in full, such as region/kr-ulsan")
        if action in ("delete", "replace") and name.startswith(("*", "/")):
            raise ValueError(f"an approval does not cover every {kind}; say how what goes begins, such as {kind}/a*")
        return subject


class Costs(Model):
    """Prices, for the cost of a change; none is built in, because contracts differ."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    """ISO 4217, such as KRW."""
    energy_per_mwh: Number | None = None
    """Price of a MWh at the meter."""
    racks: dict[Word, Number] = Field(default_factory=dict)
    """Price of a rack by catalogue id of its system, such as `gb300-nvl72`."""
