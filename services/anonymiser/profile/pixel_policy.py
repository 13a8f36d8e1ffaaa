"""The profile's words on pixels, as the policy that looks at them."""

from services.anonymiser.pixels import masks
from services.anonymiser.pixels.policy import PixelPolicy, Unexamined
from services.anonymiser.profile.model import Profile
from services.anonymiser.profile.options import Option


def policy_of(profile: Profile) -> PixelPolicy:
    """Without the Clean Pixel Data Option nothing is blanked: what would be looked at is held."""
    said = profile.pixels
    return PixelPolicy(
        clean=Option.CLEAN_PIXEL_DATA in profile.options,
        always=said.always,
        never=said.never,
        layouts=(*masks.shipped(), *(masks.parsed(said.layouts) if said.layouts else ())),
        outside_regions=said.outside_regions == "blank",
        max_frames=said.max_frames,
        unexamined=Unexamined(said.unexamined),
    )
