"""Pushing to a server that speaks as much of the Hub's API as its client needs."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.cleaning import clean
from curate.cli import main
from curate.dataset import audit, read_manifest
from curate.errors import UsageError
from curate.pushing import pack, repo_of
from curate.reporting.card import check_card
from curate.revalidating import revalidate
from curate.sources import resolve
from curate.splitting import split_dataset
from curate.steps import STEPS, select_steps

ROOT = Path(__file__).parents[1]
TOKEN = "hf_" + "x" * 34
SECRET = "Nobody outside must read this sentence."


class Hub:
    """Repositories, and what came in."""

    def __init__(self):
        self.repos = {}
        self.asked = []
        self.bytes = b""
        self.fail = {}  # part of an address: status and message
        self.lfs = ()  # names that go as large files
        self.blobs = {}

    def answer(self, method, path, body):
        """Return status, headers and the JSON to answer with."""
        for part, (status, message) in self.fail.items():
            if part in path:
                return status, {"X-Error-Message": message}, {"error": message}
        if path == "/api/validate-yaml":
            return 200, {}, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            self.repos[name] = {"private": asked["visibility"] == "private", "files": {}}
            return 200, {}, {"url": f"{self.url}/datasets/{name}"}
        if method == "PUT":
            self.blobs[path.removeprefix("/lfs/")] = body
            return 200, {"ETag": "x"}, {}
        if found := re.fullmatch(r"/datasets/.+\.git/info/lfs/objects/batch", path):
            return 200, {}, {"transfer": "basic", "objects": [
                {**o, "actions": {"upload": {"href": f"{self.url}/lfs/{o['oid']}"}}}
                for o in json.loads(body)["objects"]
            ]}  # fmt: skip
        found = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(/.*)?", path)
        repo = self.repos.get(found[1]) if found else None
        if repo is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, {"error": "Repository not found"}
        if not found[2]:
            names = [".gitattributes", *repo["files"]]
            return 200, {}, {"id": found[1], "private": repo["private"], "sha": "0" * 40,
                             "siblings": [{"rfilename": name} for name in names]}  # fmt: skip
        if found[2] == "/preupload/main":
            return 200, {}, {"files": [
                {"path": f["path"], "shouldIgnore": False,
                 "uploadMode": "lfs" if f["path"] in self.lfs else "regular"}
                for f in json.loads(body)["files"]
            ]}  # fmt: skip
        return self.commit(found[1], body)

    def commit(self, name, body):
        for line in body.splitlines():
            row = json.loads(line)
            value = row["value"]
            if row["key"] == "file":
                self.repos[name]["files"][value["path"]] = base64.b64decode(value["content"])
            elif row["key"] == "lfsFile":
                self.repos[name]["files"][value["path"]] = self.blobs[value["oid"]]
            else:
                assert row["key"] == "header", row["key"]
        url = f"{self.url}/datasets/{name}/commit/{'a' * 40}"
        return 200, {}, {"commitUrl": url, "commitOid": "a" * 40}


@pytest.fixture
def hub():
    """Run a server and return its state; its address is `hub.url`."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            state.asked.append((self.command, path, self.headers.get("Authorization")))
            state.bytes += body
            status, headers, answer = state.answer(self.command, path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = handle_any

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def made(tmp_path, write_rows):
    """Clean and split a file in which records are dropped, edited and quarantined."""
    rows = [
        {"instruction": f"Name the town number {n}.", "output": f"Town {n}. "} for n in range(30)
    ]
    rows += [{"instruction": SECRET, "output": ""}, {**rows[3], "note": SECRET}]
    path = write_rows(tmp_path / "a.jsonl", rows)
    path.write_bytes(path.read_bytes() + b'{"instruction": "' + SECRET.encode() + b"\n")
    clean(resolve([str(path)]), select_steps(STEPS), tmp_path / "clean")
    split_dataset(tmp_path / "clean", tmp_path / "out", validation=0.3, test=0.0)
    return tmp_path / "out"


@pytest.fixture
def curate(hub, tmp_path, monkeypatch):
    """Return a function that runs the command line against the server, in this process."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def run(*arguments):
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return run


def unpacked(files, folder):
    """Write what was pushed as a download has it."""
    folder.mkdir()
    (folder / ".gitattributes").write_text("*.parquet filter=lfs\n")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def run_apart(made, hub, tmp_path, *options, **environment):
    """Run `curate push` in a process of its own, as a user does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    own = {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1",
           "HF_HOME": str(tmp_path / "home"), **environment}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "curate", "push", str(made), "hf:me/set", *options],
        env=kept | own, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_splits_the_card_and_the_manifest_are_pushed(made, hub, tmp_path):
    hub.lfs = ("train.jsonl",)
    done = run_apart(made, hub, tmp_path, HF_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (0, "")
    repo = hub.repos["me/set"]
    assert repo["private"] is True
    assert set(repo["files"]) == {"train.jsonl", "validation.jsonl", "README.md", "manifest.json"}
    for name in ("train.jsonl", "validation.jsonl"):
        assert repo["files"][name] == (made / name).read_bytes()
    assert list(hub.blobs) == [hashlib.sha256((made / "train.jsonl").read_bytes()).hexdigest()]
    assert sum("/commit/" in path for _, path, _ in hub.asked) == 1
    assert {token for method, _, token in hub.asked if method == "POST"} == {f"Bearer {TOKEN}"}
    assert SECRET.encode() not in hub.bytes
    assert base64.b64encode(SECRET.encode())[:20] not in hub.bytes
    assert all(SECRET.encode() not in data for data in repo["files"].values())
    assert SECRET in (made / "dropped.jsonl").read_text()  # there was something to keep back
    assert f"uploaded to {hub.url}/datasets/me/set, private, commit {'a' * 12}" in done.stdout
    assert "not uploaded: dropped.jsonl, quarantine.jsonl, edits.jsonl, clusters.js" in done.stdout


def test_without_a_token_nothing_is_asked(made, hub, tmp_path):
    done = run_apart(made, hub, tmp_path)
    assert (done.returncode, done.stdout, hub.asked) == (1, "", [])
    assert done.stderr == (
        "curate: error: no token for the hub: log in with `hf auth login`, or set HF_TOKEN\n"
    )


def test_offline_nothing_is_asked(made, hub, tmp_path):
    done = run_apart(made, hub, tmp_path, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1")
    assert (done.returncode, hub.asked) == (1, [])
    assert done.stderr.startswith("curate: error: HF_HUB_OFFLINE is set")
    assert len(done.stderr.splitlines()) == 1


def test_a_download_is_audited_as_far_as_it_goes(made, curate, hub, tmp_path):
    assert curate("push", made, "hf:me/set").exit_code == 0
    folder = unpacked(hub.repos["me/set"]["files"], tmp_path / "down")
    assert audit(folder)[-1] == (
        "not checked, for they were not published: dropped.jsonl, quarantine.jsonl, edits.jsonl, "
        "clusters.jsonl"
    )
    assert check_card(folder) == "README.md is the card that the manifest makes"
    assert revalidate(folder).startswith("not run again")
    assert "is not published" in (folder / "README.md").read_text()
    assert read_manifest(folder)["digest"] == read_manifest(made)["digest"]
    assert [source.split for source in resolve([str(folder)])] == ["train", "validation"]
    done = curate("audit", folder)
    assert done.exit_code == 0
    again = curate("push", folder, "hf:me/other")
    assert again.exit_code == 0
    assert hub.repos["me/other"]["files"] == hub.repos["me/set"]["files"]
    lacks = curate("push", folder, "hf:me/third", "--with-ledgers")
    assert "was published without its ledgers" in lacks.output
    for verb in (["explain", folder, "a:1"], ["split", folder, "-o", tmp_path / "s"],
                 ["report", folder]):  # fmt: skip
        failed = curate(*verb)
        assert (failed.exit_code, len(failed.output.splitlines())) == (1, 1), failed.output
    train = folder / "train.jsonl"
    train.write_bytes(train.read_bytes().replace(b"Town 1.", b"Town 9."))
    assert "its SHA-256 is not the manifest's" in curate("audit", folder).output


def test_with_ledgers_all_goes_as_it_is(made, curate, hub, tmp_path):
    done = curate("push", made, "hf:me/set", "--with-ledgers", "--public", "--json")
    assert done.exit_code == 0
    repo = hub.repos["me/set"]
    assert repo["private"] is False
    assert repo["files"] == {p.name: p.read_bytes() for p in made.iterdir()}
    assert audit(unpacked(repo["files"], tmp_path / "down")) == audit(made)
    told = json.loads(done.output)
    assert (told["repo"], told["private"], told["withheld"]) == ("me/set", False, [])
    assert {f["path"]: f["bytes"] for f in told["files"]} == {
        name: len(data) for name, data in repo["files"].items()
    }
    stale = curate("push", made, "hf:me/set", "--public")
    assert stale.exit_code == 1
    assert (
        "holds clusters.jsonl, dropped.jsonl, edits.jsonl, quarantine.jsonl, report" in stale.output
    )


def test_a_dry_run_sends_nothing(made, curate, hub):
    done = curate("push", made, "hf:me/set", "--dry-run")
    assert done.exit_code == 0
    assert "would be uploaded to hf:me/set, private; nothing was sent" in done.output
    assert hub.asked == []


def test_a_dataset_is_pushed_again_beside_what_others_put_there(made, curate, hub):
    assert curate("push", made, "hf:me/set").exit_code == 0
    files = hub.repos["me/set"]["files"]
    files["LICENSE"] = b"mine"
    files["train.jsonl"] = b"old"
    assert curate("push", made, "hf:me/set").exit_code == 0
    assert files["LICENSE"] == b"mine"
    assert files["train.jsonl"] == (made / "train.jsonl").read_bytes()


def test_a_private_repository_stays_private(made, curate, hub):
    hub.repos["me/set"] = {"private": True, "files": {}}
    done = curate("push", made, "hf:me/set", "--public")
    assert "hf:me/set is private and stays so" in done.output
    assert hub.repos["me/set"]["private"] is True


@pytest.mark.parametrize(("repo", "message"), [
    ({"private": False, "files": {}}, "hf:me/set is there and public: pass --public"),
    ({"private": True, "files": {"weights.bin": b"x"}}, "holds weights.bin, and no dataset that"),
    ({"private": True, "files": {"README.md": b"# Mine"}}, "holds README.md, and no dataset that"),
    ({"private": True, "files": dict.fromkeys(
        ["README.md", "manifest.json", "train.jsonl", "test.jsonl", "x/more.csv", "a.py"], b"x")},
     "holds test.jsonl, x/more.csv of an earlier push"),
])  # fmt: skip
def test_a_repository_that_does_not_fit_is_left_alone(made, curate, hub, repo, message):
    hub.repos["me/set"] = repo
    before = dict(repo["files"])
    done = curate("push", made, "hf:me/set")
    assert done.exit_code == 1
    assert message in done.output
    assert len(done.output.splitlines()) == 1
    assert repo["files"] == before
    assert [method for method, _, _ in hub.asked] == ["GET"]


@pytest.mark.parametrize(("part", "status", "said", "message"), [
    ("/api/datasets/me/set", 401, "Invalid credentials in Authorization header",
     "hf:me/set: the hub does not take the token (Invalid credentials in Authorization header)"),
    ("repos/create", 401, "Invalid username or password.", "the hub does not take the token"),
    ("repos/create", 403, "You don't have the rights to create a dataset under the namespace me",
     "the token may not write there (You don't have the rights to create a dataset under the "
     "namespace me): give it the right to write to me, or push to a name of your own"),
    ("repos/create", 409, "You already created this dataset repo", "by somebody else meanwhile"),
    ("repos/create", 500, "Internal", "the hub answered 500 (Internal): try again later"),
    ("/commit/", 404, "", "there is no such dataset, or the token may not see it"),
    ("/commit/", 403, "no", "the token may not write there (no)"),
    ("/commit/", 412, "A commit has happened since", "A commit has happened since): try again"),
    ("validate-yaml", 400, "bad", "not uploaded: Invalid metadata in README.md."),
])  # fmt: skip
def test_what_the_hub_refuses_is_told_in_one_line(made, curate, hub, part, status, said, message):
    hub.fail[part] = status, said
    done = curate("push", made, "hf:me/set")
    assert done.exit_code == 1
    assert message in done.output
    assert len(done.output.splitlines()) == 1
    assert TOKEN not in done.output


def test_a_hub_that_is_not_there_is_told(made, curate, hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    done = curate("push", made, "hf:me/set")
    assert "http://127.0.0.1:9 cannot be reached (" in done.output
    assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize(("name", "change", "message"), [
    ("train.jsonl", lambda p: p.write_bytes(b"{}\n"), "train.jsonl: has 1 rows"),
    ("manifest.json", lambda p: p.unlink(), "has no manifest.json, so it is no dataset directory"),
    ("README.md", lambda p: p.write_text("# Mine"), "is not the card that the manifest makes"),
])  # fmt: skip
def test_what_is_not_whole_is_not_pushed(made, curate, hub, name, change, message):
    change(made / name)
    done = curate("push", made, "hf:me/set")
    assert done.exit_code == 1
    assert message in done.output
    assert hub.asked == []


@pytest.mark.parametrize("target", [
    "me/set", "hf:set", "hf:me/set/x", "hf:me/set@v1", "hf:me/set:train", "hf:/set", "hf:me/",
    "hf:me/-set", "hf:me/a--b", "hf:me/a..b", "hf:me/set.git", f"hf:me/{'x' * 97}", "hf:me/s t",
    "hf:mé/set", "hf:me/set\n",
])  # fmt: skip
def test_a_name_that_the_hub_does_not_take_is_wrong_usage(target):
    with pytest.raises(UsageError, match="write hf:OWNER/NAME"):
        repo_of(target)


@pytest.mark.parametrize("target", ["hf:me/set", "hf:A.b-c_d/e.F-1", "hf:1/2"])
def test_a_name_that_the_hub_takes(target):
    from huggingface_hub.utils import validate_repo_id

    validate_repo_id(repo_of(target))


def test_a_parcel_knows_its_sizes(made):
    parcel = pack(made)
    assert list(parcel.files) == ["train.jsonl", "validation.jsonl", "README.md", "manifest.json"]
    assert parcel.sizes()["train.jsonl"] == (made / "train.jsonl").stat().st_size
