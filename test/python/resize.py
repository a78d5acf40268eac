"""Pillow's bicubic resize of one channel in float. Input (JSON, stdin): {"pixels": [...], "side": n, "target": m}; output: the values."""
import json
import sys

import numpy as np
from PIL import Image

request = json.load(sys.stdin)
image = np.array(request["pixels"], dtype=np.float32).reshape(request["side"], request["side"])
size = (request["target"], request["target"])
json.dump(np.asarray(Image.fromarray(image).resize(size, Image.BICUBIC)).ravel().tolist(), sys.stdout)
