"""What a note says it is about: the words of its file name, title and front matter.

A label's terms count in the file's posting lists as words of the file, and are marked there (`postings.LABELLED`), so that the
ranking can tell a note that is about "invoices" from one that mentions them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.front_matter import FrontMatter

#: Fields of the front matter that say what a note is about.
FIELDS = (
    "name", "title", "description", "tags", "metadata.tags", "aliases", "alias", "keywords", "summary", "topic", "topics",
)  # fmt: skip
#: Characters of a label that are indexed.
LONGEST = 1000
#: Characters at the head of a body in which its title is looked for.
_HEAD = 2000


def label(path: str, matter: FrontMatter, tags: str, body: str, said: str = "") -> str:
    """The label of the file at a path: its name, what its front matter says, its tags, its first heading, and what an index
    of notes says of it (`said`).

    `billing/vat-rounding.md` with `description: Half cents` and `# VAT` has "vat-rounding Half cents VAT".
    """
    parts = [path.rpartition("/")[2][:-3]]
    parts += filter(None, map(matter.get, FIELDS))
    parts += filter(None, (tags, said))
    for line in body[:_HEAD].split("\n"):
        if line.startswith("# "):
            parts.append(line[2:])
            break
    return " ".join(" ".join(parts).split())[:LONGEST]
