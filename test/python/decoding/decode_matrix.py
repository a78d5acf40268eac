"""
Writes images of every depth, colour type, profile and container, and what each should become.

decode_matrix.py reads {"folder", "background", "inkProfile" (base64)} from stdin, writes the files into the folder, and prints a JSON list of
{"name", "file", "expected" (base64 of RGB, [16, 16, 3]) or "refused" (a pattern), "tolerance", "because"}.
"""

import base64
import json
import os
import sys

import matrix_cases

task = json.load(sys.stdin)
cases = matrix_cases.all_cases(task["background"], base64.b64decode(task["inkProfile"]))
listing = []
for number, case in enumerate(cases):
    file = f"{number:03d}"
    with open(os.path.join(task["folder"], file), "wb") as out:
        out.write(case.data)
    expected = None if case.expected is None else base64.b64encode(case.expected.tobytes()).decode()
    listing.append(
        {
            "name": case.name,
            "file": file,
            "expected": expected,
            "refused": case.refused,
            "tolerance": case.tolerance,
            "because": case.because,
        }
    )
json.dump(listing, sys.stdout)
