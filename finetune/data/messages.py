"""A record's `messages`, the form of OpenAI and TRL, as LLaVA's form has the same record.

A message has a role and a content: text, or a list of parts, {"type": "text", "text": …} and {"type": "image"}. A part
names its picture ("image", "path", "url" or "image_url": a path), or it is the next one of the record's `images`. Text
may say <image> as LLaVA's does. Where all questions are text and none says where the pictures stand, they stand before
the first one, which is where TRL puts them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.conversation import PLACEHOLDER

ROLES = ("system", "user", "assistant")
KINDS = ("text", "image", "image_url")
NAMED_BY = ("image", "path", "url", "image_url")
UNREAD = ("tool_calls", "function_call", "reasoning_content", "weight")  # they say what else is learned, or what is not
FILE = "file://"
N_SHOWN = 40


def wrong_in_messages(record: Mapping[str, Any], pictures: Sequence[str] | None) -> Iterator[str]:
    """Everything that is wrong with the form of `messages`; `pictures` are the record's `images`, None: no paths."""
    said = record["messages"]
    if record.get("conversations") is not None:
        yield "conversations and messages: give one of them"
    if not isinstance(said, Sequence) or isinstance(said, str) or not said:
        yield f"messages is {told(said)}, expected a list of messages with role and content"
        return
    wrong = [f"message {at}{problem}" for at, one in enumerate(said) for problem in _wrong_in_message(one)]
    yield from wrong
    if not wrong and pictures is not None:
        yield from _wrong_pictures(said, pictures)


def said_in_messages(
    record: Mapping[str, Any], pictures: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:  # fmt: skip
    """(picture paths, roles, texts) of messages in which nothing is wrong; in texts <image> stands for a picture."""
    said: Sequence[Mapping[str, Any]] = record["messages"]
    roles, texts = [one["role"] for one in said], [_text(one["content"]) for one in said]
    named = [path for _, _, path in _image_parts(said) if path]
    asked = [one["content"] for one in said if one["role"] == "user"]
    is_placed = any(not isinstance(one, str) or PLACEHOLDER in one for one in asked)
    if not is_placed and "user" in roles:
        at = roles.index("user")
        texts[at] = f"{PLACEHOLDER}\n" * len(pictures) + texts[at]
    return named or list(pictures), roles, texts


def told(value: Any) -> str:
    """What was found, for people."""
    if value is None:
        return "null"
    text = repr(value)
    return f"{type(value).__name__} {text[:N_SHOWN]}{'…' if len(text) > N_SHOWN else ''}"


def _wrong_in_message(one: Any) -> Iterator[str]:
    """What is wrong with a message, to be put after its number."""
    if not isinstance(one, Mapping):
        yield f": is {told(one)}, expected role and content"
        return
    role, content = one.get("role"), one.get("content")
    if not isinstance(role, str) or role not in ROLES:
        yield f": role is {told(role)}; known: {', '.join(ROLES)}"
    for key in UNREAD:
        if one.get(key) not in (None, [], {}):
            yield f": {key} is {told(one[key])}; of a message role and content are read, and nothing else"
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        yield f": content is {told(content)}, expected text, or a list of parts of type text or image"
        return
    yield from (f", part {at}{problem}" for at, part in enumerate(content) for problem in _wrong_in_part(part, role))


def _wrong_in_part(part: Any, role: Any) -> Iterator[str]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        found = f"type is {told(kind)}" if isinstance(part, Mapping) else f"is {told(part)}"
        yield f": {found}; known: text, image, image_url"
        return
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str):
            yield f": text is {told(text)}, expected text"
        elif PLACEHOLDER in text.lower():
            yield f": {PLACEHOLDER} in a text; among parts a picture is a part of its own"
        return
    if role != "user":
        yield f": a picture of the {role}; pictures stand in messages of the user"
    named = _named(part)
    if named is None and kind == "image_url":
        yield f": an image without a picture: image_url is {told(part.get('image_url'))}, expected a path"
    elif named is not None and (not isinstance(named, str) or not named.strip()):
        yield f": its picture is {told(named)}, expected a path"
    elif named and (named.lower().startswith("data:") or "://" in named.removeprefix(FILE)):
        yield f": its picture is {told(named)}; expected a path: pictures are read from files"


def _wrong_pictures(said: Sequence[Mapping[str, Any]], pictures: Sequence[str]) -> Iterator[str]:
    """Image parts that have no picture, or two."""
    parts = _image_parts(said)
    own = [path for _, _, path in parts if path]
    if own and pictures:
        yield "pictures are named in parts of messages and in images: give one of them"
        return
    texts = [one["content"] if isinstance(one["content"], str) else "" for one in said]
    in_texts = sum(text.count(PLACEHOLDER) for text in texts)
    if own and in_texts:
        yield f"{in_texts} {PLACEHOLDER} in texts, where parts name their pictures: make each a part of its own"
        return
    n_free = 0 if own else max(len(pictures) - in_texts, 0)
    for at, number, _ in [part for part in parts if not part[2]][n_free:]:
        there = "others name theirs" if own else f"images has {len(pictures)}"
        yield f"message {at}, part {number}: an image without a picture: {there}"


def _image_parts(said: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, str | None]]:
    """Of each part that is a picture the number of its message, its own, and the path that it names."""
    return [
        (at, number, named.removeprefix(FILE) if (named := _named(part)) else None)
        for at, one in enumerate(said)
        if not isinstance(one["content"], str)
        for number, part in enumerate(one["content"])
        if part["type"] != "text"
    ]


def _named(part: Mapping[str, Any]) -> Any:
    """What a part says of its picture, of whatever kind; None where it says nothing."""
    found = next((part[key] for key in NAMED_BY if part.get(key) is not None), None)
    return found.get("url") if isinstance(found, Mapping) and "url" in found else found


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] if part["type"] == "text" else f"{PLACEHOLDER}\n" for part in content)
