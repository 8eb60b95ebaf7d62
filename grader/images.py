"""The sandbox images: builds them, lists them, says what is missing.

Every language image stands on one base: Debian's, from a registry if one answers, and otherwise made from Debian's
packages by ``mmdebstrap``. What an image was built from is digested into a label, so building again builds only what
has changed.
"""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from grader.engine import BUILD_LABEL, LANGUAGE_LABEL, Engine
from grader.sandbox import SandboxUnavailable
from sandboxes import languages
from sandboxes.compiled import FLAGS, LIBRARY
from sandboxes.languages import HERE, Language

DEBIAN_SUITE = "bookworm"
_BASE_PACKAGES = "python3-minimal,libpython3-stdlib"
_REGISTRY_BASE = ("debian", f"{DEBIAN_SUITE}-slim")
_MMDEBSTRAP_SECONDS = 900


class ImageState(NamedTuple):
    """One language's image: ``digest`` None where there is none, ``current`` whether it is of this source tree."""

    language: str
    name: str
    digest: str | None
    current: bool
    size: int


def image_name(prefix: str, language: str) -> str:
    """The image of a language under a configured prefix."""
    return f"{prefix}/{language}"


def list_images(engine: Engine, prefix: str) -> list[ImageState]:
    """The state of every language's image."""
    states = []
    for language in languages.languages().values():
        name = image_name(prefix, language.name)
        found = engine.image(name)
        current = found is not None and found.labels.get(BUILD_LABEL) == build_digest(language)
        states.append(
            ImageState(language.name, name, found and found.digest, current, found.size if found else 0)
        )
    return states


def build_images(
    engine: Engine, prefix: str, wanted: frozenset[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Builds what is missing or out of date, yielding (image, line of progress). Raises SandboxUnavailable."""
    states = [s for s in list_images(engine, prefix) if wanted is None or s.language in wanted]
    if all(state.current for state in states):
        return
    base = f"{prefix}/base"
    if engine.image(base) is None:
        yield from ((base, line) for line in _make_base(engine, base))
    for state in states:
        if not state.current:
            language = languages.languages()[state.language]
            labels = {LANGUAGE_LABEL: language.name, BUILD_LABEL: build_digest(language)}
            context = build_context(language, base)
            yield from ((state.name, line) for line in engine.build(context, state.name, labels))
            yield state.name, "built"


def build_digest(language: Language) -> str:
    """What an image of this language depends on, as one digest: equal digests, equal images."""
    return hashlib.sha256(build_context(language, "base")).hexdigest()


def build_context(language: Language, base: str) -> bytes:
    """The build context as a tar file, the same bytes every time: the Dockerfile and the runner's sources."""
    own = HERE / language.name / "Dockerfile"
    template = own if own.exists() else HERE / "base" / "Dockerfile.language"
    # As lists, not as words for a shell: what a folder prepares is not taken apart a second time.
    prepare = "\n".join(f"RUN {json.dumps(argv)}" for argv in language.prepare)
    words = {
        "base": base,
        "packages": " ".join(language.packages),
        "language": language.name,
        "prepare": prepare,
        "flags": " ".join(FLAGS),
        "library": LIBRARY,
    }
    filled = (HERE / "base" / "Dockerfile.maker").read_text() + template.read_text()
    for word, text in words.items():
        filled = filled.replace(f"{{{word}}}", text)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "Dockerfile", filled.encode())
        for path in _sources(language):
            _add(archive, f"sandboxes/{path.relative_to(HERE)}", path.read_bytes())
    return buffer.getvalue()


def _sources(language: Language) -> list[Path]:
    runner = [*HERE.glob("*.py"), *HERE.glob("*.c"), *HERE.glob("seccomp/*")]
    own = [path for path in (HERE / language.name).iterdir() if path.name != "smoke"]
    # The launcher's environment is Python's, whatever the language.
    folders = [*own, HERE / "python" / "language.json"]
    return sorted({path for path in (*runner, *folders) if path.is_file()})


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    facts = tarfile.TarInfo(name)
    facts.size, facts.mode, facts.mtime = len(data), 0o644, 0
    archive.addfile(facts, io.BytesIO(data))


def _make_base(engine: Engine, name: str) -> Iterator[str]:
    yield f"asking a registry for {':'.join(_REGISTRY_BASE)}"
    if engine.pull(*_REGISTRY_BASE):
        dockerfile = (
            f"FROM {':'.join(_REGISTRY_BASE)}\nRUN apt-get update && apt-get install -y --no-install-recommends "
            f"{_BASE_PACKAGES.replace(',', ' ')} && rm -rf /var/lib/apt/lists/*\n"
        )
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            _add(archive, "Dockerfile", dockerfile.encode())
        yield from engine.build(buffer.getvalue(), name, {LANGUAGE_LABEL: "base"})
        return
    yield "no registry answers: making it from Debian's packages"
    with tempfile.TemporaryDirectory(prefix="codezest-") as folder:
        archive_path = f"{folder}/base.tar"
        _run_mmdebstrap(archive_path)
        engine.import_archive(archive_path, name, {LANGUAGE_LABEL: "base"})
    yield "built"


def _run_mmdebstrap(target: str) -> None:
    if shutil.which("mmdebstrap") is None:
        raise SandboxUnavailable("no registry answers and mmdebstrap is missing: apt-get install mmdebstrap")
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_BASE_PACKAGES}", DEBIAN_SUITE, target]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_MMDEBSTRAP_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise SandboxUnavailable("mmdebstrap did not finish in time") from error
    if done.returncode != 0:
        raise SandboxUnavailable(f"mmdebstrap failed: {done.stderr.strip()[-500:]}")
