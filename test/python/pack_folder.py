"""Packs a folder with Python's own modules. Input (JSON, stdin): {"folder", "into": a folder}; writes photos.zip (deflated), stored.zip and
photos.tar there. Links within are packed as what they lead to, as `zip -r` does, but for those that lead upwards or to nothing."""
import json
import os
import sys
import tarfile
import zipfile

request = json.load(sys.stdin)
folder, into = request["folder"], request["into"]


def files(below=""):
    for name in sorted(os.listdir(os.path.join(folder, below))):
        path = os.path.join(below, name)
        if os.path.islink(os.path.join(folder, path)):
            continue
        if os.path.isdir(os.path.join(folder, path)):
            yield from files(path)
        else:
            yield path


for name, method in [("photos.zip", zipfile.ZIP_DEFLATED), ("stored.zip", zipfile.ZIP_STORED)]:
    with zipfile.ZipFile(os.path.join(into, name), "w", method) as packed:
        for path in files():
            packed.write(os.path.join(folder, path), path)
with tarfile.open(os.path.join(into, "photos.tar"), "w") as packed:
    for path in files():
        packed.add(os.path.join(folder, path), path)
json.dump(None, sys.stdout)
