"""Every notebook in English has the same one in Chinese: the same cells, and the same code but for words."""

from __future__ import annotations

import ast
import itertools
import re

import pytest
from course import FOLDERS, NAMES, read
from IPython.core.inputtransformer2 import TransformerManager

CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")


def test_every_english_notebook_has_a_chinese_one():
    assert sorted(path.stem for path in FOLDERS["zh"].glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_have_the_same_cells_in_the_same_order(name):
    english, chinese = ([skeleton(cell) for cell in read(name, language).cells] for language in FOLDERS)
    assert chinese == english


@pytest.mark.parametrize("name", NAMES)
def test_both_have_the_same_code_but_for_words(name):
    for ours, theirs in zip(read(name).cells, read(name, "zh").cells, strict=True):
        if ours.cell_type == "code":
            assert [*differences(ours.source, theirs.source)] == []
        else:
            assert CHINESE.search(theirs.source), f"This is not Chinese: {theirs.source}"


@pytest.mark.parametrize(
    "chinese", ["show('船', size=3)", "show('a boat', size=2)", "show('船', size=2); end()", "show(f'船{x}', size=2)"]
)
def test_other_code_is_noticed(chinese):
    assert [*differences("show('a ship', size=2)", chinese)]
    assert not [*differences("show('a ship', size=2)", "show('船', size=2)  # 两艘")]


def skeleton(cell):
    """What a cell is in either language: its kind, how it is graded, its headings or nbgrader's marks."""
    marks = re.findall(r"^ *#{2,}(?= )", cell.source, re.MULTILINE)
    return cell.cell_type, dict(cell.metadata.get("nbgrader", {})), marks


def differences(ours, theirs):
    """Compare two cells' code, but for what a translator changes: text that is Chinese in the second, the language."""
    for one, other in itertools.zip_longest(nodes(ours), nodes(theirs)):
        is_translated = isinstance(one, str) and isinstance(other, str) and CHINESE.search(other)
        if one != other and not is_translated and (one, other) != ("en", "zh"):
            yield one, other


def nodes(source):
    """List the code's nodes and values in order; of an f-string its values only, in any order."""
    found = []

    def visit(value):
        if isinstance(value, ast.JoinedStr):
            found.append("f-string")
            for part in sorted((each for each in value.values if isinstance(each, ast.FormattedValue)), key=ast.dump):
                visit(part)
        elif isinstance(value, ast.AST):
            found.append(type(value).__name__)
            for _, field in ast.iter_fields(value):
                visit(field)
        elif isinstance(value, list):
            found.append(len(value))
            for each in value:
                visit(each)
        else:
            found.append(value)

    visit(ast.parse(TransformerManager().transform_cell(source)))
    return found
