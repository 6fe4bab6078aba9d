"""Type checkers see the public face: right code passes mypy strict, wrong code does not."""

import pytest

CODE = """
import augury as ag
policy = ag.Policy([ag.Rotate((-30, 30)), ag.Zoom((0.8, 1.2), p=0.5), ag.HorizontalFlip()], border="edge")
parts = ag.open("photos").prepare(size=(96, 96), normalize="unit").split(val=0.1)
for batch in parts.train.stream(policy, batch_size=8):
    print(batch.image.shape, batch.label)
"""


@pytest.mark.parametrize(
    ("line", "errors"),
    [("", 0), ("ag.Rotate('thirty')", 1), ("ag.Policy([], border='edgy')", 1), ("parts.val.stream(batch=3)", 1)],
)
def test_mypy_on_users_code(tmp_path, line, errors):
    api = pytest.importorskip("mypy.api")
    (tmp_path / "users_code.py").write_text(CODE + line + "\n")
    printed, problems, _ = api.run(["--strict", "--follow-imports=silent", str(tmp_path / "users_code.py")])
    assert problems == ""
    assert printed.count("error:") == errors, printed
