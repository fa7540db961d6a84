"""A release put where others find it: a data set of the Hugging Face hub, or of a server that speaks its protocol.

First the gate, again and with today's date: a folder that passed it in spring may hold by autumn what was withdrawn,
and a release that is dated ahead comes out on its day. Nothing leaves the machine before, and no secret is ever told.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from curation.deposit import terms
from curation.deposit.about import About
from curation.deposit.facts import facts_of
from curation.deposit.places import FOLDER
from curation.release.certificate import verify
from schemas.errors import GateError, RecipeError, StepError
from schemas.whole import MANIFEST, folder_problems, read_manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB = "https://huggingface.co"
KIND = "dataset"
HOME = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Plan:
    """What would be uploaded, and where to."""

    release: Path
    repository: str
    """OWNER/NAME."""
    endpoint: str
    is_public: bool
    files: Mapping[str, int]
    """Bytes by the path in the folder."""
    version: str
    licences: Mapping[str, terms.Licence]

    @property
    def message(self) -> str:
        """Of the commit."""
        return f"Version {self.version}"

    @property
    def lines(self) -> list[str]:
        """The plan for people, with the commands that do the same by hand."""
        folder, repository = shlex.quote(str(self.release)), shlex.quote(self.repository)
        largest = max(self.files, key=lambda name: self.files[name])
        n_bytes = sum(self.files.values())
        visible = "public" if self.is_public else "private"
        private = "" if self.is_public else " --private"
        return [
            f"to       {self.endpoint}/datasets/{self.repository}; made {visible} where it is new",
            f"version  {self.version}",
            f"files    {len(self.files):,}, {n_bytes:,} bytes; the largest {largest}, {self.files[largest]:,} bytes",
            f"terms    {', '.join(f'{one.name} ({one.title})' for one in self.licences.values())}",
            f"by hand  hf repos create {repository} --repo-type {KIND}{private} --exist-ok",
            f"         hf upload {repository} {folder} . --repo-type {KIND} --commit-message "
            f"{shlex.quote(self.message)}",
            f"         hf repos tag create {repository} {shlex.quote(self.version)} --repo-type {KIND}",
        ]


def plan(
    release: Path, about: About, repository: str, today: str, *,
    withdrawn: Mapping[str, str] | None = None, endpoint: str = HUB, is_public: bool = False,
) -> Plan:  # fmt: skip
    """What publishing would do. `today`: year-month-day; `withdrawn`: reasons by the id of a source or paper.

    Raises RecipeError for a folder that is no release or an address that no secret may be sent to, and GateError with
    every reason why the release may not go out today.
    """
    _check_address(endpoint)
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise RecipeError(f"--to {repository}: expected OWNER/NAME, such as my-institute/radio-1.0")
    if not (release / FOLDER).is_dir() or not (release / MANIFEST).is_file():
        raise RecipeError(
            f"{release}: no release; `python -m curation release HANDOVER --about … --out FOLDER` makes one"
        )
    facts = facts_of(release / FOLDER)
    said = read_manifest(release)
    refused = [*folder_problems(release), *_by_day(release, said, about, today)]
    refused += [*terms.refusals(facts, about, withdrawn or {}), *verify(release / FOLDER)]
    if refused:
        raise GateError("\n".join(refused))
    files = {name: one["n_bytes"] for name, one in said["files"].items()}
    files[MANIFEST] = (release / MANIFEST).stat().st_size
    return Plan(release, repository, endpoint, is_public, files, said["version"], terms.licences(facts, about))


def publish(planned: Plan) -> str:
    """Upload the release, look whether all of it is there, tag it with its version, and give the commit's address.

    A tag is there only where all files are. RecipeError where there is no token or no client, or where the version is
    tagged already, StepError for what the hub refuses.
    """
    try:
        import huggingface_hub
        from httpx import HTTPError
    except ModuleNotFoundError:
        raise RecipeError("publishing needs huggingface_hub: pip install -e '.[publish]'") from None
    token = huggingface_hub.get_token()
    if not token:
        raise RecipeError("no token of the hub: set HF_TOKEN, or run `hf auth login`; it needs the right to write")
    try:
        return _upload(huggingface_hub.HfApi(endpoint=planned.endpoint, token=token), planned)
    except (HTTPError, OSError, ValueError) as error:
        told = " ".join(str(error).split()).replace(token, "…")
        raise StepError(f"{planned.endpoint}: {planned.repository} was not published: {told}") from None


def _upload(hub: "HfApi", planned: Plan) -> str:
    target: dict[str, Any] = {"repo_id": planned.repository, "repo_type": KIND}
    hub.create_repo(**target, private=not planned.is_public, exist_ok=True)
    if planned.version in {one.name for one in hub.list_repo_refs(**target).tags}:
        raise RecipeError(
            f"{planned.repository}: version {planned.version} is there already; a new one has a new number"
        )
    said = hub.upload_folder(**target, folder_path=planned.release, commit_message=planned.message)
    there = {one.path: one.size for one in hub.list_repo_tree(**target, recursive=True) if hasattr(one, "size")}
    wrong = [name for name, n_bytes in planned.files.items() if there.get(name) != n_bytes]
    if wrong:
        raise ValueError(f"{len(wrong):,} files are not there as they are here, first {wrong[0]}; publish again")
    hub.create_tag(**target, tag=planned.version)
    return str(said.commit_url)


def _by_day(release: Path, said: Mapping[str, Any], about: About, today: str) -> list[str]:
    found = list[str]()
    if about.date > today:
        found.append(f"the release is dated {about.date}, and today is {today}: it comes out then")
    if said.get("version") != about.version:
        found.append(
            f"{release}: version {said.get('version')}, and the file of the release says {about.version}: make it again"
        )
    return found


def _check_address(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.username or parts.password:
        raise RecipeError("--endpoint: holds a secret; set HF_TOKEN instead")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HOME):
        raise RecipeError(f"--endpoint {endpoint}: expected https://…: a token would go there in the clear")
