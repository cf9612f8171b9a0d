"""The whole model: image encoder, prompt encoder, mask decoder."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig
from .mask_decoder import MaskDecoder, MaskPrediction
from .prompt_encoder import PromptEncoder
from .prompt_maps import PromptMaps
from .vit import ImageEncoder, ImageFeatures

MASK_STRIDE = 4
_KEPT_GRIDS = 4
_GridKey = tuple[int, int, tuple[int, int], torch.device]


class Sam(nn.Module):
    """Segment Anything (arXiv:2304.02643) with a class dimension.

    Parameters
    ----------
    config : ModelConfig
        Which parts, how wide.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = ImageEncoder(config)
        self.prompt_encoder = PromptEncoder(config)
        self.prompt_maps = PromptMaps(config.mask_dim) if config.prompt_maps else None
        self.mask_decoder = MaskDecoder(config)
        # the encodings depend on the window alone, and a click must not compute them again
        self._grids: dict[_GridKey, Tensor] = {}
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda *_: self._grids.clear()
        )

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.prompt_encoder.no_mask_embed.device

    def preprocess(self, rgb: Tensor) -> Tensor:
        """Normalise one window and pad it, right and bottom, to whole patches.

        Parameters
        ----------
        rgb : Tensor
            ``(h, w, 3)`` float32 in 0..255.

        Returns
        -------
        Tensor
            ``(1, 3, H, W)`` float32, ``H`` and ``W`` the next multiples of the patch size.
        """
        patch = self.config.patch_size
        mean, std = rgb.new_tensor(self.config.pixel_mean), rgb.new_tensor(self.config.pixel_std)
        image = ((rgb - mean) / std).permute(2, 0, 1)[None]
        h, w = rgb.shape[:2]
        return functional.pad(image, (0, -w % patch, 0, -h % patch))

    def encode_image(self, image: Tensor, offset: tuple[int, int] = (0, 0)) -> ImageFeatures:
        """Encode windows.

        Parameters
        ----------
        image : Tensor
            ``(B, 3, H, W)`` float32, normalised; ``H`` and ``W`` multiples of 16 up to 1024.
        offset : tuple of int
            Row and column, in tokens, of the windows on the positional grid.

        Returns
        -------
        ImageFeatures
        """
        features: ImageFeatures = self.image_encoder(image, offset)
        return features

    def decode(
        self,
        features: ImageFeatures,
        point_coords: Tensor | None = None,
        point_labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_input: Tensor | None = None,
        multimask_output: bool = False,
        offset: tuple[int, int] = (0, 0),
    ) -> MaskPrediction:
        """Masks of ``C`` objects in each window.

        Parameters
        ----------
        features : ImageFeatures
            From :meth:`encode_image`.
        point_coords, point_labels, boxes, mask_input : Tensor or None
            As :class:`~napari_sam.model.prompt_encoder.PromptEncoder` takes them.
        multimask_output : bool
            Three candidates (part, whole, cluster) instead of one mask.
        offset : tuple of int
            The one given to :meth:`encode_image`.

        Returns
        -------
        MaskPrediction
        """
        masks = slice(1, None) if multimask_output else slice(0, 1)
        return self.decode_tokens(
            features, point_coords, point_labels, boxes, mask_input, masks, offset
        )

    def decode_tokens(
        self,
        features: ImageFeatures,
        point_coords: Tensor | None,
        point_labels: Tensor | None,
        boxes: Tensor | None,
        mask_input: Tensor | None,
        masks: slice,
        offset: tuple[int, int] = (0, 0),
    ) -> MaskPrediction:
        """As :meth:`decode`, with any of the four mask tokens (training looks at all)."""
        high_res = features.high_res_features
        sparse, dense = self.prompt_encoder(
            point_coords,
            point_labels,
            boxes,
            mask_input,
            high_res[-1] if high_res else None,
            offset,
        )
        h, w = features.image_embedding.shape[-2:]
        maps = None
        if self.prompt_maps is not None:
            fine = self.config.patch_size // MASK_STRIDE
            shape = (h * fine, w * fine)
            maps = self.prompt_maps(shape, point_coords, point_labels, boxes, mask_input)
        image_pe = self._position_grid(h, w, offset)
        prediction: MaskPrediction = self.mask_decoder(
            features.image_embedding, image_pe, sparse, dense, high_res, maps, masks
        )
        return prediction

    def _position_grid(self, h: int, w: int, offset: tuple[int, int]) -> Tensor:
        """Encodings ``(h, w, D)`` of the tokens of a window."""
        key = (h, w, offset, self.device)
        if key not in self._grids:
            if len(self._grids) >= _KEPT_GRIDS:
                self._grids.clear()
            # inference tensors could not be used by a later training step
            with torch.inference_mode(False), torch.no_grad():
                position = self.prompt_encoder.position
                self._grids[key] = position.grid(h, w, self.config.patch_size, offset)
        return self._grids[key]
