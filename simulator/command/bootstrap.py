"""Creates the environment of a checkout, `.venv`, and runs the program in it; needs only Python itself.

`python3 simulator` and `python3 tests` both begin here. So this file imports the standard library alone, besides the
translations, and is written so that Python 3.8 can still read it: an old Python then gets a sentence instead of a
SyntaxError.

A stamp in the environment says what was installed from what. It is marked incomplete before anything changes and
complete at the very end; an interrupted installation is therefore known, and made anew by whoever comes next.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Collection, Iterator, NamedTuple, NoReturn, Sequence  # noqa: UP035 - for Python 3.8

LACKS, INTERRUPTED = 3, 130
OLDEST_NODE = 20
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")

Say = Callable[[str], None]

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = ENVIRONMENT / "backupsim.json"
LOCK = ENVIRONMENT / "backupsim.lock"
REPORT = ENVIRONMENT / "backupsim.log"

CONNECT = (
    "connect this machine to a network, or name an index that it reaches in PIP_INDEX_URL (for uv: UV_DEFAULT_INDEX)"
)
REASONS = (
    # What a failed installation says, the reason, and the remedy; the first that fits counts.
    ("no space left on device", "the disk is full", "free at least 1 GB"),
    ("no module named pip", "the environment in .venv has no pip", "remove the folder .venv"),
    (
        "certificate_verify_failed",
        "the package index has a certificate of an unknown authority",
        "set PIP_CERT to its certificate",
    ),
    (
        "unknownissuer",
        "the package index has a certificate of an unknown authority",
        "set SSL_CERT_FILE to its certificate",
    ),
    ("proxyerror", "the proxy refused the connection", "check HTTPS_PROXY"),
    ("407 proxy", "the proxy refused the connection", "check HTTPS_PROXY"),
    ("establish a new connection", "no package index can be reached", CONNECT),
    ("connection broken", "no package index can be reached", CONNECT),
    ("error sending request", "no package index can be reached", CONNECT),
    ("timed out", "the package index does not answer in time", CONNECT),
    ("(from versions: none)", "the package index does not have all packages that are needed", CONNECT),
)


class Lacking(Exception):
    """This machine lacks something: one sentence that ends in the remedy."""


class Requirements(NamedTuple):
    """What the environment must hold. `python` is known only to a Python that runs in it."""

    inputs: str
    groups: frozenset[str]
    python: str | None = None


class Stamp(NamedTuple):
    """What the environment holds. `tool` made it: what uv made has no pip."""

    root: str
    inputs: str
    groups: list[str]
    python: str
    tool: str
    complete: bool


def enter(*groups: str, language: str = "en") -> None:
    """Return only in an environment with the project, its dependencies and these dependency groups."""
    if not (ROOT / "pyproject.toml").is_file():
        return  # installed as a package, with its dependencies
    say = speaker(language)
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - checks the version that UP036 assumes
            raise Lacking(too_old(sys.version_info[:3], sys.executable, lambda name: answer_of(name, "-V") is not None))
        inside = PYTHON.exists() and os.path.samefile(sys.prefix, ENVIRONMENT)
        node = () if shutil.which("node") and shutil.which("npm") else ("node",)
        required = Requirements(digest_of_inputs(), frozenset((*groups, *node)), python_version() if inside else None)
        ready = is_ready(read_stamp(), required)
        if not ready:
            prepare(required, say)
        if not (ready and inside):
            go_on_inside()
    except Lacking as problem:
        say(str(problem))
        sys.exit(LACKS)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(INTERRUPTED)


def go_on_inside() -> NoReturn:
    """Start this very command again, by the environment's Python."""
    command = [str(PYTHON), *sys.orig_argv[1:]]
    if os.name != "nt":
        os.execv(command[0], command)
    import subprocess

    process = subprocess.Popen(command)
    while True:  # Ctrl-C reaches the child as well, and it is the child's answer that counts
        with suppress(KeyboardInterrupt):
            sys.exit(process.wait())


# ------------------------------------------------------------------------------------------------------------ deciding


