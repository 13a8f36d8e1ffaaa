"""The profile's words on what stays, as what the gate has to expect."""

from services.anonymiser.gate.residue import Expect
from services.anonymiser.profile.model import Act, Profile
from services.anonymiser.profile.options import Option


def expected_of(profile: Profile) -> Expect:
    """What the gate must not take for a residue, since the profile retains it."""
    options = profile.options
    return Expect(
        dates=Option.RETAIN_FULL_DATES in options,
        moved=Option.RETAIN_MODIFIED_DATES in options,
        months=profile.dates.style == "first-of-month" or _cuts_to_months(profile),
        uids=Option.RETAIN_UIDS in options,
        device=Option.RETAIN_DEVICE_IDENTITY in options,
        institution=Option.RETAIN_INSTITUTION_IDENTITY in options,
        characteristics=Option.RETAIN_PATIENT_CHARACTERISTICS in options,
    )


def _cuts_to_months(profile: Profile) -> bool:
    rules = (*profile.attributes, *(one for rule in profile.rules for one in rule.attributes))
    return any(rule.action is Act.FIRST_OF_MONTH for rule in rules)
