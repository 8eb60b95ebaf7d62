"""The sandbox image's own Node.js, to be run bare: a machine's may be another version, and start in another time.

Debian 12's is built without the start-up snapshot that the Node.js project's builds have. Beside one of those it would
look as if boxes cost what the snapshot saves. So the image's files are laid out in a folder, and the bare runner works
with that folder as its root: no container, no namespace, no limit.
"""

import subprocess
from pathlib import Path

from api.core.settings import get_settings
from grader.images import image_name


def lay_out(image_of: str, root: Path) -> None:
    """Fills ``root`` with the files of a language's image. Raises subprocess.CalledProcessError if there is none."""
    root.mkdir()
    container = _said("docker", "create", image_name(get_settings().image_prefix, image_of), "/bin/true")
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            subprocess.run(["tar", "-x", "-C", root], stdin=export.stdout, check=True)
    finally:
        _said("docker", "rm", container)


def _said(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
