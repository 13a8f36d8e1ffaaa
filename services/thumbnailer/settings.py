"""What the thumbnailer can be told from outside."""

from pydantic import Field

from shared.settings import StageSettings, StoreSettings


class Settings(StageSettings, StoreSettings):
    """A stage that reads the bucket `clean` and writes the bucket `derived`."""

    in_hand_mib: int = Field(
        default=1024, ge=1, description="Memory for objects in hand, twice their size; a larger one goes alone."
    )
    render_workers: int = Field(default=2, ge=1, description="Processes that decode and render.")
    render_memory_mib: int = Field(
        default=2048, ge=256, description="MiB of address space that each of them may use: about four times an object."
    )
    render_seconds: float = Field(default=30.0, gt=0, description="Time for one picture; then its process is killed.")
