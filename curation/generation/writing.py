"""What a model is to write about the pictures of a dataset: `[generation]` of a corpus file, and what follows."""

from dataclasses import dataclass

from pydantic import Field, PositiveInt

from catalogs.survey import Survey
from curation.generation.asked_model import AskedModel
from curation.generation.prompt import Prompt, prompt
from curation.pictures.boxes import Dialect
from curation.verification.claims import SurveyFacts
from curation.verification.policy import Verdicts
from curation.words.descriptions import survey_facts
from schemas.errors import RecipeError
from schemas.labels import LabelScheme
from schemas.touches import only

TASK = "turns"
DOOR = "claims"


class Generation(AskedModel):
    """`[generation]` of a corpus file. The paper's model and temperature by default (3.1.1)."""

    model: str = "OpenGVLab/InternVL2_5-8B-MPO"
    prompt: str = DOOR
    """A door of `prompts/`."""
    temperature: float = Field(default=0.5, ge=0, le=2)
    attempts: int = Field(default=2, ge=1, le=10)
    turns: dict[str, PositiveInt] = Field(default_factory=dict[str, PositiveInt])
    """Turns asked for, by dataset, where that is not what the prompt says."""
    verdicts: Verdicts = Verdicts()


@dataclass(frozen=True)
class Writing:
    """All that the words about a dataset's pictures depend on, besides its tables: the step's configuration."""

    scheme: LabelScheme
    survey: SurveyFacts
    dialect: Dialect
    generation: Generation
    prompt: Prompt
    n_turns: int


def writing_about(
    dataset_name: str, scheme: LabelScheme, survey: Survey, dialect: Dialect, generation: Generation
) -> Writing:
    """The configuration of `generated/<dataset>`: what concerns other datasets or tasks is not in it.

    Raises RecipeError where the corpus names a prompt that is not there, or that lacks a task.
    """
    door = prompt(generation.prompt)
    turns = {**door.turns, **generation.turns}
    n_turns, most = turns.get(dataset_name, turns.get("default", 1)), most_turns(door)
    if n_turns > most:
        raise RecipeError(
            f"{dataset_name}: {n_turns} turns are asked for, the form of prompt {door.name} allows {most}"
        )
    return Writing(
        only(scheme, "generated"),
        survey_facts(survey),
        dialect,
        generation.model_copy(update={"turns": {}}),
        door.only(TASK).model_copy(update={"turns": {}}),
        n_turns,
    )


def most_turns(door: Prompt) -> int:
    """How many turns the form of a prompt allows. Raises RecipeError where it is no list of turns."""
    form = door.only(TASK).task[TASK].form
    try:
        return int(form["properties"]["turns"]["maxItems"])
    except (KeyError, TypeError) as error:
        raise RecipeError(f"prompt {door.name}: task {TASK}: the form wants a list `turns` with maxItems") from error
