"""Card: what is known of a model before a byte of it is here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of a model.

    Parameters
    ----------
    name : str
        File name, unique in the catalogue.
    urls : tuple of str
        Where it is published; mirrors after it, in the order in which they are tried. Empty if the
        file ships in the package.
    hash : str or None
        ``sha256:`` or ``xxh128:`` and hexadecimal digits; None if the file ships in the package.
    bytes : int
        Size.
    exact : bool
        Whether the size is known to the byte, or only about.
    """

    name: str
    urls: tuple[str, ...]
    hash: str | None
    bytes: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a user should know before choosing a model, and where it comes from.

    Parameters
    ----------
    name : str
        Name to load it by.
    family : {"cells", "sam1", "mobile-sam", "micro-sam", "sam2", "efficient-tam"}
        Architecture.
    size : str
        Which one of its family, such as ``vit_b`` or ``tiny``.
    licence : str
        Licence of the weights.
    description : str
        One line: what it is good for.
    files : tuple of WeightsFile
        The weights, and micro-sam's decoder where there is one.
    aliases : tuple of str
        Other names that people know it by.
    version : str
        Release of the family, where there are several.
    """

    name: str
    family: str
    size: str
    licence: str
    description: str
    files: tuple[WeightsFile, ...]
    aliases: tuple[str, ...] = ()
    version: str = ""

    @property
    def weights(self) -> WeightsFile:
        """The model itself."""
        return self.files[0]

    @property
    def decoder(self) -> WeightsFile | None:
        """micro-sam's decoder for automatic segmentation, a file of its own."""
        return self.files[1] if len(self.files) > 1 else None

    @property
    def in_package(self) -> bool:
        """Whether it ships with napari-sam."""
        return not self.weights.urls

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    @property
    def exact(self) -> bool:
        """Whether the size is known to the byte."""
        return all(file.exact for file in self.files)
