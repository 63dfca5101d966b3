"""Run as a script: put each of some taggers in a folder in turn, many times.

python tests/tagging/replacing.py TIMES FOLDER TAGGER…
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.tagging.swap import put_in_place

times, target, *taggers = sys.argv[1:]
sets = [{path.name: path.read_bytes() for path in Path(tagger).glob("[!.]*")} for tagger in taggers]
for at in range(int(times)):
    put_in_place(Path(target), sets[at % len(sets)], "tagger.json")
