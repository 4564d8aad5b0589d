"""One virtual environment a peer, made once and kept in a folder."""

import hashlib
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def environment(peer: str, folder: Path, python: str) -> Path:
    """The interpreter of an environment with what `<peer>.txt` asks for, made when there is none yet.

    An environment belongs to its list: another list makes another one. One that was not finished is made anew.
    """
    requirements = HERE / f"{peer}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + python.encode()).hexdigest()[:12]
    place = folder.resolve() / f"{peer}-{digest}"
    ready, interpreter = place / "ready.txt", place / "bin" / "python"
    if ready.exists():
        return interpreter
    shutil.rmtree(place, ignore_errors=True)
    print(f"making the environment of {peer} in {place}", flush=True)
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)]
    found = subprocess.run(install, capture_output=True, text=True)
    if found.returncode:
        raise SystemExit(f"{peer}: pip could not install {requirements}:\n{found.stderr[-2000:]}")
    frozen = subprocess.run([str(interpreter), "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    ready.write_text(frozen.stdout)
    return interpreter
