"""Cards of the catalogue: models and published files, known before any download."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Published file of a model.

    Parameters
    ----------
    name : str
        File name, unique in the catalogue.
    urls : tuple of str
        Addresses in the order in which they are tried: the authors' own, then mirrors. Empty if
        the file ships in the package.
    hash : str or None
        ``sha256:`` or ``xxh128:`` and hexadecimal digits; None if the file ships in the package.
    bytes : int
        Size of the file.
    exact : bool
        Whether `bytes` is exact; otherwise it is approximate and only shown to users.
    """

    name: str
    urls: tuple[str, ...]
    hash: str | None
    bytes: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Entry of the catalogue: description and files of a model, for choosing and downloading.

    Parameters
    ----------
    name : str
        Name to load it by.
    family : {"cells", "sam1", "mobile-sam", "micro-sam", "sam2", "efficient-tam"}
        Architecture.
    size : str
        Size within the family, such as ``vit_b`` or ``tiny``.
    licence : str
        Licence of the weights.
    description : str
        Images that the model is good for, in one line.
    files : tuple of WeightsFile
        The weights, then micro-sam's decoder for models that have one.
    aliases : tuple of str
        Other names under which the model is found.
    version : str
        Release of the family; empty for a family of one release.
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
        """File of the model itself."""
        return self.files[0]

    @property
    def decoder(self) -> WeightsFile | None:
        """File of micro-sam's decoder for automatic segmentation; None for other families."""
        return self.files[1] if len(self.files) > 1 else None

    @property
    def in_package(self) -> bool:
        """Whether the weights ship in the package of napari-sam."""
        return not self.weights.urls

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.bytes for file in self.files)

    @property
    def exact(self) -> bool:
        """Whether :attr:`bytes` is exact."""
        return all(file.exact for file in self.files)
