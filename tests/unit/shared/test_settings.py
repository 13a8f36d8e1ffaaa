"""Settings that are wrong or missing are told without what was given."""

import pytest
from pydantic import ValidationError

from services.validator.settings import Settings


def test_a_missing_setting_does_not_print_the_secrets_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTRE_S3_SECRET_KEY", "topsecretvalue")
    monkeypatch.setenv("ISOCENTRE_HEALTH_PORT", "no number")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "health_port" in str(refused.value)
    assert "topsecretvalue" not in str(refused.value)
