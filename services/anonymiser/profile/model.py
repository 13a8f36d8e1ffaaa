"""The form of a profile: what YAML may say, and what each word means."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from services.anonymiser.pixels import masks
from services.anonymiser.profile.options import Option
from services.anonymiser.profile.paths import parsed


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Act(StrEnum):
    """What may happen to an attribute, from the strictest to the weakest."""

    REMOVE = "remove"
    EMPTY = "empty"
    DUMMY = "dummy"
    UID = "uid"
    CODE = "code"
    SET = "set"
    FIRST_OF_MONTH = "first-of-month"
    SHIFT = "shift"
    CLEAN = "clean"
    AGE = "age"
    REDACT = "redact"
    KEEP = "keep"


def _path(text: str) -> str:
    parsed(text)
    return text


Path = Annotated[
    str,
    AfterValidator(_path),
    Field(
        description="Tag such as (0010,0010), keyword, or several with '/' for an attribute inside sequences; a "
        "leading '/' means the top level only. x is any digit: of attributes that PS3.6 knows, and of private ones "
        "where the last digit of their group is written; `remove` alone takes all. Group lengths, overlays, curves and "
        "pixels inside sequences go whatever is said here."
    ),
]


def _exact(text: str) -> str:
    if any("x" in step for step in parsed(text).steps):
        raise ValueError(f"one attribute has to be meant, so there can be no x: {text!r}")
    return text


ExactPath = Annotated[
    str,
    AfterValidator(_exact),
    Field(description="Tag such as (0008,0060), keyword, or several with '/' for an attribute inside sequences."),
]


class AttributeRule(_Part):
    """One attribute, or all that a pattern means, treated otherwise than Table E.1-1 with the options says."""

    path: Path
    action: Act = Field(
        description="What happens. It has to suit the VR that PS3.6 gives: `set` what is written as text, `code` and "
        "`clean` text, `shift` and `first-of-month` dates, `age` ages, `uid` UIDs, `redact` no dates, UIDs and bytes. "
        "Where a pattern meets another VR, Table E.1-1 decides. SOP Class, SOP Instance, Study and Series Instance UID "
        "can have `uid` and `keep`, Specific Character Set `keep`."
    )
    value: str | None = Field(default=None, description="What `set` writes: a value of the VR (PS3.5 Section 6.2).")
    vr: frozenset[str] = Field(default=frozenset(), description="Only elements of these VRs; empty for all.")
    why: str = Field(min_length=1, description="The reason, for whoever reviews the profile.")

    @model_validator(mode="after")
    def _value_for_set(self) -> Self:
        if (self.action is Act.SET) != (self.value is not None):
            raise ValueError("`value` belongs to `action: set`, and only there")
        return self


class Match(_Part):
    """A condition on one attribute of the original; all that is given must hold. Case does not count."""

    equals: frozenset[str] = Field(default=frozenset(), description="One of these.")
    contains: frozenset[str] = Field(default=frozenset(), description="At least one of these occurs in it.")
    absent: bool | None = Field(default=None, description="Whether it must be missing or empty.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.equals or self.contains or self.absent is not None):
            raise ValueError("a condition needs `equals`, `contains` or `absent`")
        return self


class Dates(_Part):
    """How dates and times move where an option keeps them modified."""

    time_of_day: Literal["keep", "shift", "hour"] = "keep"
    whole_weeks: bool = Field(default=False, description="Shift by whole weeks, so that weekdays stay.")
    style: Literal["shift", "first-of-month"] = Field(
        default="shift", description="Move by one keyed number of days per patient, or to the first of the month."
    )


class Pixels(_Part):
    """What is looked at for text in the pixels, and what happens when it cannot be examined."""

    always: frozenset[str] = Field(default=frozenset(), description="Modalities or SOP Class UIDs to look at.")
    never: frozenset[str] = Field(
        default=frozenset(), description="Modalities or SOP Class UIDs not to look at; the claim 113101 goes with it."
    )
    max_frames: int = Field(default=4096, ge=1, description="Objects of more frames are not examined.")
    unexamined: Literal["hold", "pass"] = Field(
        default="hold", description="What happens to objects that should be examined and cannot be."
    )
    outside_regions: Literal["detect", "blank"] = Field(
        default="detect", description="Ultrasound outside (0018,6011): find text there, or blank all of it."
    )
    faces: Literal["ignore", "mark", "quarantine"] = Field(
        default="mark", description="Head images from which a face could be computed."
    )
    layouts: str = Field(default="", description="YAML of more device layouts, in the form of the shipped ones.")

    @field_validator("layouts")
    @classmethod
    def _layouts(cls, text: str) -> str:
        if text:
            try:
                masks.parsed(text)
            except masks.MalformedLayouts as malformed:
                raise ValueError(str(malformed)) from None
        return text


class Rule(_Part):
    """What changes for objects of one kind: a modality, a SOP class, a manufacturer, anything."""

    when: dict[ExactPath, Match] = Field(min_length=1)
    attributes: tuple[AttributeRule, ...] = ()
    hold: bool = Field(default=False, description="Quarantine such objects (reason `held-by-profile`).")
    why: str = Field(min_length=1)


class Patient(_Part):
    """How patients are named."""

    prefix: str = Field(default="IC", pattern="^[A-Z][A-Z0-9]{0,7}$", description="Patient codes begin with it.")


class Profile(_Part):
    """A de-identification profile: PS3.15 Table E.1-1 with options, and what departs from it."""

    name: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$")
    base: str | None = Field(
        default=None,
        description="Another profile that this one begins with: what is said here replaces what it says, "
        "`attributes` and `rules` are added to its own. Without it: PS3.15 Table E.1-1 alone.",
    )
    title: str
    description: str = ""
    options: frozenset[Option] = Field(default=frozenset(), description="Options of PS3.15 Section E.3.")
    dates: Dates = Dates()
    cap_ages: int | None = Field(default=89, ge=1, description="Ages above are written as one year more.")
    patient: Patient = Patient()
    documents: Literal["quarantine", "drop"] = Field(
        default="quarantine", description="Encapsulated PDF, CDA, models; video and audio."
    )
    gate: Literal["quarantine", "report"] = Field(
        default="quarantine", description="What happens when identifying values are found in the finished object."
    )
    pixels: Pixels = Pixels()
    attributes: tuple[AttributeRule, ...] = Field(default=(), description="The last one that matches decides.")
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES in self.options:
            raise ValueError("nothing here cleans recognizable visual features, so the option cannot be named")
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise ValueError("dates are either kept in full or modified")
        return self
