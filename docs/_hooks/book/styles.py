"""Style sheets without what no page needs: the theme brings the styles of all that it can do.

A rule is needed if each class, palette and direction that it names stands in a page or a script, a
variable if a rule or a script reads it, an animation or a font if a declaration names it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import tinycss2

_OF_RULES = {"container", "keyframes", "layer", "media", "supports"}
_CLASSES = re.compile(r' class="([^"]*)"')
_VALUES = re.compile(r' (?:dir|data-md-color-\w+)="[^"]*"')
_CHOSEN = re.compile(r"(?:dir|data-md-color-(?:primary|accent|scheme))=|data-md-color-switching$")
_READ = re.compile(r"var\(\s*(--[\w-]+)")
_WORD = re.compile(r"[\w-]+")
_FAMILY = re.compile(r"font-family:(.*)", re.S)


Heads = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True)
class Rule:
    """What stands before a brace, and in it: declarations, or more rules. A statement has neither."""

    keyword: str
    """Of an at-rule, such as ``@media``; empty for a rule with selectors."""
    heads: Heads
    """The selectors, each with the names that it asks for; of an at-rule, all that stands there."""
    declarations: tuple[str, ...] | None = None
    rules: tuple[Rule, ...] | None = None

    def __str__(self) -> str:
        head = self.keyword + ",".join(text for text, _ in self.heads)
        if self.rules is not None:
            return f"{head}{{{''.join(map(str, self.rules))}}}"
        if self.declarations is not None:
            return f"{head}{{{';'.join(self.declarations)}}}"
        return f"{head};"


def names_in(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Every class, palette, direction and variable that the pages use, and every word of the scripts."""
    names: set[str] = set()
    for page in pages:
        for value in set(_CLASSES.findall(page)):
            names.update(value.split())
        names.update(value.strip().replace('"', "") for value in _VALUES.findall(page))
        names.update(_READ.findall(page))
    for script in scripts:
        names.update(_WORD.findall(script))
    return names


def needed(sheets: dict[str, str], names: set[str]) -> dict[str, str]:
    """The style sheets without what is not needed where these names are used, and no others."""
    left = {name: tuple(_living(parse(text), names)) for name, text in sheets.items()}
    before = None
    while left != before:
        before = left
        used = [text for rules in left.values() for text in _used(rules)]
        read = names.union(*map(_READ.findall, used))
        words = set().union(*map(_WORD.findall, used))
        left = {name: tuple(_wanted(rules, read, words)) for name, rules in left.items()}
    return {name: "".join(map(str, rules)) for name, rules in left.items()}


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of a style sheet, in order, without comments and needless spaces."""
    return tuple(_rules(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)))


def _rules(nodes: Iterable[Any]) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "error":
            raise ValueError(f"line {node.source_line} of a style sheet: {node.message}.")
        keyword = f"@{node.at_keyword}" if node.type == "at-rule" else ""
        whole = _text(node.prelude, strip=False)
        heads = ((whole, frozenset[str]()),) if keyword else tuple(_selectors(node.prelude))
        if node.content is None:
            yield Rule(keyword, heads)
        elif keyword.rpartition("-")[2].removeprefix("@") in _OF_RULES:
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield Rule(keyword, heads, rules=tuple(_rules(inner)))
        else:
            yield Rule(keyword, heads, declarations=tuple(_declarations(node.content)))


def _text(tokens: Iterable[Any], strip: bool = True) -> str:
    """Tokens as text, without comments; a run of white space is one space."""
    text = "".join(
        " " if token.type == "whitespace" else token.serialize()
        for token in tokens
        if token.type != "comment"
    )
    return text.strip() if strip else text.rstrip()


def _selectors(prelude: Iterable[Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each alternative, with what it asks for by itself; what it only excludes may be missing.

    What stands in parentheses, as in ``:not(...)`` and ``:is(...)``, is a token of its own here.
    """
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    for part in parts:
        asked = {
            name.value
            for dot, name in itertools.pairwise(part)
            if dot == "." and name.type == "ident"
        }
        for token in part:
            if token.type == "[] block":
                condition = _text(token.content).replace('"', "").replace("'", "")
                asked |= {condition} if _CHOSEN.match(condition) else set()
        yield _text(part), frozenset(asked)


def _declarations(content: Iterable[Any]) -> Iterator[str]:
    for node in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration":
            raise ValueError(
                f"line {node.source_line} of a style sheet: no declaration ({node.type}). `styles` "
                "needs to learn to read a rule within a rule."
            )
        yield f"{node.name}:{_text(node.value)}{'!important' if node.important else ''}"


def _living(rules: Iterable[Rule], names: set[str]) -> Iterator[Rule]:
    """The rules that may apply to something."""
    for rule in rules:
        if rule.rules is not None and not rule.keyword.endswith("keyframes"):
            if inner := tuple(_living(rule.rules, names)):
                yield replace(rule, rules=inner)
        elif rule.keyword:
            yield rule
        elif alive := tuple(head for head in rule.heads if head[1] <= names):
            yield replace(rule, heads=alive)


def _used(rules: Iterable[Rule]) -> Iterator[str]:
    """The values of all declarations, but for those that say what a font is."""
    for rule in rules:
        if rule.rules is not None:
            yield from _used(rule.rules)
        elif rule.declarations is not None and rule.keyword != "@font-face":
            for declaration in rule.declarations:
                yield declaration.partition(":")[2]


def _wanted(rules: Iterable[Rule], read: set[str], words: set[str]) -> Iterator[Rule]:
    """The rules without variables, animations and fonts that nothing asks for."""
    for rule in rules:
        if rule.keyword.endswith("keyframes") and rule.heads[0][0].strip() not in words:
            continue
        if rule.rules is not None:
            if inner := tuple(_wanted(rule.rules, read, words)):
                yield replace(rule, rules=inner)
        elif rule.declarations is None:
            yield rule
        elif rule.keyword == "@font-face":
            family = next(filter(None, map(_FAMILY.match, rule.declarations)))
            if words.issuperset(_WORD.findall(family[1])):
                yield rule
        else:
            kept = tuple(
                declaration
                for declaration in rule.declarations
                if not declaration.startswith("--") or declaration.partition(":")[0] in read
            )
            if kept:
                yield replace(rule, declarations=kept)
