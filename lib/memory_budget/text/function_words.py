"""Words of other languages that tell nothing of what a text is about: articles, prepositions, pronouns, forms of "to be".

English ones are stop words (`text.words`) and never get this far. Other languages' are kept in the index, for `die` and `on` are words
of English, too; so a prompt is looked at as a whole, and they are left out where it is written in their language. In Chinese and
Japanese the index has pairs of characters: one of two particles is left out, and one with a particle tells what its neighbour does.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_LANGUAGE = (
    # German
    "der die das den dem des ein eine einen einem einer eines und oder aber ist sind war wird werden wurde sein hat haben kann können "
    "soll sollen muss müssen darf mit für von auf zu zum zur in im am an bei beim nach vor aus über unter durch um als wie was wer wo "
    "wann warum wieso welche welcher welches ich du er sie es wir ihr mir mich dir uns ihn ihm nicht kein keine nur noch schon auch so "
    "dass wenn ob bis ohne dann da hier mal bitte man sich",
    # French
    "le la les l un une des du de d et ou mais est sont a ont être avoir dans pour sur avec sans par pas ne que qui quoi quel quelle "
    "quels quelles où quand comment pourquoi combien ce cet cette ces il elle on nous vous ils elles je tu me moi se son sa ses leur au "
    "aux en y plus très si tout tous toute toutes fois est-ce",
    # Spanish
    "el la los las un una unos unas de del y o pero es son está están ser en para por con sin que qué quién cuál cómo cuándo dónde "
    "cuánto cuántos se su sus mi me te lo le nos al a más muy si no ya como este esta estos estas ese esa hay",
    # Italian
    "il lo la i gli le un uno una di del della dei delle degli da dal dalla e o ma è sono essere in nel nella per con senza su sul sulla "
    "che chi cosa quale quali come quando dove perché quanto quanti si suo sua mi ti ci non più molto se al alla ai alle questo questa",
    # Portuguese
    "o a os as um uma uns umas de do da dos das e ou mas é são está ser em no na nos nas para por com sem que quem qual como quando onde "
    "quanto quantos se seu sua me te lhe não mais muito ao à aos este esta isso há",
    # Dutch
    "de het een en of maar is zijn was wordt worden in op voor van met zonder bij naar uit over door om als hoe wat wie waar wanneer "
    "waarom welke ik je jij hij zij we wij mij niet geen maar nog ook dat dit die deze er te aan",
    # Swedish
    "en ett den det de och eller men är var som att i på för med utan av till från hur vad vem var när varför vilken vilka jag du han hon "
    "vi ni mig inte ingen bara också om så",
    # Polish
    "i w na z ze do od dla po o u przy przez nie jest są się to ten ta te jak co kto gdzie kiedy dlaczego który która które czy a ale lub "
    "oraz że jego jej ich mi mnie tylko już",
    # Turkish
    "bir ve veya ama ile için bu şu o ne nasıl nerede neden kim hangi mi mı mu mü de da değil var yok çok daha gibi kadar olan olarak",
)
#: English words of the same kind, to tell a prompt that only has a few words in common with another language.
_ENGLISH = frozenset(
    "the a an and or of to in on at is are was be it its this that these those for with from by as not no do does how what which when "
    "where why who can should must i you we my our your all".split()
)
#: How many there must be to believe it.
_LEAST = 2
#: Chinese characters of this kind.
_PARTICLES = frozenset("的了是在和与或把被这那个一不吗呢吧啊着就都也很什么怎为请给让从以及其之而且哪么")


def function_words(words: Iterable[str]) -> frozenset[str]:
    """Of the words of a text (lower case), those that are function words of the language it is in; none for English."""
    distinct = frozenset(words)
    best: frozenset[str] = frozenset()
    for language in _BY_LANGUAGE:
        found = distinct.intersection(language.split())
        if len(found) > len(best):
            best = found
    return best if len(best) >= _LEAST and len(best) > len(distinct & _ENGLISH) else frozenset()


def particles(term: str) -> int:
    """How many signs of a pair of Chinese or Japanese characters are particles (in Japanese, any sign of Hiragana)."""
    if len(term) > 2 or term.isascii():
        return 0
    return sum(["\u3041" <= sign <= "\u309f" or sign in _PARTICLES for sign in term])
