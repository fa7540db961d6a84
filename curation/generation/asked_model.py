"""A model that a corpus file names for a task: which it is, and how it draws."""

from pydantic import BaseModel, ConfigDict, Field

from curation.asking.request import Sampling, Served


class AskedModel(BaseModel):
    """What the sections `[generation]`, `[judge]` and `[reader]` of a corpus file have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    revision: str = "main"
    temperature: float = Field(default=0.0, ge=0, le=2)
    """0: what is most probable."""
    seed: int = 0

    @property
    def served(self) -> Served:
        """The model's identity in requests."""
        return Served(self.model, self.revision)

    def sampling(self, max_tokens: int) -> Sampling:
        """How it draws a reply of so many tokens at most."""
        return Sampling(self.temperature, max_tokens=max_tokens, seed=self.seed)
