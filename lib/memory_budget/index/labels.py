"""What a note says it is about: the words of its file name, title and front matter.

A label's terms count in the file's posting lists as words of the file, and are marked there (`LABELLED`), so that the
ranking can tell a note that is about "invoices" from one that mentions them.
"""

from __future__ import annotations

from memory_budget.text.words import pairs, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.front_matter import FrontMatter

#: Fields of the front matter that say what a note is about.
NAMES = ("name", "title")
FIELDS = (
    "description", "tags", "metadata.tags", "aliases", "alias", "keywords", "summary", "topic", "topics",
)  # fmt: skip
#: Bit of a frequency in a file's posting list: the term stands in the file's label.
LABELLED = 1 << 15
#: Characters of a label that are indexed.
LONGEST = 1000
#: Characters at the head of a body in which its title is looked for.
_HEAD = 2000


def note_label(path: str, matter: FrontMatter, tags: str, body: str, description: str = "") -> str:
    """The label of the file at a path, in two lines: its names (file name, `name`, `title`, first heading), then what else its
    front matter, its tags and an index of notes (`description`) say of it.

    `billing/vat-rounding.md` with `description: Half cents` and `# VAT` has the lines "vat-rounding, VAT" and "Half cents".
    """
    names = [path.rpartition("/")[2][:-3], *map(matter.get, NAMES)]
    for line in body[:_HEAD].split("\n"):
        if line.startswith("# "):
            names.append(line[2:])
            break
    others = [*map(matter.get, FIELDS), tags, description]
    first, second = (" ".join(", ".join(filter(None, parts)).split()) for parts in (names, others))
    return f"{first[:LONGEST]}\n{second[:LONGEST]}"


def label_terms(text: str) -> set[str]:
    """The index terms of a label: its words, and of its names each two words in a row (`vat round`), by which the ranking knows a
    task that names the note."""
    names, _, _ = text.partition("\n")
    return {*terms(text), *pairs(names)}
