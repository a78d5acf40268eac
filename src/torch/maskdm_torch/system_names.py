"""Names of what systems, storage devices and archivers put among images."""

from __future__ import annotations

#: Lower case.
_IGNORED_NAMES = {
    "lost+found",
    "system volume information",
    "$recycle.bin",
    "recycler",
    "__macosx",
    "@eadir",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "picasa.ini",
    "icon\r",
}


def is_ignored_by_default(name: str) -> bool:
    """Whether a file or folder is left out whatever the experiment says."""
    return name.lower() in _IGNORED_NAMES
