"""One site: how it is recognised, what it may do, and what becomes of what it sends."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.dicom.patients import Rules
from shared.sites.declared import AeTitle, Code, Declared, Digest, Network, Uid

DEFAULT_PROFILE = "research"
Lane = Literal["live", "bulk"]
PasscodeHash = Annotated[
    str, StringConstraints(pattern=r"^\$scrypt\$ln=1[0-5],r=8,p=[1-9]\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$")
]

OF_THE_SITE = (
    "project",
    "profile",
    "domain",
    "default_issuer",
    "quarantine_days",
    "enabled",
    "associations",
    "bytes_per_day",
    "live",
    "commitment",
)
"""Fields that hold for a site as a whole: all its entries say the same. The others tell its senders apart."""


class Commitment(Declared):
    """Storage commitment (PS3.4 Annex J): whom the result goes to, and how long what was committed is kept for it."""

    ae_title: AeTitle
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    days: int = Field(ge=1, description="What was committed does not expire before.")
    tls: bool = Field(default=False, description="Tell the result with TLS, as who the receiver is.")


class Live(Declared):
    """What a site may have in the live lane: what it sends beyond that goes on in bulk. Nothing is refused."""

    burst: int = Field(ge=1, description="Instances at once, after a while without any.")
    per_second: float = Field(gt=0, description="Instances a second for as long as it likes.")


class Site(Declared):
    """One entry: a site, or some of its senders. An empty list of titles, addresses or certificates matches any."""

    code: Code = Field(description="Opaque: it crosses to the clean zone.")
    project: Code
    enabled: bool = Field(default=True, description="false: nobody of this site is let in.")

    calling_ae_titles: frozenset[AeTitle] = frozenset()
    called_ae_titles: frozenset[AeTitle] = frozenset()
    bulk_called_ae_titles: frozenset[AeTitle] = Field(
        default=frozenset(), description="What is sent to these is a bulk import: live traffic goes before it."
    )
    addresses: tuple[Network, ...] = Field(default=(), description="Networks, 192.0.2.0/24, or hosts.")
    certificates: frozenset[Digest] = Field(
        default=frozenset(), description="SHA-256 fingerprints of client certificates; given, one of them is required."
    )
    users: dict[str, PasscodeHash | None] = Field(
        default={},
        description="User Identity (PS3.7 D.3.3.7) by name: a hash by `isocentre site user` (type 2), or null (type 1)."
        " Given, one of them is required, with TLS.",
    )
    tokens: frozenset[Digest] = Field(default=frozenset(), description="SHA-256 of bearer tokens for HTTP.")

    associations: int | None = Field(default=None, ge=1, description="Open at the same time at most.")
    bytes_per_day: int | None = Field(
        default=None, ge=1, description="Stored of it in a day (UTC) at most; more is refused until the next."
    )
    live: Live | None = Field(
        default=None, description="What may be in the live lane; the receiver's own settings unless given."
    )
    sop_classes: frozenset[Uid] = Field(default=frozenset(), description="Storage SOP classes taken; empty: all.")
    private_sop_classes: frozenset[Uid] = Field(default=frozenset(), description="Taken beside those of the standard.")
    commitment: Commitment | None = Field(default=None, description="Storage commitment; off unless given.")

    profile: Code = Field(default=DEFAULT_PROFILE, description="Profile that its objects go through.")
    domain: Code | None = Field(
        default=None,
        description="Within it the same patient ID is the same patient at every site; the site's own unless given.",
    )
    default_issuer: str = Field(default="", description="Counts as the Issuer of Patient ID where none was sent.")
    quarantine_days: int | None = Field(
        default=None, ge=1, description="After these, `isocentre quarantine expire` ends what is held; None: never."
    )

    @model_validator(mode="after")
    def _one_lane_per_title(self) -> Self:
        if self.called_ae_titles & self.bulk_called_ae_titles:
            raise ValueError("a called AE title is for live or for bulk traffic, not for both")
        return self

    @property
    def rules(self) -> Rules:
        """How its patients are told apart."""
        return Rules(self.domain or self.code, self.default_issuer)

    @property
    def needs_tls(self) -> bool:
        """Whether its senders have to say who they are in a way that is worth nothing on a plain connection."""
        return bool(self.certificates or self.users)

    @property
    def terms(self) -> dict[str, Any]:
        """What it says of the site as a whole."""
        return {name: getattr(self, name) for name in OF_THE_SITE}

    def serves(self, called: str) -> bool:
        """Whether it is reached under that called AE title (padding does not count)."""
        return called.strip() in self.bulk_called_ae_titles or _matches(self.called_ae_titles, called)

    def calls(self, calling: str) -> bool:
        """Whether that calling AE title (padding does not count) is one of its."""
        return _matches(self.calling_ae_titles, calling)

    def lane(self, called: str) -> Lane:
        """What comes under that called AE title is."""
        return "bulk" if called.strip() in self.bulk_called_ae_titles else "live"


def _matches(titles: frozenset[str], title: str) -> bool:
    return not titles or title.strip() in titles
