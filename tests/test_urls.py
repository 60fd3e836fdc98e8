"""Files of a store are read, and dataset directories written there, through fsspec."""

import gzip
import io
import json
import shutil
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from curate.cli import main
from curate.dataset import audit
from curate.errors import SourceError, UsageError
from curate.sources import Reader, resolve
from curate.sources.remote import open_url

ROWS = [{"instruction": f"Name number {n}.", "output": f"It is {n}."} for n in range(6)]
LINES = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


class Failing(MemoryFileSystem):
    """A store that breaks off: files after some bytes, or what is written after some files."""

    protocol = "failing"
    after = 100
    files_left = 99

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("failing:/"))

    def _open(self, path, mode="rb", **options):
        file = super()._open(path, mode, **options)
        if mode != "rb":
            return file

        class Broken(io.BytesIO):
            def read(self, size=-1):
                if self.tell() > Failing.after:
                    raise ConnectionResetError("connection reset by peer")
                return super().read(min(size, 50))

        return Broken(file.getvalue())

    def put_file(self, lpath, rpath, **options):
        Failing.files_left -= 1
        if Failing.files_left < 0:
            raise ConnectionResetError("connection reset by peer")
        super().put_file(lpath, rpath, **options)


class Closed(MemoryFileSystem):
    protocol = "closed"

    def info(self, path, **options):
        raise PermissionError("403 Forbidden")

    exists = isdir = info


@pytest.fixture(autouse=True)
def store():
    for each in (Failing, Closed):
        fsspec.register_implementation(each.protocol, each, clobber=True)
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(main, [str(each) for each in arguments])


def read(*arguments):
    readers = [Reader(source) for source in resolve(arguments)]
    return [item for reader in readers for item in reader], readers


def test_a_file_behind_a_url_is_read_as_one_here(store, tmp_path):
    store.pipe("/b/facts.jsonl.gz", gzip.compress(LINES, mtime=0))
    (tmp_path / "facts.jsonl.gz").write_bytes(gzip.compress(LINES, mtime=0))
    there, (one,) = read("memory://b/facts.jsonl.gz")
    here, (other,) = read(str(tmp_path / "facts.jsonl.gz"))
    assert [record.output for record in there] == [row["output"] for row in ROWS]
    assert [record.key for record in there] == [record.key for record in here]
    assert (one.sha256, one.source.name) == (other.sha256, "facts")
    assert there[1].origin == "memory://b/facts.jsonl.gz:2"


@pytest.mark.parametrize("suffix", ["json", "csv", "parquet"])
def test_every_format_is_read(suffix, store):
    file = io.BytesIO()
    if suffix == "json":
        file.write(json.dumps(ROWS).encode())
    elif suffix == "csv":
        file.write(b"instruction,output\n")
        file.write("".join(f"{r['instruction']},{r['output']}\n" for r in ROWS).encode())
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    store.pipe(f"/b/facts.{suffix}", file.getvalue())
    found, _ = read(f"memory://b/facts.{suffix}")
    assert [record.output for record in found] == [row["output"] for row in ROWS]


def test_folders_globs_and_names(store):
    for name in ("a.jsonl", "deep/b.jsonl", "deep/.hidden.jsonl", "deep/notes.txt"):
        store.pipe(f"/b/{name}", LINES)
    assert [s.path for s in resolve(["memory://b"])] == [
        "memory://b/a.jsonl", "memory://b/deep/b.jsonl"]  # fmt: skip
    assert [s.name for s in resolve(["memory://b/*/*.jsonl", "x=memory://b/a.jsonl"])] == [
        ".hidden", "b", "x"]  # fmt: skip
    with pytest.raises(UsageError, match=r"memory://b/a.jsonl .* is the same file"):
        resolve(["memory://b/a.jsonl", "x=memory://b/a.jsonl"])


def test_what_is_not_there_is_told(store):
    store.pipe("/b/notes.txt", b"x")
    with pytest.raises(SourceError, match=r"^memory://b/none.jsonl does not exist$"):
        resolve(["memory://b/none.jsonl"])
    with pytest.raises(SourceError, match=r"^folder memory://b holds no data file"):
        resolve(["memory://b"])
    with pytest.raises(UsageError, match=r"memory://b/notes.txt: unknown suffix"):
        resolve(["memory://b/notes.txt"])
    with pytest.raises(UsageError, match=r"^nowhere://a.jsonl: nowhere:// .*: no such protocol"):
        resolve(["nowhere://a.jsonl"])
    with pytest.raises(SourceError, match=r"closed://b.jsonl: access is denied: 403 Forbidden"):
        resolve(["closed://b.jsonl"])


def test_a_protocol_without_its_package_says_what_to_install(monkeypatch):
    known = {"class": "nothing.at.All", "err": "Install nothing to read it"}
    monkeypatch.setitem(known_implementations, "lacking", known)
    with pytest.raises(UsageError, match=r"lacking:// cannot be read: Install nothing to read it"):
        resolve(["lacking://a.jsonl"])


