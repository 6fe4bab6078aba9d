"""The walls: import order of the rooms, public names, what importing costs."""

import ast
import socket
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import augury as ag

SRC = Path(ag.__file__).parent if (Path(ag.__file__).parent / "spec.py").exists() else Path("src/augury")
ROOMS = [
    "_native", "binary", "errors", "files", "spec", "elementary", "ranges", "draws", "kernels", "data", "copies",
    "transforms", "shifts", "plan", "compile", "execute", "stream", "faces", "offline", "experiment", "survey",
    "report", "compat", "doctor", "api", "demo", "cli", "__main__",
]  # fmt: skip


def imports(path: Path) -> set[str]:
    """Dotted names inside augury that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "augury":
            inside = node.module.removeprefix("augury").removeprefix(".")
            for alias in node.names:
                deeper = SRC.joinpath(*inside.split("."), alias.name) if inside else SRC / alias.name
                module = deeper.with_suffix(".py").exists() or deeper.is_dir() or not inside
                found.add(f"{inside}.{alias.name}".strip(".") if module else inside)
    return found


def files() -> dict[str, Path]:
    """Every file but the package's face, which imports nothing when it runs."""
    paths = sorted(SRC.rglob("*.py"))
    names = {".".join(p.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): p for p in paths}
    return {name: path for name, path in names.items() if name != "__init__"}


def test_files_import_only_from_rooms_above_their_own():
    below = []
    for name, path in files().items():
        for target in imports(path):
            here, there = ROOMS.index(name.split(".")[0]), ROOMS.index(target.split(".")[0])
            if there > here:
                below.append(f"{name} imports {target}")
    assert below == []


def test_inside_a_room_imports_run_one_way():
    graph = {
        name: {t for t in imports(path) if t.split(".")[0] == name.split(".")[0]} for name, path in files().items()
    }
    assert list(TopologicalSorter(graph).static_order())


def test_every_public_name_can_be_fetched_and_is_listed():
    assert ag.__all__ == sorted(ag.__all__)
    for name in ag.__all__:
        assert getattr(ag, name) is not None
    assert set(dir(ag)) == set(ag.__all__)


def test_the_public_names_are_these():
    transforms = {
        "Affine", "AlbumentationsStep", "AugMix", "AutoContrast", "BackgroundSwap", "Barrier", "Brightness",
        "CLAHE", "CenterCrop", "ChannelDropout", "ChannelShift", "ChannelShuffle", "CoarseDropout",
        "ColorJitter", "ColorTemperature", "Contrast", "CopyPaste", "CornerIllumination", "Crop", "CutMix",
        "D4", "DefocusBlur", "Downscale", "Elastic", "Emboss", "Equalize", "Erase", "Fog", "Function", "Gamma",
        "GaussianBlur", "GaussianIllumination", "GaussianNoise", "Grayscale", "GridDistortion", "GridDropout",
        "GridMask", "GridShuffle", "HideAndSeek", "HorizontalFlip", "Hue", "Invert", "IsoNoise",
        "JpegCompression", "KerasStep", "LinearIllumination", "LongestSide", "MaskDropout", "Median", "MixUp",
        "Mosaic", "MotionBlur", "OneOf", "OpticalDistortion", "Pad", "PcaLighting", "Perspective",
        "PiecewiseAffine", "PixelDropout", "PlasmaBrightness", "PlasmaContrast", "PlasmaShadow", "PoissonNoise",
        "Posterize", "Rain", "Resize", "ResizedCrop", "Ringing", "Rotate", "Rotate90", "SafeCrop", "SafeRotate",
        "SaltAndPepper", "Saturation", "Sepia", "Shadow", "Sharpen", "Shear", "ShortestSide", "Snow",
        "Solarize", "SomeOf", "SpeckleNoise", "SunFlare", "ThinPlateSpline", "ToneCurve", "TorchvisionStep",
        "Transform", "Translate", "Transpose", "UnsharpMask", "VerticalFlip", "Vignette", "WebpCompression",
        "Zoom", "ZoomBlur",
    }  # fmt: skip
    assert set(ag.__all__) == transforms | {
        "Augmented", "AuguryError", "Batch", "Choice", "DataError", "Dataset", "DecodeError", "Fixed", "Keep",
        "LeakError", "Leaks", "Look", "MissingExtraError", "Policy", "PolicyError", "Spec", "Split",
        "StateError", "Stream", "Study", "Whitening", "__version__", "auto_augment", "expand", "find_leaks",
        "from_albumentations", "from_arrays", "from_frame", "from_huggingface", "from_keras",
        "from_torchvision", "gallery", "look", "open", "presets", "preview", "rand_augment", "statistics",
        "steps", "study", "trivial_augment", "whitening", "workshop", "write",
    }  # fmt: skip


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_loads_only_the_standard_library():
    loaded = run_python(
        "import sys; before = set(sys.modules); import augury; "
        "print('\\n'.join({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    assert loaded.split() == ["augury"]


def test_import_and_use_open_no_connection(monkeypatch):
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('a network call')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "import numpy as np, augury as ag\n"
        "for name in ag.__all__: getattr(ag, name)\n"
        "import augury.cli, augury.doctor; augury.doctor.examine()\n"
        "data = ag.from_arrays(np.zeros((4, 8, 8), np.uint8), [0, 0, 1, 1])\n"
        "list(data.stream(ag.Policy([ag.Rotate()])))\n"
        "print('done')"
    )
    assert run_python(code).strip() == "done"
    assert socket.socket.connect  # the guard lives in the other process only


def test_help_loads_neither_arrays_nor_pixels():
    loaded = run_python(
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from augury.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print(sorted({'numpy', 'cv2', 'pydantic', 'torch', 'jinja2'} & set(sys.modules)))"
    )
    assert loaded.strip() == "[]"
