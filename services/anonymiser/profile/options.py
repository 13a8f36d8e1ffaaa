"""The options of PS3.15 Section E.3: their columns in Table E.1-1, their codes of PS3.16 CID 7050."""

from enum import StrEnum


class Option(StrEnum):
    """An option that a profile can name."""

    CLEAN_PIXEL_DATA = "clean-pixel-data"
    CLEAN_RECOGNIZABLE_VISUAL_FEATURES = "clean-recognizable-visual-features"
    CLEAN_GRAPHICS = "clean-graphics"
    CLEAN_STRUCTURED_CONTENT = "clean-structured-content"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    RETAIN_FULL_DATES = "retain-longitudinal-full-dates"
    RETAIN_MODIFIED_DATES = "retain-longitudinal-modified-dates"
    RETAIN_PATIENT_CHARACTERISTICS = "retain-patient-characteristics"
    RETAIN_DEVICE_IDENTITY = "retain-device-identity"
    RETAIN_UIDS = "retain-uids"
    RETAIN_SAFE_PRIVATE = "retain-safe-private"
    RETAIN_INSTITUTION_IDENTITY = "retain-institution-identity"

    @property
    def column(self) -> str:
        """Its column in Table E.1-1, if it has one."""
        return self.value.replace("-", "_")

    @property
    def code(self) -> str:
        return _CODES[self][0]

    @property
    def meaning(self) -> str:
        """Code Meaning of PS3.16 CID 7050."""
        return _CODES[self][1]

    @property
    def section(self) -> str:
        """Where PS3.15 describes it."""
        return f"E.3.{_CODES[self][2]}"


BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")

_CODES = {
    Option.CLEAN_PIXEL_DATA: ("113101", "Clean Pixel Data Option", 1),
    Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES: ("113102", "Clean Recognizable Visual Features Option", 2),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option", 3),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option", 4),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option", 5),
    Option.RETAIN_FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option", 6),
    Option.RETAIN_MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option", 6),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option", 7),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option", 8),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option", 9),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option", 10),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option", 11),
}
