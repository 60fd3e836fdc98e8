"""Run Curate and its peers over rows, each in an interpreter of its own, and read what went."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from dedup_sets import Gone, fields, read_rows, write_rows

HERE = Path(__file__).parent
PEERS = {
    "datasketch": ("datasketch", "datasketch_lsh.py"),
    "rensa": ("rensa", "rensa_lsh.py"),
    "rensa-rho": ("rensa", "rensa_rho.py"),
    "datatrove": ("datatrove", "datatrove_minhash.py"),
    "text-dedup": ("text-dedup", "text_dedup_minhash.py"),
    "data-juicer": ("py-data-juicer", "data_juicer_minhash.py"),
    "semhash": ("semhash", "semhash_columns.py"),
}
OF_FIELDS = ("semhash", "step")
"""They get the fields of a record; the others get one text."""


@dataclass
class Outcome:
    """What a tool made of some rows."""

    gone: Gone = field(default_factory=dict)
    conflicts: list[list[int]] = field(default_factory=list)
    cpu: float = 0.0  # seconds, of all processes
    peak: float = 0.0  # MB, of the largest process
    fault: str = ""


@dataclass
class Bench:
    """A folder to work in, and where the peers are; all paths are absolute."""

    folder: Path
    pythons: dict[str, str]
    model: str = ""

    def prepare(self, source: Path) -> None:
        """Write the rows as the tools read them."""
        rows = [fields(row) for row in read_rows(source)]
        whole = ["\n".join(text for text in row.values() if text) for row in rows]
        numbered = [{"line": number} | row for number, row in enumerate(rows, start=1)]
        texts = [{"line": number, "text": text} for number, text in enumerate(whole, start=1)]
        write_rows(self.folder / "rows.jsonl", rows)
        write_rows(self.folder / "numbered.jsonl", numbered)
        write_rows(self.folder / "texts.jsonl", texts)

    def execute(self, command: list[str]) -> Outcome:
        """Run a command here and return what it took."""
        log = self.folder / "log.txt"
        path = str(HERE.parent) if command[0] == sys.executable else ""
        env = {**os.environ, "PYTHONPATH": path}
        with log.open("w") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, cwd=self.folder, env=env
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        if process.returncode:
            lines = [line for line in log.read_text().splitlines() if line.strip()]
            said = lines[-1][:160] if lines else ""
            return Outcome(fault=f"exit {process.returncode}: {said}")
        return Outcome(cpu=cpu, peak=peak)

    def peer(self, name: str, threshold: float, *, evidence: bool = True) -> Outcome:
        """Return what a peer, the prototype or the step alone makes of the rows."""
        python = sys.executable if name == "step" else self.pythons.get(name.removesuffix("-rho"))
        if python is None:
            return Outcome(fault="not run: no --python for it")
        own = {"step": "curate_step.py", "prototype": "prototype.py"}
        script = own.get(name) or PEERS[name][1]
        rows = "numbered.jsonl" if name in OF_FIELDS else "texts.jsonl"
        command = [python, str(HERE / "peers" / script), rows, "gone.json", str(threshold)]
        command += ["--evidence"] * evidence
        command += ["--model", self.model] * (name == "semhash" and bool(self.model))
        result = self.folder / "gone.json"
        result.unlink(missing_ok=True)
        outcome = self.execute(command)
        if not outcome.fault:
            read = json.loads(result.read_text())
            outcome.gone = {int(line): kept for line, kept in read.items()}
        return outcome

    def curate(self, threshold: float) -> Outcome:
        """Return what `curate clean --only dedup` makes of the rows."""
        command = [sys.executable, "-m", "curate", "clean", "rows.jsonl", "-o", "clean", "--only",
                   "dedup", "--overwrite", "--set", f"dedup.threshold={threshold}"]  # fmt: skip
        outcome = self.execute(command)
        if outcome.fault:
            return outcome
        clean = self.folder / "clean"
        dropped = list(read_rows(clean / "dropped.jsonl"))
        records = [*read_rows(clean / "train.jsonl"), *(row["record"] for row in dropped)]
        line_of = {row["id"]: int(row["origin"].rsplit(":", 1)[1]) for row in records}
        for row in dropped:
            outcome.gone[line_of[row["record"]["id"]]] = line_of[row["evidence"]["kept"]]
        for note in read_rows(clean / "clusters.jsonl"):
            if note["kind"] == "conflict":
                outcome.conflicts.append([line_of[key] for key in note["ids"]])
        return outcome

    def version(self, name: str) -> str:
        """Return name and version of a peer, as its interpreter tells."""
        package = PEERS[name][0]
        if python := self.pythons.get(name.removesuffix("-rho")):
            code = f"import importlib.metadata as m; print(m.version({package!r}))"
            found = subprocess.run([python, "-c", code], capture_output=True, text=True)
            package += f" {found.stdout.strip()}"
        return package + ", rho" * name.endswith("-rho")

    def compiled(self, prototype: Path, threshold: float) -> Outcome:
        """Return what the prototype in a folder takes, its kernels compiled before."""
        for path in prototype.glob("dedup_*.py"):
            (self.folder / path.name).write_bytes(path.read_bytes())
        texts = self.folder / "texts.jsonl"
        whole = texts.read_bytes()
        texts.write_bytes(b"".join(whole.splitlines(keepends=True)[:500]))
        self.peer("prototype", threshold)
        texts.write_bytes(whole)
        return self.peer("prototype", threshold)