def digest_of_inputs() -> str:
    """Changes with everything that decides which packages belong into the environment."""
    import hashlib

    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def python_version() -> str:
    return "{}.{}".format(*sys.version_info)


def is_sound(stamp: Stamp | None, required: Requirements, python: Path = PYTHON) -> bool:
    """Whether the environment can be built upon: finished, not moved, and its Python not replaced by another."""
    return (
        stamp is not None
        and stamp.complete
        and stamp.root == str(ROOT)
        and required.python in (None, stamp.python)
        and python.exists()
    )


def is_ready(stamp: Stamp | None, required: Requirements, python: Path = PYTHON) -> bool:
    return (
        stamp is not None
        and is_sound(stamp, required, python)
        and stamp.inputs == required.inputs
        and required.groups.issubset(stamp.groups)
    )


def owner_elsewhere(stamp: Stamp | None, environment: Path = ENVIRONMENT) -> str | None:
    """The checkout to which the environment really belongs, if that is another one: making it anew would empty theirs.
    One that was moved together with its checkout is nobody else's."""
    if stamp is None or stamp.root == str(environment.parent):
        return None
    theirs = Path(stamp.root) / environment.name
    return stamp.root if theirs.exists() and os.path.samefile(theirs, environment) else None


def needs_node_package(version: str | None) -> bool:
    """Whether Node must be brought along, the system's being absent or, by what it says (`v20.1.0`), too old."""
    return version is None or int(version.lstrip("v").split(".")[0]) < OLDEST_NODE


def too_old(version: Sequence[int], program: str, works: Callable[[str], bool]) -> str:
    newer = next((name for name in NEWER_PYTHONS if works(name)), None)
    remedy = f"run the same command with {newer}" if newer else "install one from the system's packages or python.org"
    return f"Python 3.11 or newer is required, but {program} is {'.'.join(map(str, version))}; {remedy}"


def reason(output: str) -> str:
    """Why an installation failed and what to do, in one sentence."""
    for sign, why, remedy in REASONS:
        if sign in output.lower():
            return f"{why}; {remedy}, then run the same command again"
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason was given"]
    cause = next((line for line in lines if line.lower().startswith("error")), lines[-1])
    return f"{cause}; the full output is in {REPORT}"


def requirements(project: dict[str, Any], groups: Collection[str]) -> list[str]:
    """What to install: the project with its extras, and the content of its development groups."""
    extras = sorted(set(groups) & set(project["project"].get("optional-dependencies", {})))
    packages = ["-e", f".[{','.join(extras)}]" if extras else "."]
    for name in sorted(set(groups) & set(project.get("dependency-groups", {}))):
        packages += project["dependency-groups"][name]
    return packages


# ----------------------------------------------------------------------------------------------------------- preparing


def prepare(required: Requirements, say: Say) -> None:
    """Make or complete the environment, unless another process just did."""
    try:
        with locked(say):
            stamp = read_stamp()
            if is_ready(stamp, required):
                return
            if owner := owner_elsewhere(stamp):
                raise Lacking(f"{ENVIRONMENT} is a link to the environment of the checkout in {owner}; remove the link")
            former = stamp.groups if stamp else ()
            node = ("node",) if needs_node_package(answer_of("node", "--version")) else ()
            required = required._replace(groups=required.groups.union(former, node))
            if not (shutil.which("uv") and fill_with_uv(required, say)):
                fill(required, "pip", [str(PYTHON), "-m", "pip"], say)
    except OSError as problem:
        raise Lacking(
            f"{problem.filename or ENVIRONMENT}: {problem.strerror or problem}; "
            "the environment is created in the checkout, so use a checkout that you can write to"
        ) from None
    say("ready")


def fill_with_uv(required: Requirements, say: Say) -> bool:
    """uv is several times faster, but knows neither pip's settings nor always the system's certificates."""
    try:
        fill(required, "uv", ["uv", "pip"], say)
    except Lacking as problem:
        say(f"uv failed: {problem}")
        return False
    return True


