"""The page of a study: what helps, how sure that is, and the photos that show it; one .html file, no script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from augury.errors import AuguryError
from augury.experiment.materials import Materials
from augury.files import write_whole
from augury.report.study_view import view_of


def write_page(results: dict[str, Any], materials: Materials, path: Path) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    results : of a study, with its policy, answer and truth. materials : the items that it was made on.

    Raises
    ------
    AuguryError : if the name does not end in .html.
    """
    if path.suffix.lower() != ".html":
        raise AuguryError(f"{path}: the page of a study is a .html file; give it such a name")
    return write_whole(path, page(results, materials))


def page(results: dict[str, Any], materials: Materials) -> str:
    """The page as HTML. It holds at most 3.5 MB of pictures, whatever the number of items and arms."""
    environment = Environment(
        loader=PackageLoader("augury.report"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("study.html").render(view_of(results, materials))
