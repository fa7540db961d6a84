"""A record as its file has it, held against what a record is: nothing is guessed, replaced or left out.

It is LLaVA's, with `conversations`, or has `messages` (the module of that name); both are taken as the same.

A value that is null, a number or a list is no text, and pictures under a key that nobody reads are no pictures: such a
record would train on something else than its maker meant, so it is refused with what is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from finetune.data.messages import said_in_messages, told, wrong_in_messages

ROLES = {"human": "user", "gpt": "assistant", "system": "system"}
PICTURE_KEYS = ("image", "images")
READ = ("id", "conversations", "messages")
ELSEWHERE = ("system", "tools")  # beside the messages, in forms of others
MEDIA_KEYS = """
    img imgs image_file image_files image_path image_paths images_path image_url image_urls image_list image_bytes
    picture pictures photo photos figure figures media video videos video_path audio audios audio_path
"""
MEDIA_ENDINGS = """
    .png .jpg .jpeg .jpe .webp .gif .bmp .tif .tiff .fits .fit .fz .npy .mp4 .avi .mov .mkv .webm .wav .mp3
"""


def wrong_in(record: Any) -> list[str]:
    """Everything that is wrong with the form of a record; nothing where `parts` can be taken of it."""
    if not isinstance(record, Mapping):
        return [f"is {told(record)}, expected an object with id, image and conversations, or images and messages"]
    of_pictures = list(_pictures_wrong(record))
    if record.get("messages") is None:
        return [*_id_wrong(record), *of_pictures, *_conversations_wrong(record)]
    return [*_id_wrong(record), *of_pictures, *wrong_in_messages(record, None if of_pictures else _pictures(record))]


def named(record: Any, number: int) -> str:
    """The record for people: its number from 0, and its id where it has one."""
    known = record.get("id") if isinstance(record, Mapping) else None
    return f"record {number}" + (f" ({known})" if isinstance(known, str | int) and not isinstance(known, bool) else "")


def parts(record: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """(picture paths, roles, texts) of a record in which nothing is wrong."""
    found = _pictures(record)
    if record.get("messages") is not None:
        return said_in_messages(record, found)
    said = record["conversations"]
    return found, [ROLES[one["from"]] for one in said], [one["value"] for one in said]


def _pictures(record: Mapping[str, Any]) -> list[str]:
    return next((_listed(record[key]) for key in PICTURE_KEYS if record.get(key)), [])


def _id_wrong(record: Mapping[str, Any]) -> Iterator[str]:
    found = record.get("id")
    if "id" not in record and record.get("messages") is not None:
        return  # that form has none: the file and the row say which it is
    if "id" not in record:
        yield f"no id; its keys are {', '.join(map(str, record)) or 'none'}"
    elif isinstance(found, bool) or not isinstance(found, str | int) or not str(found).strip():
        yield f"id is {told(found)}, expected text"


def _pictures_wrong(record: Mapping[str, Any]) -> Iterator[str]:
    given = [key for key in PICTURE_KEYS if record.get(key) is not None]
    for key in given:
        listed = _listed(record[key])
        if not isinstance(listed, list):
            yield f"{key} is {told(record[key])}, expected a path or a list of paths"
            continue
        yield from (
            f"{key}, picture {at}: is {told(one)}, expected a path"
            for at, one in enumerate(listed)
            if not isinstance(one, str) or not one.strip()
        )
    if (
        len(given) > 1
        and record["image"]
        and record["images"]
        and _listed(record["image"]) != _listed(record["images"])
    ):
        yield "image and images name different pictures: give one of them"
    for key in ELSEWHERE:
        if record.get(key):
            yield f"{key}: {told(record[key])} would be left out: what a model is told first is the first message"
    for key, value in record.items():
        if key not in (*PICTURE_KEYS, *READ) and _is_media(str(key), value):
            yield f"{key}: pictures are read from image or images, and nothing else: {told(value)}"


def _conversations_wrong(record: Mapping[str, Any]) -> Iterator[str]:
    said = record.get("conversations")
    if not isinstance(said, Sequence) or isinstance(said, str) or not said:
        keys = "" if "conversations" in record else f" (or messages); its keys are {', '.join(map(str, record))}"
        yield f"conversations is {told(said)}, expected a list of messages with from and value{keys}"
        return
    for at, one in enumerate(said):
        if not isinstance(one, Mapping):
            yield f"message {at}: is {told(one)}, expected from and value"
            continue
        if not isinstance(one.get("from"), str) or one["from"] not in ROLES:
            yield f"message {at}: 'from' is {told(one.get('from'))}; known: {', '.join(ROLES)}"
        if not isinstance(one.get("value"), str):
            yield f"message {at}: value is {told(one.get('value'))}, expected text"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _is_media(key: str, value: Any) -> bool:
    """Whether a key that is not read holds pictures: by its name, or because paths of pictures stand there."""
    if not value or isinstance(value, bool | int | float):
        return False
    listed = value if isinstance(value, list) else [value]
    paths = [
        one for one in listed if isinstance(one, str) and PurePosixPath(one).suffix.lower() in MEDIA_ENDINGS.split()
    ]
    return key.lower() in MEDIA_KEYS.split() or bool(paths)
