"""The storage SOP classes (PS3.4 B.5): are they images, and which modalities are theirs (PS3.3 C.7.3.1.1.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import uid

from services.validator import elements
from services.validator.defects import Code, Defect
from services.validator.elements import Header
from shared.outcome import Reason

MODALITY = "00080060"
_SOP_CLASS = "00080016"


@dataclass(frozen=True, slots=True)
class StorageClass:
    """What its IOD says of a SOP class.

    `modalities` is empty where any will do. `fixed`: another one contradicts the IOD so far that consumers would take
    the object for something that it is not; without it a foreign modality is merely worth knowing.
    """

    modalities: frozenset[str] = frozenset()
    image: bool = False
    fixed: bool = False
    of_patient: bool = True


def _image(*modalities: str, fixed: bool = True) -> StorageClass:
    return StorageClass(frozenset(modalities), image=True, fixed=fixed)


def _other(*modalities: str, fixed: bool = True) -> StorageClass:
    return StorageClass(frozenset(modalities), fixed=fixed)


_WAVEFORMS = frozenset({"ECG", "HD", "EPS", "AU", "RESP", "EEG", "EMG", "EOG", "POS"})
_ANY_IMAGE = StorageClass(image=True)
_ANY = StorageClass()
# Templates, palettes and protocols belong to no patient and no study (PS3.3 A.44 and others).
_NO_PATIENT = StorageClass(of_patient=False)
_CT, _MR, _PT = _image("CT"), _image("MR"), _image("PT")
_US, _NM = _image("US", "IVUS"), _image("NM")
_XRAY = _image("XA", "RF", fixed=False)
# Projection radiography: the border between these is the vendor's, so a foreign one is a finding.
_CR = _image("CR", "DX", "RG", "MG", "IO", "PX", fixed=False)
_DX, _MG, _IO = _image("DX", "PX", "IO", fixed=False), _image("MG", fixed=False), _image("IO", "DX", "PX", fixed=False)
_ES, _GM, _XC, _OP = (_image(name, fixed=False) for name in ("ES", "GM", "XC", "OP"))
_OPT, _SM, _SEG = _image("OPT", fixed=False), _image("SM"), _image("SEG")
_SR, _PR, _REG = _other("SR"), _other("PR"), _other("REG")
_WAVEFORM = StorageClass(_WAVEFORMS)
_RTPLAN, _RTRECORD = _other("RTPLAN"), _other("RTRECORD")


def _rows() -> Iterator[tuple[str, StorageClass]]:
    """Keyword of the SOP class without its ending `Storage`, in the order of PS3.4 Table B.5-1."""
    groups: tuple[tuple[StorageClass, str], ...] = (
        (_CR, "ComputedRadiographyImage"),
        (_CT, "CTImage EnhancedCTImage LegacyConvertedEnhancedCTImage"),
        (_MR, "MRImage EnhancedMRImage EnhancedMRColorImage LegacyConvertedEnhancedMRImage"),
        (_PT, "PositronEmissionTomographyImage EnhancedPETImage LegacyConvertedEnhancedPETImage"),
        (_US, "UltrasoundImage UltrasoundMultiFrameImage EnhancedUSVolume"),
        (_NM, "NuclearMedicineImage"),
        (_image("PA"), "PhotoacousticImage"),
        (_XRAY, "XRayAngiographicImage EnhancedXAImage XRayRadiofluoroscopicImage EnhancedXRFImage"),
        (_XRAY, "XRay3DAngiographicImage"),
        (_DX, "XRay3DCraniofacialImage"),
        (_MG, "BreastTomosynthesisImage"),
        (_ANY_IMAGE, "SecondaryCaptureImage MultiFrameSingleBitSecondaryCaptureImage"),
        (_ANY_IMAGE, "MultiFrameGrayscaleByteSecondaryCaptureImage MultiFrameGrayscaleWordSecondaryCaptureImage"),
        (_ANY_IMAGE, "MultiFrameTrueColorSecondaryCaptureImage ParametricMap"),
        (_ES, "VLEndoscopicImage VideoEndoscopicImage"),
        (_GM, "VLMicroscopicImage VideoMicroscopicImage"),
        (_image("SM", "GM"), "VLSlideCoordinatesMicroscopicImage"),
        (_SM, "VLWholeSlideMicroscopyImage"),
        (_image("SM", "GM", "CFM", fixed=False), "ConfocalMicroscopyImage ConfocalMicroscopyTiledPyramidalImage"),
        (_XC, "VLPhotographicImage VideoPhotographicImage"),
        (_image("DMS", "XC", fixed=False), "DermoscopicPhotographyImage"),
        (_OP, "OphthalmicPhotography8BitImage OphthalmicPhotography16BitImage"),
        (_OP, "WideFieldOphthalmicPhotographyStereographicProjectionImage"),
        (_OP, "WideFieldOphthalmicPhotography3DCoordinatesImage"),
        (_OPT, "OphthalmicTomographyImage OphthalmicOpticalCoherenceTomographyEnFaceImage"),
        (_OPT, "OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysis"),
        (_image("OPM", fixed=False), "OphthalmicThicknessMap CornealTopographyMap"),
        (_SEG, "Segmentation"),
        (_other("SEG"), "SurfaceSegmentation"),
        (_image("RTIMAGE"), "RTImage EnhancedRTImage EnhancedContinuousRTImage"),
        # Its dose grid is conditional (PS3.3 A.18.3): a dose object may hold histograms only.
        (_other("RTDOSE"), "RTDose"),
        (_other("RTSTRUCT"), "RTStructureSet"),
        (_RTPLAN, "RTPlan RTIonPlan"),
        (_RTRECORD, "RTBeamsTreatmentRecord RTBrachyTreatmentRecord RTIonBeamsTreatmentRecord"),
        (_RTRECORD, "RTTreatmentSummaryRecord"),
        (_PR, "GrayscaleSoftcopyPresentationState ColorSoftcopyPresentationState PseudoColorSoftcopyPresentationState"),
        (_PR, "BlendingSoftcopyPresentationState XAXRFGrayscaleSoftcopyPresentationState"),
        (_PR, "AdvancedBlendingPresentationState VariableModalityLUTSoftcopyPresentationState"),
        (_PR, "GrayscalePlanarMPRVolumetricPresentationState VolumeRenderingVolumetricPresentationState"),
        (_PR, "CompositingPlanarMPRVolumetricPresentationState SegmentedVolumeRenderingVolumetricPresentationState"),
        (_PR, "MultipleVolumeRenderingVolumetricPresentationState"),
        (_other("KO"), "KeyObjectSelectionDocument"),
        (_SR, "BasicTextSR EnhancedSR ComprehensiveSR Comprehensive3DSR ExtensibleSR MammographyCADSR ChestCADSR"),
        (_SR, "ColonCADSR XRayRadiationDoseSR EnhancedXRayRadiationDoseSR RadiopharmaceuticalRadiationDoseSR"),
        (_SR, "PatientRadiationDoseSR AcquisitionContextSR SimplifiedAdultEchoSR ImplantationPlanSR ProcedureLog"),
        (_SR, "PlannedImagingAgentAdministrationSR PerformedImagingAgentAdministrationSR WaveformAnnotationSR"),
        (_REG, "SpatialRegistration DeformableSpatialRegistration"),
        (_other("FID"), "SpatialFiducials"),
        (_other("RWV"), "RealWorldValueMapping"),
        (_other("SMR"), "StereometricRelationship"),
        (_other("ANN"), "MicroscopyBulkSimpleAnnotations"),
        (_other("MR"), "MRSpectroscopy TractographyResults"),
        (_WAVEFORM, "TwelveLeadECGWaveform GeneralECGWaveform General32bitECGWaveform AmbulatoryECGWaveform"),
        (_WAVEFORM, "HemodynamicWaveform CardiacElectrophysiologyWaveform BasicVoiceAudioWaveform"),
        (_WAVEFORM, "GeneralAudioWaveform ArterialPulseWaveform RespiratoryWaveform MultichannelRespiratoryWaveform"),
        (_WAVEFORM, "RoutineScalpElectroencephalogramWaveform SleepElectroencephalogramWaveform"),
        (_WAVEFORM, "BodyPositionWaveform ElectromyogramWaveform ElectrooculogramWaveform"),
        (_ANY, "RawData EncapsulatedPDF EncapsulatedCDA EncapsulatedSTL EncapsulatedOBJ EncapsulatedMTL"),
        (_NO_PATIENT, "HangingProtocol ColorPalette GenericImplantTemplate ImplantAssemblyTemplate"),
        (_NO_PATIENT, "ImplantTemplateGroup Inventory ProtocolApproval CTDefinedProcedureProtocol"),
        (_NO_PATIENT, "XADefinedProcedureProtocol"),
    )
    for storage_class, keywords in groups:
        for keyword in keywords.split():
            yield getattr(uid, f"{keyword}Storage"), storage_class
    for keyword, storage_class in (
        ("DigitalXRay", _DX),
        ("DigitalMammographyXRay", _MG),
        ("DigitalIntraOralXRay", _IO),
        ("BreastProjectionXRay", _MG),
        ("IntravascularOpticalCoherenceTomography", _image("IVOCT", fixed=False)),
    ):
        for intent in ("Presentation", "Processing"):
            yield getattr(uid, f"{keyword}ImageStorageFor{intent}"), storage_class
    # Younger than pydicom's dictionary, and retired ones that old archives still send.
    yield "1.2.840.10008.5.1.4.1.1.66.7", _SEG
    yield "1.2.840.10008.5.1.4.1.1.3", _US
    yield "1.2.840.10008.5.1.4.1.1.5", _NM
    yield "1.2.840.10008.5.1.4.1.1.6", _US
    yield "1.2.840.10008.5.1.4.1.1.12.3", _XRAY


CLASSES: dict[str, StorageClass] = {str(key): value for key, value in _rows()}


def check(header: Header) -> Iterator[Defect]:
    """Modality against SOP class. A class that the table does not know is a finding and its modality no matter."""
    sop_class, modality = elements.text(header, _SOP_CLASS), elements.text(header, MODALITY)
    if sop_class is None or modality is None:
        return
    known = CLASSES.get(sop_class)
    if known is None:
        yield Defect(Code.UNKNOWN_SOP_CLASS, _SOP_CLASS)
    elif known.modalities and modality not in known.modalities:
        yield Defect(Code.MODALITY_MISMATCH, MODALITY, Reason.MODALITY_MISMATCH if known.fixed else None)
