"""From a conversation to token ids, labels, weights, positions and branches.

What is supervised: the answers and their stop token (`answers`), or what LLaVA-NeXT supervises (`llava_next`: the whole
assistant turn with its header, and every `<|im_start|>`, `<|im_end|>` and newline token of all turns). Nothing is ever
cut: a conversation that cannot be encoded is a CatalogError that names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from finetune.data.samples import Message, Picture, Sample
from finetune.families.family import Family, Integers
from finetune.families.known import family_of_processor
from finetune.network.template import Template, template
from finetune.recipe import Recipe
from finetune.rows.encoded import IGNORED, Encoded
from schemas import pictures
from schemas.conversation import PLACEHOLDER
from schemas.errors import CatalogError, RecipeError
from schemas.fingerprint import fingerprint, fraction


@dataclass(frozen=True)
class _Piece:
    """A rendered conversation as tokens, pictures not yet spread out: ids, labels, and the turn of each token."""

    ids: Integers
    labels: Integers
    turns: Integers


class Encoder:
    """Encodes records with one processor, its family's template and one recipe's turns and loss."""

    def __init__(self, processor: Any, recipe: Recipe) -> None:
        self.processor, self.recipe = processor, recipe
        self.family = family_of_processor(processor)
        self.template: Template = _template(recipe, self.family)
        tokenizer, named = processor.tokenizer, ["<|im_start|>", "<|im_end|>", self.family.placeholder]
        self._start, self._stop, self.picture_id = ids = tokenizer.convert_tokens_to_ids(named)
        if None in ids or tokenizer.unk_token_id in ids:
            raise CatalogError(f"the tokenizer lacks one of {', '.join(named)}: not that of {self.family.title}")
        self._marks = np.array([self._start, self._stop, *self._ids("\n")], np.int64)
        self._closing = self._ids(self.family.picture_in_row.split(self.family.placeholder)[1])

    def encode(self, sample: Sample, epoch: int = 0) -> Encoded:
        """The record with its pictures' pixels."""
        pictures = [opened(picture) for picture in sample.pictures]
        encoded = self.tokens(sample, [(picture.height, picture.width) for picture in pictures], epoch)
        if not pictures:
            return encoded
        return replace(encoded, pictures=self.family.pictures(self.processor, pictures))

    def encode_row(self, samples: Sequence[Sample], epoch: int = 0) -> list[Encoded]:
        """The records of a row. Of those that follow one of the same pictures only what comes after the pictures."""
        found: list[Encoded] = []
        pictures, first = (), None
        for sample in samples:
            rest = None
            if first and pictures and sample.pictures == pictures:
                rest = self.tokens(sample, first.sizes_px, epoch).rest_after(first)
            if rest is None:
                pictures, first = sample.pictures, self.encode(sample, epoch)
            found.append(rest or first)
        return found

    def tokens(self, sample: Sample, sizes_px: Sequence[tuple[int, int]] | None = None, epoch: int = 0) -> Encoded:
        """The record without pixels. `sizes_px` (height, width) are read from the files' headers when not given."""
        return self._encoded(sample, sizes_px, self.kept_turns(sample, epoch))

    def turn_lengths(self, sample: Sample) -> tuple[Integers, Integers, int]:
        """Tokens of the prefix and of every turn, also of those that an epoch leaves out; those learned; `n_prefix`."""
        whole = self._encoded(sample, None, range(len(sample.turns)))
        return np.bincount(whole.branches), np.bincount(whole.branches[whole.labels != IGNORED]), whole.n_prefix

    def separate(self, sample: Sample, epoch: int = 0) -> list[Encoded]:
        """The turns of an isolated record as records of their own, each with the weights that it has in the row.

        What isolated turns must equal in loss and gradient; for checks, without pixels.
        """
        sizes = tuple(size_px(picture) for picture in sample.pictures)
        whole = self.tokens(sample, sizes, epoch)
        if whole.is_dialogue:
            return [whole]
        found = []
        for branch in range(1, int(whole.branches.max()) + 1):
            own = (whole.branches == 0) | (whole.branches == branch)
            fields = {name: getattr(whole, name)[..., own] for name in ("input_ids", "labels", "weights", "positions")}
            branches = np.zeros(int(own.sum()), np.int64)
            found.append(replace(whole, **fields, branches=branches, is_dialogue=True))
        return found

    def is_isolated(self, sample: Sample) -> bool:
        """Whether the record's turns are kept apart.

        Text alone stays a dialogue, as does the recipe's share, by key, and a record whose pictures do not all stand
        before the first question.
        """
        turns = self.recipe.turns
        if turns.layout == "sequential" or not sample.opens_with_pictures:
            return False
        return fraction(f"dialogue:{self.recipe.run.seed}:{sample.sample_id}") >= turns.share_sequential

    def kept_turns(self, sample: Sample, epoch: int = 0) -> list[int]:
        """Numbers of the turns that an isolated record keeps in an epoch, chosen by key and in their order."""
        n_turns, wanted = len(sample.turns), self.recipe.turns.turns_per_image
        if wanted is None or n_turns <= wanted:
            return list(range(n_turns))
        seed = self.recipe.run.seed
        keys = [fraction(f"turn:{seed}:{epoch}:{sample.sample_id}:{number}") for number in range(n_turns)]
        return sorted(sorted(range(n_turns), key=lambda number: keys[number])[:wanted])

    def n_picture_tokens(self, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """Tokens of each picture of one record, by heights and widths."""
        return self.family.n_picture_tokens(self.processor, sizes_px)

    @cached_property
    def digest(self) -> str:
        """Of what decides the tokens: template and tokenizer."""
        backend = self.processor.tokenizer.backend_tokenizer
        return fingerprint([self.template.digest, fingerprint(backend.to_str())])

    def _encoded(self, sample: Sample, sizes_px: Sequence[tuple[int, int]] | None, kept: Sequence[int]) -> Encoded:
        sizes = tuple(sizes_px if sizes_px is not None else (size_px(picture) for picture in sample.pictures))
        self._check_shape(sample)
        is_isolated = self.is_isolated(sample)
        pieces = self._isolated(sample, kept) if is_isolated else [self._dialogue(sample)]
        return self._joined(sample, pieces, sizes, is_dialogue=not is_isolated)

    def _check_shape(self, sample: Sample) -> None:
        for problem in sample.problems():
            raise CatalogError(problem)

    def _dialogue(self, sample: Sample) -> _Piece:
        return self._pieces(sample, [sample.messages])[0]

    def _isolated(self, sample: Sample, kept: Sequence[int]) -> list[_Piece]:
        """The prefix, and after it each turn; each was tokenised whole with the prefix, then cut."""
        opening = f"{PLACEHOLDER}\n" * len(sample.pictures)
        alone = []
        for number in kept:
            asked, said = sample.messages[2 * number : 2 * number + 2]
            question = asked.text.removeprefix(opening)
            alone.append((Message("user", opening + question), said))
        pieces = self._pieces(sample, alone)
        cut = int(np.flatnonzero(pieces[0].ids == self.picture_id)[-1]) + 1 + len(self._closing)
        prefix = pieces[0].ids[:cut]
        for number, piece in zip(kept, pieces, strict=True):
            if not np.array_equal(piece.ids[:cut], prefix) or prefix[-len(self._closing) :].tolist() != self._closing:
                raise CatalogError(
                    f"sample {sample.sample_id}, turn {number + 1}: its question melts into the newline after the "
                    "picture, so it cannot share the picture with the other turns; a question must not begin with a "
                    "newline"
                )
        turns = [
            _Piece(piece.ids[cut:], _without_first(piece.labels[cut:]), np.full(len(piece.ids) - cut, number))
            for number, piece in enumerate(pieces)
        ]
        return [_Piece(prefix, np.full(cut, IGNORED), np.zeros(cut, np.int64)), *turns]

    def _pieces(self, sample: Sample, conversations: Sequence[Sequence[Message]]) -> list[_Piece]:
        """The record's system turn and each of the conversations, rendered and tokenised."""
        from finetune.network.hf import render_jinja_template

        before = [] if sample.system is None else [{"role": "system", "content": sample.system}]
        chats = [
            [*before, *({"role": one.role, "content": self._in_row(one.text)} for one in some)]
            for some in conversations
        ]
        texts, spans = render_jinja_template(
            conversations=chats, chat_template=self.template.text, return_assistant_tokens_mask=True
        )
        found = self.processor.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
        rows = zip(found["input_ids"], found["offset_mapping"], spans, conversations, strict=True)
        return [
            self._piece(sample, np.array(ids, np.int64), np.array(offsets, np.int64), answers, messages)
            for ids, offsets, answers, messages in rows
        ]

    def _in_row(self, text: str) -> str:
        """A record's text with its placeholders as the family has them, a newline after them or none."""
        given, written = f"{PLACEHOLDER}\n", self.family.picture_in_row
        return text.replace(given, written).replace(PLACEHOLDER, written.removesuffix("\n"))

    def _ids(self, text: str) -> list[int]:
        return self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _piece(
        self, sample: Sample, ids: Integers, offsets: Integers, answers: Sequence[tuple[int, int]],
        messages: Sequence[Message],
    ) -> _Piece:  # fmt: skip
        n_before = int(self.family.has_system or sample.system is not None)
        starts = np.flatnonzero(ids == self._start)  # the system's, then one a message
        n_turns = {len(starts), int((ids == self._stop).sum())}
        n_pictures = sum(one.text.count(PLACEHOLDER) for one in messages)
        if n_turns != {len(messages) + n_before} or (ids == self.picture_id).sum() != n_pictures:
            raise CatalogError(
                f"sample {sample.sample_id}: a text spells a special token, <|im_start|>, <|im_end|> or "
                f"{self.family.placeholder}"
            )
        message = np.searchsorted(starts, np.arange(len(ids)), side="right") - 1 - n_before  # the system's is -1
        if self.recipe.loss.on == "answers":
            is_learned = np.zeros(len(ids), bool)
            for begin, end in answers:
                is_learned |= (offsets[:, 0] < end) & (offsets[:, 1] > begin)
        else:
            is_learned = (message % 2 == 1) & (message > 0) | np.isin(ids, self._marks)
            is_learned[0] = False  # nothing stands before it
        return _Piece(ids, np.where(is_learned, ids, IGNORED), np.maximum(message, 0) // 2)

    def _joined(
        self, sample: Sample, pieces: Sequence[_Piece], sizes: tuple[tuple[int, int], ...], *, is_dialogue: bool
    ) -> Encoded:
        ids = np.concatenate([piece.ids for piece in pieces])
        n_each = np.ones(len(ids), np.int64)
        n_each[ids == self.picture_id] = self._n_tokens(sample.sample_id, sizes)
        branches = np.repeat(np.arange(len(pieces)), [len(piece.ids) for piece in pieces])
        spread = [np.repeat(array, n_each) for array in (ids, _concatenated(pieces, "labels"), branches)]
        ids, labels, branches = spread
        turns = np.repeat(_concatenated(pieces, "turns"), n_each)
        weights, n_units = self._weights(sample.sample_id, labels, turns)
        of_prefix = self.family.positions(self.processor, ids[branches == 0], sizes)
        positions = np.concatenate([of_prefix, _after(of_prefix, branches)], axis=-1)
        return Encoded(
            sample.sample_id, sample.source, is_dialogue, ids, labels, weights, positions, branches, n_units, sizes,
            n_prefix=self._n_prefix(sample, ids, labels),
        )  # fmt: skip

    def _n_prefix(self, sample: Sample, ids: Integers, labels: Integers) -> int:
        """Tokens up to what closes the last picture, where nothing of them or right after them is learned."""
        if not sample.opens_with_pictures:
            return 0
        end = int(np.flatnonzero(ids == self.picture_id)[-1]) + 1
        n = end + len(self._closing)
        return n if ids[end:n].tolist() == self._closing and (labels[: n + 1] == IGNORED).all() else 0

    def _n_tokens(self, sample_id: str, sizes: Sequence[tuple[int, int]]) -> list[int]:
        try:
            return self.n_picture_tokens(sizes)
        except ValueError as error:
            raise CatalogError(
                f"sample {sample_id}: a picture that {self.family.title} does not take: {error}"
            ) from error

    def _weights(self, sample_id: str, labels: Integers, turns: Integers) -> tuple[NDArray[np.float64], int]:
        """Weight of every token, from the record alone: a row knows nothing of it."""
        is_learned = labels != IGNORED
        n_learned = int(is_learned.sum())
        if not n_learned:
            raise CatalogError(f"sample {sample_id}: nothing in it is learned")
        norm: Literal["sample", "token", "turn"] = self.recipe.loss.norm
        if norm == "token":
            return is_learned.astype(np.float64), n_learned
        if norm == "sample":
            return is_learned / n_learned, 1
        n_of_turn = np.bincount(turns[is_learned])
        n_turns = int((n_of_turn > 0).sum())
        return np.where(
            is_learned, 1 / (n_turns * np.maximum(n_of_turn, 1)[np.minimum(turns, len(n_of_turn) - 1)]), 0
        ), 1


def opened(picture: Picture) -> Image.Image:
    """A picture as RGB. Raises CatalogError naming it when it is none."""
    return pictures.opened_rgb(picture.read(), picture.where)


def size_px(picture: Picture) -> tuple[int, int]:
    """Height and width, from the file's header. Raises CatalogError naming it when it is none or cannot be read."""
    try:
        return pictures.size_px(Path(picture.where) if picture.content is None else picture.content, picture.where)
    except OSError as error:
        raise CatalogError(f"{picture.where}: the picture cannot be read: {error.strerror or error}") from error


def _without_first(labels: Integers) -> Integers:
    """A branch's first token is learned from nothing: what stands before it in the row is a neighbour's."""
    return np.concatenate([[IGNORED], labels[1:]])


def _concatenated(pieces: Sequence[_Piece], name: str) -> Integers:
    return np.concatenate([getattr(piece, name) for piece in pieces])


def _after(prefix: Integers, branches: Integers) -> Integers:
    """Places of the turns as the model counts them: every branch goes on where the prefix ends, in all directions."""
    turns = branches[branches > 0]
    starts = np.searchsorted(turns, turns)  # the place where each token's branch begins
    places = np.arange(len(turns)) - starts + prefix.max() + 1
    return np.broadcast_to(places, (*prefix.shape[:-1], len(turns)))


def _template(recipe: Recipe, family: Family) -> Template:
    """The family's template. RecipeError where a recipe names another: the model was not trained with it."""
    named = recipe.model.template or family.template
    found = template(named)
    if named != family.template:
        raise RecipeError(
            f"model.template: {named!r} is not that of {family.title}; expected {family.template!r}, or leave it out"
        )
    return found
