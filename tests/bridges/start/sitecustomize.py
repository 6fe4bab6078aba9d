"""What worker processes of the tests do first, see tests/torchvision_ops.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from torchvision_ops import import_torchvision

import_torchvision()