@pytest.mark.parametrize(
    "url",
    ["https://host/a.jsonl?X-Amz-Signature=abc", "https://me:pw@host/a.jsonl",
     "s3://key:pw@bucket/a.jsonl", "https://host/a.jsonl?sig=abc&sv=1"],
)  # fmt: skip
def test_no_secret_gets_into_the_records(url, run, tmp_path):
    done = run("clean", url, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "would stand in every record" in done.stderr
    assert not {"abc", "pw@"} & {word for word in ("abc", "pw@") if word in done.stderr}


def test_a_connection_that_is_lost_ends_the_run(store, run, tmp_path):
    store.pipe("/b/facts.jsonl", LINES)
    done = run("clean", "failing://b/facts.jsonl", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(
        "curate: error: failing://b/facts.jsonl cannot be reached: connection reset by peer"
    )
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_lost_connection_costs_no_row_of_parquet(store, monkeypatch):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    store.pipe("/b/facts.parquet", file.getvalue())
    monkeypatch.setattr(Failing, "after", -1)
    with pytest.raises(SourceError, match="connection reset"):
        read("failing://b/facts.parquet")


def test_a_dataset_directory_goes_to_a_store_and_comes_back(store, run, tmp_path):
    (tmp_path / "facts.jsonl").write_bytes(LINES + b"broken\n")
    here = run("clean", tmp_path / "facts.jsonl", "-o", tmp_path / "here")
    there = run("clean", tmp_path / "facts.jsonl", "-o", "memory://b/out")
    assert there.exit_code == 0, there.stderr
    assert there.stdout.splitlines()[-1] == "dataset directory: memory://b/out"
    assert there.stdout.splitlines()[:-1] == here.stdout.splitlines()[:-1]
    store.get("/b/out", str(tmp_path / "back"), recursive=True)
    for path in (tmp_path / "here").iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
    assert audit(tmp_path / "back")
    assert [s.path for s in resolve(["memory://b/out"])] == ["memory://b/out/train.jsonl"]


def test_split_and_merge_write_there_too(store, run, tmp_path):
    (tmp_path / "facts.jsonl").write_bytes(LINES)
    assert run("clean", tmp_path / "facts.jsonl", "-o", tmp_path / "a").exit_code == 0
    done = run("split", tmp_path / "a", "-o", "memory://b/s", "--validation", "0.5", "--test", "0")
    assert done.exit_code == 0, done.stderr
    assert store.isfile("/b/s/validation.jsonl")
    assert run("merge", "memory://b/s", "-o", "memory://b/m").exit_code == 0
    assert json.loads(store.cat("/b/m/manifest.json"))["counts"]["kept"] == 6


def test_what_is_there_is_replaced_only_with_a_word(store, run, tmp_path):
    (tmp_path / "facts.jsonl").write_bytes(LINES)
    clean = ("clean", tmp_path / "facts.jsonl", "-o", "memory://b/out")
    assert run(*clean).exit_code == 0
    store.pipe("/b/out/clusters.jsonl", b"of before\n")
    again = run(*clean)
    assert (again.exit_code, "pass --overwrite" in again.stderr) == (1, True)
    assert run(*clean, "--overwrite").exit_code == 0
    assert store.cat("/b/out/clusters.jsonl") == b""
    store.pipe("/b/else/holiday.jpg", b"x")
    other = run(*clean[:3], "memory://b/else", "--overwrite")
    assert "holds holiday.jpg and is no dataset directory" in other.stderr
    assert store.ls("/b/else", detail=False) == ["/b/else/holiday.jpg"]


def test_a_copy_that_breaks_off_has_no_manifest_and_can_be_finished(
    store, run, tmp_path, monkeypatch
):
    (tmp_path / "facts.jsonl").write_bytes(LINES)
    assert run("clean", tmp_path / "facts.jsonl", "-o", "failing://b/out").exit_code == 0
    monkeypatch.setattr(Failing, "files_left", 2)
    done = run("clean", tmp_path / "facts.jsonl", "-o", "failing://b/out", "--overwrite")
    assert done.exit_code == 1
    assert "connection reset by peer: the copy broke off" in done.stderr
    assert not store.exists("/b/out/manifest.json")
    folder = done.stderr.partition("lies whole in ")[2].partition(": copy it")[0]
    assert audit(Path(folder))
    shutil.rmtree(Path(folder).parent)


def test_no_run_goes_on_behind_a_url_and_other_verbs_say_so(run, tmp_path):
    resumed = run("clean", "data/sample", "-o", "memory://b/out", "--resume")
    assert (resumed.exit_code, "lies in a folder of this machine" in resumed.stderr) == (2, True)
    for arguments in (("audit", "s3://b/out"), ("convert", "x", "--to", "alpaca", "-o", "s3://a")):
        done = run(*arguments)
        assert done.exit_code == 2, done.stderr
        assert "is a URL, and has to be on this machine" in done.stderr


def test_files_of_this_machine_are_not_opened_through_it(monkeypatch, tmp_path):
    (tmp_path / "facts.jsonl").write_bytes(LINES)
    monkeypatch.setattr(fsspec, "url_to_fs", None)
    assert len(read(str(tmp_path / "facts.jsonl"))[0]) == 6
    with pytest.raises(SourceError, match="cannot be reached"):
        open_url("memory://b/a.jsonl")
