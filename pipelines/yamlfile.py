"""A YAML file as plain values that still know where they stand, so that a fault can name line and column.

Duplicate keys are faults (YAML readers keep the last one without a word), and `${NAME}` in a value stands for
an environment variable, so that no secret is ever written down. What a variable held never appears in a
message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import ConfigError, Fault

Place = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MERGE_TAG = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """A parsed file: its values, and by place in them (`("inputs", "events", 0)`) where they were written."""

    file: str
    # Any: what a YAML file can hold.
    values: dict[str, Any] = field(default_factory=dict)
    keys: dict[Place, yaml.Mark] = field(default_factory=dict)
    marks: dict[Place, yaml.Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    _faulty: set[tuple[Place, bool]] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """The folder the file lies in, which paths in it are relative to."""
        return Path(self.file).parent

    def at(self, *place: str | int) -> Any:  # Any: what a YAML file can hold.
        """The value at a place, None where there is none."""
        value: Any = self.values
        for step in place:
            if isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return value

    def items(self, *place: str | int) -> Iterator[tuple[Place, Any]]:
        """The items of the list at a place with their own places; nothing if there is no list."""
        value = self.at(*place)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield (*place, index), item

    def fault(
        self,
        place: Place,
        what: str,
        *,
        expected: str | None = None,
        hint: str | None = None,
        at_key: bool = False,
    ) -> None:
        """Note a fault of the value at `place` (or of its key); it is shown at the nearest value there is.

        Only the first fault of a place is kept: the others mostly follow from it.
        """
        if (place, at_key) in self._faulty:
            return
        self._faulty.add((place, at_key))
        known = self.keys if at_key and place in self.keys else self.marks
        while place and place not in known:
            place = place[:-1]
        mark = known.get(place)
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        self.faults.append(Fault(what, self.file, line, column, expected, hint))


def read_yaml(file: Path, environ: Mapping[str, str] = os.environ) -> Document:
    """The document in `file`; ConfigError if it cannot be read, is not YAML, or is not a mapping of keys.

    Duplicate keys and missing variables are noted in the document's `faults` and reading goes on.
    """
    document = Document(str(file))
    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise _refused(
                file,
                "the file is empty",
                expected="at least `space`, `store` and `inputs`",
                hint="the README has a small one to start from",
            )
        if not isinstance(root, yaml.MappingNode):
            raise _refused(
                file,
                "not keys and values",
                expected="lines such as `space: shop`",
                hint="the README has a small one to start from",
            )
        document.values = _Reader(loader, document, environ).mapping(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        what = f"not YAML: {error.problem or error.context}"
        raise _refused(file, what, mark, hint="check indentation, colons and quotes here") from error
    except yaml.YAMLError as error:
        raise _refused(
            file,
            "not YAML: a character that YAML does not allow",
            hint="remove control characters from the file",
        ) from error
    return document


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _refused(file, "no such file", hint="check the path of the space file") from error
    except UnicodeDecodeError as error:
        raise _refused(file, "not UTF-8 text", hint="save the file as UTF-8") from error
    except OSError as error:
        raise _refused(
            file, f"cannot be read: {error.strerror}", hint="name a file that may be read"
        ) from error


def _refused(
    file: Path,
    what: str,
    mark: yaml.Mark | None = None,
    *,
    expected: str | None = None,
    hint: str | None = None,
) -> ConfigError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return ConfigError(
        "the space file cannot be used", faults=[Fault(what, str(file), line, column, expected, hint)]
    )


class _Reader:
    """Walks the nodes of one file into a document."""

    def __init__(self, loader: yaml.SafeLoader, document: Document, environ: Mapping[str, str]) -> None:
        self.loader = loader
        self.document = document
        self.environ = environ
        self.open: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:  # Any: what a YAML file can hold.
        self.document.marks[place] = node.start_mark
        if node in self.open:
            self.document.fault(place, "an alias that contains itself", hint="write the values out")
            return None
        self.open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
            return self.scalar(node, place) if isinstance(node, yaml.ScalarNode) else None
        finally:
            self.open.pop()

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        self.document.marks[place] = node.start_mark
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                self.document.fault(place, "`<<` is not used in a space file", hint="write the keys out")
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.fault(place, "a key that is not a word", hint="write `key: value`")
                continue
            key = str(key_node.value)
            here = (*place, key)
            if key in values:
                first = self.document.keys[here]
                self.document.keys[here] = key_node.start_mark
                what = f"the key `{key}` is written twice, first on line {first.line + 1}"
                self.document.fault(here, what, hint="keep one of them", at_key=True)
                self.document.keys[here] = first
                continue
            self.document.keys[here] = key_node.start_mark
            values[key] = self.value(value_node, here)
        return values

    def scalar(self, node: yaml.ScalarNode, place: Place) -> Any:  # Any: text, number, time, ...
        try:
            value = self.loader.construct_object(node)
        except ValueError:  # it looks like a date and is none; the form says what is wrong with it
            return node.value
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: self.variable(match[1], place), value)
        return value

    def variable(self, name: str, place: Place) -> str:
        if name not in self.environ:
            what = f"the environment variable {name} is not set"
            self.document.fault(place, what, hint=f"set {name} before running, or write the value here")
        return self.environ.get(name, "")
