"""Which attributes tell who the patient is, who treated him and where: facts to search for in every other text."""

from enum import StrEnum
from pathlib import Path

from pydicom.datadict import tag_for_keyword

FREE_TEXT_FILE = Path(__file__).parent / "data" / "free_text.txt"


class Fact(StrEnum):
    """What a value is, which decides in what forms it is searched for."""

    NAME = "name"  # of a person
    NUMBER = "number"  # of one thing or person: identifiers, telephone
    CHIEF = "number of the patient or of his request"  # searched for even if it has only three digits
    STEP = "number of a procedure or its step"  # for which some departments take the code of the procedure
    PLACE = "place"  # organisation, department, address: its words count where they are no plain ones
    LABEL = "label"  # what may be an ordinary word as well: station, room, occupation
    DATE = "date"
    BIRTH = "date of birth"
    AGE = "age"
    DATE_TIME = "date and time"


_NAMES = "CameraOwnerName NameToUse TopicAuthor"
_NUMBERS = """
AdmissionID BarcodeValue CassetteID ClinicalTrialProtocolEthicsCommitteeApprovalNumber
ClinicalTrialSubjectReadingID ContainerComponentID ContainerIdentifier DetectorID
DeviceAlternateIdentifier DeviceID DeviceSerialNumber FillerOrderNumberImagingServiceRequest
FillerOrderNumberImagingServiceRequestRetired FillerOrderNumberProcedure GantryID GeneratorID GridID
HardcopyCreationDeviceID HL7InstanceIdentifier InsurancePlanIdentification InterpretationID LensSerialNumber
ManufacturerDeviceIdentifier MedicalRecordLocator OrderCallbackPhoneNumber OrderCallbackTelecomInformation
PatientTelecomInformation PatientTelephoneNumbers
PersonTelecomInformation PersonTelephoneNumbers PlacerOrderNumberImagingServiceRequest
PlacerOrderNumberImagingServiceRequestRetired PlacerOrderNumberProcedure PlateID ReferringPhysicianTelephoneNumbers
ResultsID SecondaryCaptureDeviceID ServiceEpisodeID SlideIdentifier
SourceSerialNumber SpecimenAccessionNumber SpecimenIdentifier StudyID TelephoneNumberTrial UniqueDeviceIdentifier
XRayDetectorID XRaySourceID BreedRegistrationNumber StrainStockNumber ImplantPartNumber ProductLotIdentifier
PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar StorageMediaFileSetID
AuthorizationEquipmentCertificationNumber
"""
_CHIEF = "AccessionNumber ClinicalTrialSubjectID OtherPatientIDs PatientID"
_STEPS = "PerformedProcedureStepID RequestedProcedureID ScheduledProcedureStepID"
_PLACES = """
AddressTrial ClinicalTrialCoordinatingCenterName ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialProtocolName
ClinicalTrialSiteName ClinicalTrialSponsorName CodingSchemeResponsibleOrganization CountryOfResidence
CurrentPatientLocation DistributionAddress HumanPerformerOrganization InstitutionAddress InstitutionName
IssuerOfAdmissionID IssuerOfClinicalTrialProtocolID IssuerOfClinicalTrialSiteID IssuerOfClinicalTrialSubjectID
IssuerOfPatientID IssuerOfServiceEpisodeID InterpretationIDIssuer PatientAddress PatientInstitutionResidence
PersonAddress ReferringPhysicianAddress RegionOfResidence ResponsibleOrganization ResultsIDIssuer
ScheduledPatientInstitutionResidence StudyIDIssuer VerifyingOrganization
"""
_LABELS = """
BranchOfService ClinicalTrialProtocolID ClinicalTrialSiteID DeviceLabel EthnicGroup EthnicGroups
InstitutionalDepartmentName MilitaryRank NetworkID Occupation OrderEntererLocation OwnerID
PatientReligiousPreference PatientTransportArrangements PerformedLocation PerformedStationName RadiationMachineName
RequestedProcedureLocation RequestingService ScheduledProcedureStepLocation ScheduledStationName
ScheduledStudyLocation StationName TreatmentMachineName XRayDetectorLabel HangingProtocolCreator
LocalNamespaceEntityID
"""
_IDENTITY_SEQUENCES = """
ActualHumanPerformersSequence AuthorObserverSequence ConsultingPhysicianIdentificationSequence
ContentCreatorIdentificationCodeSequence CustodialOrganizationSequence InstitutionalDepartmentTypeCodeSequence
InstitutionCodeSequence IntendedRecipientsOfResultsIdentificationSequence InterpretationApproverSequence
IssuerOfAdmissionIDSequence IssuerOfPatientIDQualifiersSequence IssuerOfServiceEpisodeIDSequence
IssuerOfAccessionNumberSequence OperatorIdentificationSequence OtherPatientIDsSequence ParticipantSequence
PatientInsurancePlanCodeSequence PerformedStationGeographicLocationCodeSequence PerformedStationNameCodeSequence
PerformingPhysicianIdentificationSequence PersonIdentificationCodeSequence PersonNamesToUseSequence
PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence
ReferencedPatientAliasSequence ReferringPhysicianIdentificationSequence RequestingPhysicianIdentificationSequence
ResultsDistributionListSequence ROICreatorSequence ROIInterpreterSequence ScheduledHumanPerformersSequence
ScheduledPerformingPhysicianIdentificationSequence ScheduledStationGeographicLocationCodeSequence
ScheduledStationNameCodeSequence VerbalSourceIdentifierCodeSequenceTrial
VerifyingObserverIdentificationCodeSequence VerifyingObserverSequence
"""
_AGES = "PatientAge"
_BIRTH = "PatientBirthDate"


