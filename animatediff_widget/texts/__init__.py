"""Every text that a person meets, in English and in Simplified Chinese: the panel's, and the sentences of the errors.

Not here are the fields' English labels and help, which stand in the request model, once; the command line's help and
the heads of its tables; and what the built-in server answers, which is the hosted API's English.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Iterator, Mapping

from traitlets import TraitType

from animatediff_widget.errors import AnimateDiffError

from .chinese import CHINESE
from .english import ENGLISH

__all__ = ["LANGUAGES", "TEXTS", "field_help", "field_label"]

LANGUAGES: dict[str, dict[str, str]] = {"en": ENGLISH, "zh": CHINESE}
"""The texts by language, each by the same names; Chinese has the fields' labels and help besides."""

_here: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("texts", default=None)


class _Texts(Mapping[str, str]):
    """The texts in the language of this process: the one that was chosen, else the environment's."""

    def __init__(self) -> None:
        self._table: dict[str, str] | None = None

    def use(self, language: str | None) -> None:
        """Choose the language, for everything that is written from now on.

        Parameters
        ----------
        language : str or None
            ``"en"``, ``"zh"``, or a locale such as ``"zh_CN.UTF-8"``; None for the environment's.

        Raises
        ------
        AnimateDiffError
            When there are no texts in that language.
        """
        short = _environment() if language is None else language.replace("-", "_").partition("_")[0].lower()
        if short not in LANGUAGES:
            raise AnimateDiffError(self["no_texts"].format(language=repr(language), languages=", ".join(LANGUAGES)))
        self._table = LANGUAGES[short]

    @contextlib.contextmanager
    def speaking(self, language: str) -> Iterator[None]:
        """Use another language within a context, in this thread only.

        Parameters
        ----------
        language : {"en", "zh"}
            The language.
        """
        token = _here.set(LANGUAGES[language])
        try:
            yield
        finally:
            _here.reset(token)

    @property
    def language(self) -> str:
        """The language in use, such as ``"en"``."""
        return next(name for name, table in LANGUAGES.items() if table is self._current)

    @property
    def _current(self) -> dict[str, str]:
        if self._table is None:
            self.use(None)
            assert self._table is not None
        return _here.get() or self._table

    def __getitem__(self, name: str) -> str:
        return self._current[name]

    def __iter__(self) -> Iterator[str]:
        return iter(ENGLISH)

    def __len__(self) -> int:
        return len(ENGLISH)


def _environment() -> str:
    """Give the language of the environment, in the order of gettext; English where there are no texts in it."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            wanted = [entry.replace("-", "_").partition("_")[0].lower() for entry in value.split(":")]
            return next((short for short in wanted if short in LANGUAGES), "en")
    return "en"


TEXTS = _Texts()


def field_label(name: str, trait: TraitType[object, object]) -> str:
    """Give a field's label in the language in use.

    Parameters
    ----------
    name : str
        The field's name.
    trait : traitlets.TraitType
        The field, as the request model declares it.
    """
    return TEXTS.get(f"label_{name}", str(trait.metadata["label"]))


def field_help(name: str, trait: TraitType[object, object]) -> str:
    """Give a field's help in the language in use; parameters as for `field_label`."""
    return TEXTS.get(f"help_{name}", trait.help)