def fill(required: Requirements, tool: str, installer: list[str], say: Say) -> None:
    stamp = read_stamp()
    made_by_others = stamp is None and PYTHON.exists()
    if made_by_others and answer_of(str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))") is None:
        raise Lacking(f"{ENVIRONMENT} is not an environment of Python 3.11 or newer; remove it")
    now = Stamp(str(ROOT), required.inputs, sorted(required.groups), "", tool, complete=False)
    if not made_by_others:
        usable = is_sound(stamp, required) and stamp is not None and tool in ("uv", stamp.tool)
        write_stamp(now)
        if not usable:
            say(f"creating an environment in {ENVIRONMENT}")
            make(tool)
    say(
        f"installing {', '.join(('the dependencies', *now.groups))} with {tool}; "
        "this is done once and takes about half a minute"
    )
    install(installer, required.groups)
    python = answer_of(str(PYTHON), "-c", "import sys; print('{}.{}'.format(*sys.version_info))")
    write_stamp(now._replace(python=python or "", complete=True))


def make(tool: str) -> None:
    """An empty environment in place of whatever is left of a former one."""
    import importlib.util

    for entry in ENVIRONMENT.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry not in (LOCK, STAMP):
            entry.unlink()
    base: str = getattr(sys, "_base_executable", None) or sys.executable
    if tool == "uv":
        run(["uv", "venv", "--quiet", "--allow-existing", "--python", base, str(ENVIRONMENT)])
        return
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise Lacking(
            f"{base} has no module {missing[0]}, which creates environments; "
            f"on Debian and Ubuntu run: apt install python{python_version()}-venv"
        )
    run([base, "-m", "venv", str(ENVIRONMENT.resolve())])  # venv creates nothing in a link


def install(installer: list[str], groups: Collection[str]) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = ["--quiet", "--constraint", "constraints.txt"]
    options += ["--python", str(PYTHON)] if installer[0] == "uv" else ["--no-input", "--disable-pip-version-check"]
    run([*installer, "install", *options, *requirements(project, groups)])


# ------------------------------------------------------------------------------------------------- files and processes


def read_stamp() -> Stamp | None:
    try:
        return Stamp(**json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(stamp: Stamp) -> None:
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps(stamp._asdict(), indent=1) + "\n", encoding="utf-8")
    new.replace(STAMP)


@contextmanager
def locked(say: Say) -> Iterator[None]:
    """Lock: one process at a time prepares the environment."""
    ENVIRONMENT.mkdir(exist_ok=True)
    with LOCK.open("a+b") as file:
        if not try_lock(file.fileno()):
            say("another process is preparing the environment; waiting for it")
            while not try_lock(file.fileno(), patient=True):
                pass
        yield


def try_lock(descriptor: int, patient: bool = False) -> bool:
    """The system takes the lock back when the file is closed, also by the end of the process."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if patient else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    return True


def run(command: list[str]) -> None:
    """Run one step of the installation, silently; what it said is kept only if it failed."""
    import subprocess

    # pip refuses --user in an environment; uv, unlike pip, has to be told to trust what the system trusts.
    surroundings = {"UV_SYSTEM_CERTS": "1", **os.environ, "PIP_USER": "0"}
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        output = done.stdout + done.stderr
        REPORT.write_text(output, encoding="utf-8")
        raise Lacking(reason(output))


def answer_of(*command: str) -> str | None:
    """What a program says; None when it is not there or fails."""
    import subprocess

    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def language_of(arguments: Sequence[str]) -> str:
    """The language that the command will print in; English unless `--lang` names the other one."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    values = [value for option, value in zip(ours, [*ours[1:], ""]) if option == "--lang"]  # noqa: B905 - for 3.8
    return "zh-cn" if "zh-cn" in values or "--lang=zh-cn" in ours else "en"


def speaker(language: str) -> Say:
    """What says a sentence in this language, on stderr."""

    def say(sentence: str) -> None:
        from simulator.command import texts

        sentence = texts.failure(sentence, language)
        sys.stderr.write(f"backupsim: {sentence}\n")
        sys.stderr.flush()

    return say
