"""Published: what others report for public sets, to print beside our own figures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SOURCE = (
    "measured by the authors of micro-sam on 512 px crops of their test images "
    "(github.com/computational-cell-analytics/micro-sam, finetuning/v2/evaluation/APG.md, 9 August "
    "2026), not your images"
)
METHODS = ("micro-sam 2, APG", "micro-sam 2, AIS", "micro-sam 1, APG", "micro-sam 1, AIS")
"""Models of some 90 million parameters: prompts from its decoder (APG), and its decoder (AIS)."""


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A public set with figures of others.

    Parameters
    ----------
    name : str
        Name in the literature.
    folders : tuple of str
        Names that folders of its images have, in small letters without anything but letters and
        digits.
    msa : tuple of float
        mSA of automatic segmentation, of each of :data:`METHODS`.
    """

    name: str
    folders: tuple[str, ...]
    msa: tuple[float, ...]


PUBLIC_SETS = (
    PublicSet("LIVECell", ("livecell",), (0.403, 0.311, 0.405, 0.380)),
    PublicSet("DSB 2018", ("dsb", "dsb2018", "nucleifluo"), (0.588, 0.549, 0.585, 0.582)),
    PublicSet("Vicar 2021", ("vicar", "qpiadherent"), (0.455, 0.422, 0.539, 0.528)),
    PublicSet("Omnipose", ("omnipose",), (0.551, 0.508, 0.603, 0.566)),
    PublicSet("DeepBacs", ("deepbacs",), (0.425, 0.382, 0.400, 0.328)),
    PublicSet("Cellpose", ("cellpose", "cellposedata"), (0.345, 0.303, 0.403, 0.370)),
    PublicSet("TissueNet", ("tissuenet",), (0.313, 0.289, 0.327, 0.336)),
    PublicSet("DynamicNuclearNet", ("dynamicnuclearnet",), (0.670, 0.552, 0.492, 0.509)),
    PublicSet("CellBinDB", ("cellbindb",), (0.333, 0.318, 0.326, 0.317)),
    PublicSet("YeaZ", ("yeaz",), (0.738, 0.732, 0.831, 0.824)),
    PublicSet("U20S", ("u20s",), (0.739, 0.737, 0.731, 0.718)),
    PublicSet("DeepSea", ("deepseas", "deepsea"), (0.172, 0.184, 0.145, 0.139)),
)


def published(names: Iterable[str]) -> str:
    """A Markdown table of what others report for sets.

    Parameters
    ----------
    names : iterable of str
        Names of sets: of their folders.

    Returns
    -------
    str
        Without a line break at the end; empty if none of the sets is known.
    """
    rows = list(_rows(names))
    if not rows:
        return ""
    head = f"| set | {' | '.join(METHODS)} |\n|---" + "|---" * len(METHODS) + "|"
    return "\n".join([f"**Published mSA**, {SOURCE}", "", head, *rows])


def _rows(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        plain = "".join(letter for letter in name.lower() if letter.isalnum())
        for known in PUBLIC_SETS:
            if plain in known.folders:
                cells = " | ".join(f"{value:.3f}" for value in known.msa)
                yield f"| {name} ({known.name}) | {cells} |"
