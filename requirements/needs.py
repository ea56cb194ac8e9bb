"""Writes needs.json: what each locked package says it needs. `make lock` runs it.

The set-up installs without resolving, so nothing but the locks decides what is installed. The test
of the locks reads this file to hold that they are complete, whatever has been published since.
Run it on Linux, where every locked package has a build.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.markers import Marker

FOLDER = Path(__file__).parent
PIN = re.compile(
    r"^([a-z0-9._-]+)(?:\[[a-z0-9,_-]+\])?==(\S+)(?: ; (.*?))? \\$",
    re.MULTILINE,
)
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def pins_of(text: str) -> Iterator[tuple[str, str]]:
    """Names and versions that a lock installs on Linux."""
    for name, version, marker in PIN.findall(text):
        places: list[dict[str, str]] = [
            {**LINUX, "python_version": python, "python_full_version": f"{python}.0"}
            for python in PYTHONS
        ]
        if not marker or any(Marker(marker).evaluate(place) for place in places):
            yield name, version


def batches(files: Iterable[Path]) -> list[dict[str, str]]:
    """Packages to versions, in as few groups as have one version a package."""
    found: list[dict[str, str]] = []
    for name, version in sorted({pin for path in files for pin in pins_of(path.read_text())}):
        group = next((group for group in found if name not in group), None)
        if group is None:
            found.append(group := {})
        group[name] = version
    return found


def metadata(pip: Path, pins: dict[str, str]) -> dict[str, list[str]]:
    """ "name==version" to the lines of Requires-Dist, read without downloading the packages."""
    with tempfile.TemporaryDirectory() as folder:
        names, report = Path(folder) / "names.txt", Path(folder) / "report.json"
        # Three signs: a build of the same version for another device has other needs.
        names.write_text("".join(f"{name}==={version}\n" for name, version in pins.items()))
        command = [pip, "install", "--quiet", "--dry-run", "--no-deps", "--ignore-installed"]
        subprocess.run([*command, "--report", report, "--requirement", names], check=True)
        installs = json.loads(report.read_text())["install"]
    rows = [each["metadata"] for each in installs]
    return {
        f"{re.sub(r'[-_.]+', '-', row['name']).lower()}=={row['version']}": sorted(
            row.get("requires_dist", [])
        )
        for row in rows
    }


def main() -> None:
    """Reads the locks of this folder and writes needs.json beside them."""
    files = [path for path in FOLDER.glob("*.txt") if not path.name.startswith("without")]
    needs: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        # The pip that older Pythons bring downloads whole packages to read their metadata.
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = Path(folder) / "bin" / "pip"
        subprocess.run([pip, "install", "--quiet", "--upgrade", "pip"], check=True)
        for group in batches(files):
            needs |= metadata(pip, group)
    text = json.dumps(needs, indent=0, sort_keys=True)
    (FOLDER / "needs.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