def _tags(keywords: str) -> frozenset[int]:
    """The tags of `keywords`; this edition of pydicom's dictionary need not know all of them."""
    found = (tag_for_keyword(keyword) for keyword in keywords.split())
    return frozenset(tag for tag in found if tag is not None)


def _free_text() -> frozenset[int]:
    lines = FREE_TEXT_FILE.read_text(encoding="utf-8").splitlines()
    return _tags(" ".join(line for line in lines if not line.startswith("#")))


FACTS: dict[int, Fact] = {
    **dict.fromkeys(_tags(_NAMES), Fact.NAME),
    **dict.fromkeys(_tags(_NUMBERS), Fact.NUMBER),
    **dict.fromkeys(_tags(_CHIEF), Fact.CHIEF),
    **dict.fromkeys(_tags(_STEPS), Fact.STEP),
    **dict.fromkeys(_tags(_PLACES), Fact.PLACE),
    **dict.fromkeys(_tags(_LABELS), Fact.LABEL),
    **dict.fromkeys(_tags(_AGES), Fact.AGE),
    **dict.fromkeys(_tags(_BIRTH), Fact.BIRTH),
}
FACT_VRS: dict[str, Fact] = {"PN": Fact.NAME, "AE": Fact.LABEL, "DA": Fact.DATE, "DT": Fact.DATE_TIME}
"""Where the tag does not say, its VR may."""

MAKERS = _tags(
    "Manufacturer ManufacturerModelName SecondaryCaptureDeviceManufacturer SecondaryCaptureDeviceManufacturerModelName "
    "SourceManufacturer"
)
"""Names of makers and models, which PS3.15 Table E.1-1 leaves: they look like places and numbers of people."""
IDENTITY_SEQUENCES = _tags(_IDENTITY_SEQUENCES)
"""Everything in these is about a person or an organisation: the meaning of a code is its name."""
CODE_MEANINGS = _tags("CodeMeaning ExtendedCodeMeaning")
CODE_VALUES = _tags("CodeValue ExtendedCodeValue LongCodeValue")

FREE_TEXT_ATTRIBUTES = _free_text()
"""Text attributes that are not in PS3.15 Table E.1-1 and in which people type freely: better cleaned than redacted."""
