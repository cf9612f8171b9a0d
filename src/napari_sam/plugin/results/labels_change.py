"""Labels change: another Labels layer is in use, as a step to undo; no Qt."""

from dataclasses import dataclass

from napari.layers import Labels

from napari_sam.plugin.workspace import Workspace


@dataclass(slots=True, eq=False)
class LabelsChange:
    """Change from one Labels layer in use to another one.

    Parameters
    ----------
    work : Workspace
        The workspace.
    before, after : napari.layers.Labels
        The layers.
    was_added : bool
        Whether `after` came into the viewer with the change, and leaves with its undo.
    size : int
        Bytes that the step keeps in memory: none, for the layers live as long as the step.
    """

    work: Workspace
    before: Labels
    after: Labels
    was_added: bool
    size: int = 0

    def undo(self) -> bool:
        """Use the layer of before; returns True, for redo always works."""
        self._use(self.before)
        if self.was_added and self.after in self.work.viewer.layers:
            self.work.viewer.layers.remove(self.after)
        return True

    def redo(self) -> None:
        """Use the other layer again."""
        self._use(self.after)

    def _use(self, layer: Labels) -> None:
        layers = self.work.viewer.layers
        if layer not in layers:
            self.work.viewer.add_layer(layer)
        self.work.labels_layer.take(layer)
        layers.selection.active = self.work.prompts.points
