"""Publish a dataset directory on the Hugging Face Hub: what `curate push` does."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from curate import __version__
from curate.dataset import MANIFEST, SPLITS, audit, read_manifest
from curate.dataset.names import FILES, WITHHELD
from curate.errors import DatasetError, HubError, UsageError, clip
from curate.reporting.card import card, check_card
from curate.reporting.report import REPORT
from curate.sources.source import file_format

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

__all__ = ["Parcel", "Pushed", "pack", "push", "repo_of"]

_CARD = "README.md"
_SPLIT_FILES = tuple(f"{split}.jsonl" for split in SPLITS)
_MARKS = {MANIFEST, _CARD, "train.jsonl"}
"""What a repository holds to which a dataset directory was pushed before."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be published of a dataset directory.

    Attributes:
        files: name to what is in it: the file as it lies there, or bytes.
        withheld: names of the data files that stay where they are.
        digest: of the dataset.

    """

    files: Mapping[str, Path | bytes]
    withheld: tuple[str, ...]
    digest: str

    def sizes(self) -> dict[str, int]:
        """Return the size of each file in bytes."""
        return {
            name: len(data) if isinstance(data, bytes) else data.stat().st_size
            for name, data in self.files.items()
        }


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where a dataset was published, in which commit, and whether others can see it."""

    url: str
    commit: str
    private: bool


def repo_of(target: str) -> str:
    """Return the repository that `hf:OWNER/NAME` names.

    Raises:
        UsageError: it names none.
    """
    part = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
    found = re.fullmatch(rf"hf:({part}/{part})", target)
    odd = found and (len(found[1]) > 96 or "--" in target or ".." in target)
    if found is None or odd or target.endswith(".git"):
        raise UsageError(
            f"{clip(target)}: write hf:OWNER/NAME, with letters, digits, and single -, _ and . "
            "between them"
        )
    return found[1]


def pack(directory: Path, *, with_ledgers: bool = False) -> Parcel:
    """Return what is to be published of a dataset directory, after an audit of it.

    The splits go as they are. Without the ledgers the manifest lists these as withheld, and the
    card says so; with them every file goes as it is.

    Raises:
        DatasetError: the directory is unfinished or not what its manifest says, or its ledgers
            are asked for and not there.
    """
    manifest = read_manifest(directory)
    audit(directory)
    check_card(directory)
    outputs = [output["path"] for output in manifest["outputs"]]
    if with_ledgers:
        if WITHHELD in manifest:
            raise DatasetError(
                f"{directory}: was published without its ledgers, so that they are not here; leave "
                "--with-ledgers out"
            )
        names = [*outputs, _CARD, MANIFEST]
        names += [REPORT] if (directory / REPORT).is_file() else []
        return Parcel({name: directory / name for name in names}, (), manifest["digest"])
    shown = published(manifest)
    data = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    splits = {name: directory / name for name in outputs if name in _SPLIT_FILES}
    withheld = tuple(output["path"] for output in shown[WITHHELD])
    files = {**splits, _CARD: card(shown).encode(), MANIFEST: data}
    return Parcel(files, withheld, manifest["digest"])


def published(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of the splits alone: the other files are listed as withheld."""
    outputs = manifest["outputs"]
    rest = [output for output in outputs if output["path"] not in _SPLIT_FILES]
    return {
        **manifest,
        "outputs": [output for output in outputs if output["path"] in _SPLIT_FILES],
        WITHHELD: [*manifest.get(WITHHELD, ()), *rest],
    }


def push(parcel: Parcel, repo: str, *, private: bool = True) -> Pushed:
    """Publish a parcel in one commit and return where it is.

    The repository is made if there is none. One that is there has to be empty or hold a dataset
    that was pushed before, and nothing in it is deleted.

    Raises:
        HubError: the hub cannot be reached or refuses, or the repository is public where a private
            one is asked for, or holds other files.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise HubError("HF_HUB_OFFLINE is set, so nothing is sent to the hub; unset it")
    with _told(repo, constants.ENDPOINT):
        token = get_token()
        if not token:
            raise HubError("no token for the hub: log in with `hf auth login`, or set HF_TOKEN")
        api = HfApi(token=token, library_name="curate", library_version=__version__)
        is_private = _open(api, repo, private, parcel.files)
        operations = [
            CommitOperationAdd(name, data if isinstance(data, bytes) else str(data))
            for name, data in parcel.files.items()
        ]
        commit = api.create_commit(
            repo,
            operations,
            commit_message=f"Dataset {parcel.digest[:16]}",
            repo_type="dataset",
        )
    return Pushed(f"{constants.ENDPOINT}/datasets/{repo}", commit.oid, is_private)


def _open(api: "HfApi", repo: str, private: bool, names: Collection[str]) -> bool:
    """Return whether the repository is private, made if need be and fit to take these files."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = api.dataset_info(repo)
    except RepositoryNotFoundError:
        api.create_repo(repo, repo_type="dataset", private=private)
        return private
    if private and not info.private:
        raise HubError(
            f"hf:{repo} is there and public: pass --public to publish in it, or make it private in "
            "its settings on the hub"
        )
    found = {file.rfilename for file in info.siblings or ()} - {".gitattributes"}
    if not found >= _MARKS:
        if found:
            raise HubError(
                f"hf:{repo} holds {clip(min(found))}, and no dataset that was pushed before: "
                "nothing of others is replaced; give another name"
            )
    elif stale := sorted(name for name in found - set(names) if _is_part(name)):
        raise HubError(
            f"hf:{repo} holds {clip(', '.join(stale))} of an earlier push, which does not fit what "
            "is pushed now, and nothing is deleted here: delete it on the hub, or give another name"
        )
    return bool(info.private)


def _is_part(name: str) -> bool:
    """Return whether a file would be taken for part of a dataset directory."""
    return name in FILES or bool(file_format(name)[0])


@contextmanager
def _told(repo: str, endpoint: str) -> Iterator[None]:
    """Turn what the client of the hub raises into one line."""
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is imported
        HfHubHTTPError,
        HTTPError,
        OfflineModeIsEnabled,
    )

    try:
        yield
    except HfHubHTTPError as error:
        raise HubError(f"hf:{repo}: {_refusal(error, repo)}") from error
    except (HTTPError, OfflineModeIsEnabled) as error:
        raise HubError(
            f"{endpoint} cannot be reached ({_line(error)}): look at the network, and try again"
        ) from error
    except (ValueError, RuntimeError) as error:  # an answer that is none, or the transfer of a file
        raise HubError(f"hf:{repo}: not uploaded: {_line(error)}") from error


def _refusal(error: "HfHubHTTPError", repo: str) -> str:
    """Return why the hub refuses, and what to do."""
    status = error.response.status_code
    said = f" ({_line(error.server_message)})" if error.server_message else ""
    owner = repo.partition("/")[0]
    if status == 401:
        return (
            f"the hub does not take the token{said}: log in with `hf auth login`, or set HF_TOKEN"
        )
    if status == 403:
        return (
            f"the token may not write there{said}: give it the right to write to {owner}, or push "
            "to a name of your own"
        )
    if status == 404:
        return f"there is no such dataset, or the token may not see it{said}"
    if status in (409, 412):
        return f"it was made or changed by somebody else meanwhile{said}: try again"
    return f"the hub answered {status}{said}: try again later"


def _line(error: object) -> str:
    """Return what an error says, in one line."""
    return clip(" ".join(str(error).split()), 200)
