"""Which number each class has (docs/data.md, "Labels"): the one that was recorded for its name, else that of its
folder's place."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .errors import UserError
from .experiment import Experiment
from .image_source import ImageSource
from .shell import shown_text

_MOST_NAMED = 20


@dataclass(frozen=True)
class KnownClasses:
    """What weights have learned about classes."""

    #: whose they are, for people: a run's id, or a checkpoint as it was named
    of: str
    #: names by number; None: not recorded
    names: Sequence[str] | None
    use: Literal["finetune", "resume"]
    #: of a resume: the command that teaches them other classes in a run of its own
    other_classes: str = ""


def has_classes(experiment: Experiment) -> bool:
    """Whether the classes of the images mean something to the model."""
    return experiment.data.labels == "folders" and experiment.model.num_classes > 0


def folder_classes(source: ImageSource, paths: Sequence[str]) -> list[str]:
    """First-level folders that hold images, or what an archive says, in the order in which they become classes. Raises
    UserError for an image without one."""
    classes = [source.class_of(path) for path in paths]
    outside = [path for path, name in zip(paths, classes) if name is None]
    if outside:
        first, place = f'"{shown_text(outside[0])}"', f'"{shown_text(source.path)}"'
        subject, remedy = f"the image {first} in {place} has no class", source.class_remedy
        if len(outside) > 1:
            subject = f"{len(outside)} images in {place}, such as {first}, have no class"
            remedy = re.sub(r"\bit\b", "each of them", remedy, count=1)
        raise UserError(f'data.labels is "folders", but {subject}. {remedy}, or set data.labels to none.')
    return sorted({name for name in classes if name is not None}, key=_by_value)


def _by_value(name: str) -> tuple[int, int, bytes, bytes]:
    """Whole numbers come first, by their value (2 before 10), then the others by the bytes of their names."""
    whole = name.isascii() and name.isdigit()
    digits = name.lstrip("0") if whole else ""
    return (0 if whole else 1, len(digits), digits.encode(), _bytes(name))


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def number_classes(folders: Sequence[str], num_classes: int, known: KnownClasses | None) -> tuple[list[str], list[str]]:
    """Names by number, and which class has which number and why, for people.

    A recorded name keeps its number whatever other folders come, go or sort before it; a new one takes the lowest
    without a name. Raises UserError where the folders do not make the model's classes.
    """
    by_bytes = known is not None and known.names is None
    ordered = sorted(folders, key=_bytes) if by_bytes else sorted(folders, key=_by_value)
    recorded = list(known.names) if known is not None and known.names is not None else []
    added = [name for name in ordered if name not in set(recorded)]
    missing = [name for name in recorded if name not in set(folders)]
    names = [*recorded, *added]
    is_full = bool(added) and len(names) > num_classes
    is_renamed = known is not None and known.use == "resume" and bool(added) and bool(missing)
    if is_full or is_renamed:
        raise UserError(_refused(ordered, recorded, added, missing, num_classes, known, is_renamed))
    place = {name: number for number, name in enumerate(ordered)}
    shifted = any(name in place and place[name] != number for number, name in enumerate(recorded))
    return names, _notes(known, names, added, missing, shifted)


def _refused(
    ordered: list[str],
    recorded: list[str],
    added: list[str],
    missing: list[str],
    most: int,
    known: KnownClasses | None,
    renamed: bool,
) -> str:
    if known is None or known.names is None:
        return (
            f"The images lie in {len(ordered)} folders, one for each class, but model.num_classes is "
            f"{most}. Use num_classes {len(ordered)}."
        )
    if renamed:
        come = f"{_quoted(added)} {'has' if len(added) == 1 else 'have'} come"
        what = f"its folders have changed: {_quoted(missing)} {_are(missing)} gone and {come}"
    else:
        room = "no number for it" if len(added) == 1 else "too few numbers for them"
        what = (
            f"{_quoted(added)} {_are(added)} not among the classes of {known.of}, and "
            f"model.num_classes {most} leaves {room}"
        )
    place = {name: str(number) for number, name in enumerate(ordered)}
    before = {name: str(number) for number, name in enumerate(recorded)}
    moves = [
        f"{json.dumps(name, ensure_ascii=False)} {before.get(name, 'none')} → {place.get(name, 'no folder')}"
        for name in [*recorded, *added]
    ]
    fewer = (
        f", and leave out all but {most} with data.ignore, as these weights have no more" if len(ordered) > most else ""
    )
    remedy = (
        "Give each folder the name of the class that it stands for; where they are other "
        f"classes, number them anew with finetune.classes: new{fewer}."
        if known.use == "finetune"
        else "Give the folders their names back, or take new ones out. Other classes need a run of "
        f"their own: {known.other_classes}"
    )
    return (
        f"data.path: {what}. Numbers of the classes in {known.of} → by the folders now: {_shortened(moves)}. {remedy}"
    )


def _notes(
    known: KnownClasses | None, names: list[str], added: list[str], missing: list[str], shifted: bool
) -> list[str]:
    def listed(is_meant: Sequence[str]) -> str:
        return _shortened([class_text(names, number) for number, name in enumerate(names) if name in set(is_meant)])

    if known is None:
        return [f"classes: {listed(names)}"]
    if known.names is None:
        return [f"{known.of} does not say which class has which number; by the bytes of their names: {listed(names)}"]
    kept = [name for name in names if name not in set(added) | set(missing)]
    why = ", whatever the order of the folders" if shifted else ""
    return [
        *([f"classes as in {known.of}{why}: {listed(kept)}"] if kept else []),
        *([f"classes of {known.of} without images here: {listed(missing)}"] if missing else []),
        *([f"classes that {known.of} does not know: {listed(added)}"] if added else []),
    ]


def class_text(names: Sequence[str] | None, number: int) -> str:
    """`0 "cat"`: the name in quotes, as names may be numbers themselves."""
    named = names is not None and number < len(names)
    return f"{number} {json.dumps(names[number], ensure_ascii=False)}" if names is not None and named else str(number)


def drawn_class(names: Sequence[str], number: int) -> str:
    """The class that is drawn, for people."""
    unknown = ": the weights were trained on no images of it, so they have learned nothing of it"
    return f"class {class_text(names, number)}{'' if number < len(names) else unknown}"


def drawn_classes(experiment: Experiment, names: Sequence[str] | None) -> list[int] | None:
    """Numbers of the classes that sample.classes has drawn; None: all, or the model has none. Raises UserError for one
    that it has not."""
    asked = experiment.sample.classes
    if experiment.model.num_classes == 0 or asked is None:
        return None
    return list(dict.fromkeys(chosen_class(experiment, names, str(text), "sample.classes") for text in asked))


def chosen_class(experiment: Experiment, names: Sequence[str] | None, text: str, asked: str) -> int:
    """The number of the class that a user means by a name, or else a number. asked: where, such as "--label". Raises
    UserError."""
    count = experiment.model.num_classes
    if count == 0:
        raise UserError(f"The model is not class-conditional: {asked} has no meaning for it.")
    if names is not None and text in names:
        return list(names).index(text)
    if text.isascii() and text.isdigit() and int(text) < count:
        return int(text)
    numbers = f"the model has the classes 0 to {count - 1}"
    if names is None:
        raise UserError(f"{asked} {text}: {numbers}. Which names they have is not recorded in the run.")
    near = difflib.get_close_matches(text, names, 3)
    hint = (
        f"Did you mean {' or '.join(json.dumps(name, ensure_ascii=False) for name in near)}?"
        if near
        else f"Among them: {_quoted(names[:10])}."
    )
    raise UserError(f"{asked} {text}: no class has this name or number; {numbers}. {hint}")


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _quoted(names: Sequence[str]) -> str:
    return _shortened([json.dumps(name, ensure_ascii=False) for name in names])


def _shortened(entries: Sequence[str]) -> str:
    more = len(entries) - _MOST_NAMED
    return ", ".join(entries) if more <= 0 else f"{', '.join(entries[:_MOST_NAMED])} and {more} more"
