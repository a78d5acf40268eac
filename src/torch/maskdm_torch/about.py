"""What this Python can train with: versions and devices, and what is missing. `python -m maskdm_torch --version --json` prints it.

It has to answer where nothing else of the package does, without PyTorch and on an old Python: so no syntax that is newer than
Python 3.6, and nothing is imported outside of the standard library but inside of functions.
"""

import importlib.util
import json
import os
import re
import sys
import warnings

from maskdm_torch import __version__

LEAST_PYTHON = (3, 10)
LEAST_TORCH = (2, 4)
# What the package imports, and what an index calls it.
PACKAGES = {"torch": "torch", "numpy": "numpy", "safetensors": "safetensors", "yaml": "pyyaml", "PIL": "pillow"}
INSTALL = "`maskdm doctor --install-torch` installs what is needed."


def problem():
    """Why nothing can be trained with this Python: {reason, remedy}, both for people; None: it can be. Does not import PyTorch."""
    if sys.version_info[:2] < LEAST_PYTHON:
        reason = "%s is Python %s; %s or later is needed" % (sys.executable, python_version(), dotted(LEAST_PYTHON))
        remedy = (
            "Install a newer one, or name it by the setting maskdm.python or the environment variable MASKDM_PYTHON."
        )
        return {"reason": reason, "remedy": remedy}
    missing = missing_packages()
    if missing:
        by_pip = "%s -m pip install %s" % (sys.executable, " ".join(missing))
        remedy = "%s So does, into this Python: %s" % (INSTALL, by_pip)
        return {"reason": "%s has no %s" % (sys.executable, " and no ".join(missing)), "remedy": remedy}
    version = torch_version()
    found = re.match(r"(\d+)\.(\d+)", version)
    if found and (int(found.group(1)), int(found.group(2))) < LEAST_TORCH:
        reason = "PyTorch %s of %s is too old; %s or later is needed" % (version, sys.executable, dotted(LEAST_TORCH))
        return {"reason": reason, "remedy": INSTALL}
    return None


def missing_packages():
    """Names by which an index knows what is not installed. A folder that happens to have a module's name is none."""
    specs = {package: importlib.util.find_spec(module) for module, package in PACKAGES.items()}
    return [package for package, spec in specs.items() if spec is None or spec.origin is None]


def about():
    """All of it, as JSON has it. Imports PyTorch where that is there and new enough, which takes seconds."""
    found = {
        "maskdmTorch": __version__,
        "python": python_version(),
        "executable": sys.executable,
        # Their times of change tell that something was installed.
        "sitePackages": [
            path for path in sys.path if re.search(r"(site|dist)-packages$", path) and os.path.isdir(path)
        ],
        "torch": None,
        "devices": [],
        "problem": problem(),
        "noDevice": None,
    }
    if found["problem"] is not None:
        return found
    try:
        import torch
    except (ImportError, OSError) as error:
        found["problem"] = broken(error)
        return found
    found["torch"] = torch.__version__
    found["devices"] = devices(torch)
    if not found["devices"]:
        found["noDevice"] = no_device(torch)
    return found


def broken(error):
    """The problem of a PyTorch that is there and cannot be imported."""
    first = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")
    return {"reason": "PyTorch of %s does not load (%s)" % (sys.executable, first), "remedy": INSTALL}


def devices(torch):
    """Devices that engine.py takes before the processor: {kind: "cuda" or "metal", name, memoryBytes}."""
    metal = getattr(getattr(torch, "backends", None), "mps", None)
    if metal is not None and metal.is_available():
        # Its memory is the machine's.
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return [{"kind": "metal", "name": metal_name(), "memoryBytes": memory}]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver that is too old; see no_device
        if not torch.cuda.is_available():
            return []
    all_properties = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return [{"kind": "cuda", "name": p.name, "memoryBytes": p.total_memory} for p in all_properties]


def metal_name():
    """Of the graphics card of a Mac."""
    return "%s (Metal)" % (first_line(["sysctl", "-n", "machdep.cpu.brand_string"]) or "Apple silicon")


def no_device(torch):
    """Why PyTorch finds no device although there is an NVIDIA card: {reason, remedy}; None: there is none."""
    driver = nvidia_driver()
    if driver is None:
        return None
    if torch.version.cuda is None:
        reason = "there is an NVIDIA card (driver %s), but PyTorch %s is a build without CUDA" % (
            driver,
            torch.__version__,
        )
        return {"reason": reason, "remedy": "`maskdm doctor --install-torch` installs one with it."}
    try:
        torch.cuda.init()
        why = "no card can be used"
    except (RuntimeError, AssertionError) as error:
        why = (str(error).strip().splitlines() or [""])[0]
    if "too old" in why:
        reason = "driver %s of the NVIDIA card is too old for CUDA %s of PyTorch %s" % (
            driver,
            torch.version.cuda,
            torch.__version__,
        )
        remedy = "Update the driver, or let `maskdm doctor --install-torch` install a PyTorch for it."
        return {"reason": reason, "remedy": remedy}
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        return {"reason": "CUDA_VISIBLE_DEVICES=%s hides the NVIDIA cards" % hidden, "remedy": "Unset it to use them."}
    reason = "PyTorch %s cannot use the NVIDIA card (driver %s): %s" % (torch.__version__, driver, why.rstrip("."))
    return {"reason": reason, "remedy": "`nvidia-smi` tells whether the driver itself works."}


def nvidia_driver(proc="/proc/driver/nvidia/version"):
    """Version of the driver, such as "550.54.15"; None: there is none."""
    try:
        with open(proc) as file:
            found = re.search(r"Kernel Module.*?\s(\d+(\.\d+)+)", file.read())
        return found.group(1) if found else None
    except OSError:
        return driver_by_tool()


def driver_by_tool():
    """The same, of NVIDIA's own tool: on Windows, and in Windows' Linux."""
    said = first_line(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"])
    found = re.match(r"\d+(\.\d+)+", said)
    return found.group(0) if found else None


def first_line(command):
    """What a command says; "": nothing, or it is not there."""
    import subprocess

    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return out.decode(errors="replace").strip().partition("\n")[0].strip()


def torch_version():
    """Version of the PyTorch that is installed, without importing it."""
    import importlib.metadata

    return importlib.metadata.version("torch")


def python_version():
    return dotted(sys.version_info[:3])


def dotted(numbers):
    return ".".join(str(number) for number in numbers)


def print_version(as_json):
    """Prints a line of JSON, or what the package calls itself."""
    print(json.dumps(about()) if as_json else "maskdm-torch %s" % __version__)
