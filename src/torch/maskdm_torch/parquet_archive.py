"""Rows of a Parquet file as members of an archive: images as the Hugging Face hub stores them, a column of {bytes,
path} and, where there are classes, one of labels. Read by pyarrow, where that is installed."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from bisect import bisect_right
from collections import OrderedDict
from typing import Any

from .archive import ArchiveError, Member
from .image_source import FileFacts
from .shell import shown_text

_MAX_GROUP_BYTES = 2**31
#: Digits of a row's name, so that names are in the rows' order.
_ROW_DIGITS = 9
#: Groups of rows that are kept: images are read in the rows' order.
_KEPT_GROUPS = 2


class ParquetArchive:
    def __init__(self, path: str, facts: FileFacts) -> None:
        self.facts = facts
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise ArchiveError(
                "to read it takes the package pyarrow, which this Python does not have. Install it: "
                f"{shlex.quote(sys.executable)} -m pip install pyarrow"
            ) from None
        try:
            self._file: Any = pyarrow.parquet.ParquetFile(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise ArchiveError(
                f"its directory, at the end of the file, cannot be read ({error}): the file may have been cut short. "
                "Copy or download it again."
            ) from None
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Any] = OrderedDict()
        features = _features(self._file.metadata.metadata or {})
        schema = self._file.schema_arrow
        self._image, is_struct = _image_column(schema, features, pyarrow.types)
        self._columns = [f"{self._image}.bytes"] if is_struct else [self._image]
        label = _label_column(schema, features)
        self.class_remedy = (
            f"There is no column of labels among its columns {_names(schema.names)}"
            if label is None
            else f"Its column {json.dumps(label)} has none for it"
        )
        labels = None if label is None else self._labels(label, (features.get(label) or {}).get("names"))
        self._starts: list[int] = []
        self.members = self._rows(labels)

    def _rows(self, labels: list[str | None] | None) -> list[Member]:
        members: list[Member] = []
        metadata = self._file.metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            columns = [group.column(i) for i in range(group.num_columns)]
            size = next(c.total_uncompressed_size for c in columns if c.path_in_schema == self._columns[0])
            if size > _MAX_GROUP_BYTES:
                raise ArchiveError(
                    f"a group of its rows holds {size / 2**30:.1f} GiB of images, which are read together. Write it "
                    "with smaller groups, such as row_group_size=100."
                )
            start = len(members)
            self._starts.append(start)
            mean = size // max(1, group.num_rows)
            for row in range(start, start + group.num_rows):
                label = None if labels is None else labels[row]
                members.append(Member(str(row).zfill(_ROW_DIGITS), mean, "image", label))
        return members

    def _labels(self, column: str, names: list[str] | None) -> list[str | None]:
        found = self._file.read(columns=[column]).column(0).to_pylist()
        return [_label(value, names) for value in found]

    def read(self, index: int, most: int | None = None) -> bytes:
        group = bisect_right(self._starts, index) - 1
        with self._lock:
            value = self._group(group)[index - self._starts[group]].as_py()
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise OSError("its row holds no image; write the file with the images' bytes in it")
        return data[:most]

    def _group(self, number: int) -> Any:
        if number not in self._kept:
            self._kept[number] = self._file.read_row_group(number, columns=self._columns).column(0)
        self._kept.move_to_end(number)
        while len(self._kept) > _KEPT_GROUPS:
            self._kept.popitem(last=False)
        return self._kept[number]

    def close(self) -> None:
        self._file.close()


def _features(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What the `datasets` library notes of its columns."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return {k: v for k, v in features.items() if isinstance(v, dict)} if isinstance(features, dict) else {}


def _image_column(schema: Any, features: dict[str, Any], types: Any) -> tuple[str, bool]:
    """The column of images: that called image, or the only one; and whether it is a struct."""

    def is_binary(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    def holds_images(field: Any) -> bool:
        if types.is_struct(field.type):
            return any(part.name == "bytes" and is_binary(part.type) for part in field.type)
        noted = (features.get(field.name) or {}).get("_type") == "Image"
        return is_binary(field.type) and (field.name == "image" or noted)

    found = [field for field in schema if holds_images(field)]
    chosen = next((field for field in found if field.name == "image"), found[0] if len(found) == 1 else None)
    if chosen is not None:
        return chosen.name, types.is_struct(chosen.type)
    why = (
        f"it has several columns of images, {_names([field.name for field in found])}, and none is called image"
        if found
        else "it has no column of images, which hold {bytes, path} as the Hugging Face hub stores them"
    )
    raise ArchiveError(f"{why}. Its columns: {_names(schema.names)}. Write the images into a column called image.")


def _label_column(schema: Any, features: dict[str, Any]) -> str | None:
    """The column called label, or the only one that is noted to hold classes."""
    classes = [name for name in schema.names if (features.get(name) or {}).get("_type") == "ClassLabel"]
    name = "label" if "label" in schema.names else classes[0] if len(classes) == 1 else None
    return None if name is None or schema.field(name).type.num_fields > 0 else name


def _label(value: Any, names: list[str] | None) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    # Where a class is not known it is -1.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return names[value] if names is not None and value < len(names) else str(value)


def _names(names: list[str]) -> str:
    return ", ".join(shown_text(name) for name in names)
