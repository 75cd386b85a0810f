"""What was found about an application is stored as a sentence; each of them can be told in another language."""

import ast
import inspect

import pytest

from accounts.applications import evidence, rdap, txt, web, wording
from tests import pseudo

SAYING = {"NoAnswer": 0, "NotThere": 0, "Answer": 1}


def sentences_of(module):
    """Every sentence that the module answers with, whatever varies in it written as 7."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
            said = node.args[SAYING[node.func.id]]
            parts = said.values if isinstance(said, ast.JoinedStr) else [said]
            yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in parts)


STORED = [evidence.NO_LONGER, *(one for module in (rdap, txt, web) for one in sentences_of(module))]


@pytest.mark.parametrize("stored", sorted(set(STORED)))
def test_each_answer_is_told_in_the_readers_language(stored, monkeypatch):
    assert wording.answer_in_words(stored) == stored
    with pseudo.spoken(monkeypatch):
        assert pseudo.english_in(wording.answer_in_words(stored)) == {}


def test_no_answer_is_waited_for_in_vain():
    assert len(set(STORED)) == len(wording.ANSWERS)
