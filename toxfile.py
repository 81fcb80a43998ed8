"""Has tox find the Pythons that pyenv keeps, whichever of them its shims lead to today."""

import os
from pathlib import Path

pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
found = [str(each) for each in sorted(pyenv.glob("versions/3.*/bin"))]
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), *found])
