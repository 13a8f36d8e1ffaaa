"""The brake: a stage that suddenly refuses what it used to let through stops, instead of refusing all night."""

from shared.runner.brake.brakes import Brakes, Judged
from shared.runner.brake.policy import Policy
from shared.runner.brake.subject import End, Subject, ended, subject_of

__all__ = ["Brakes", "End", "Judged", "Policy", "Subject", "ended", "subject_of"]
