import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def commands():
    """Return every line of the README's sh blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_their_order(tmp_path):
    assert len(commands()) >= 10
    (tmp_path / "data").symlink_to(ROOT / "data")
    for line in commands():
        done = subprocess.run(
            ["bash", "-c", f'curate() {{ "$PYTHON" -m curate "$@"; }}; {line}'],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), line


def test_the_links_of_the_documentation_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert len(pages) > 5
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
