"""Segment Anything model: image encoder, prompt encoder, mask decoder, memory."""

from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .answer_policy import AnswerPolicy
from .cast_encoder import CastEncoder
from .config import PATCH, HieraConfig, ModelConfig, TinyVitConfig
from .features import ImageFeatures, Offset
from .hiera import HieraEncoder
from .mask_decoder import CANDIDATES, SINGLE_MASK, MaskDecoder, MaskPrediction, PreparedImage
from .memory import Memory
from .precision import Precision
from .preprocess import preprocess
from .prompt_encoder import PromptEncoder
from .prompt_maps import PromptMaps
from .tiny_vit import TinyVitEncoder
from .unetr import InstanceDecoder
from .vit import VitEncoder

MASK_STRIDE = 4  # model pixels of one cell of the low-resolution logits
_SAM_POLICY = AnswerPolicy()


class Sam(nn.Module):
    """Segment Anything model (arXiv:2304.02643) that answers for ``C`` objects at once.

    Parameters
    ----------
    config : ModelConfig
        Its parts and their widths.
    policy : AnswerPolicy
        How an answer is chosen; read by ``embeddings/``, ``masks/`` and ``propagation/``.

    Attributes
    ----------
    precisions : tuple of Precision
        Precisions in which images may be encoded without gradients, the preferred one first; set by
        :func:`~napari_sam.weights.load.load_model`. All other parts work in float32.
    """

    def __init__(self, config: ModelConfig, policy: AnswerPolicy = _SAM_POLICY) -> None:
        super().__init__()
        self.config, self.policy = config, policy
        self.image_encoder = _image_encoder(config)
        self.prompt_encoder = PromptEncoder(config)
        self.prompt_maps = PromptMaps(config.mask_dim) if config.prompt_maps else None
        self.mask_decoder = MaskDecoder(config, policy.stable_single_mask)
        self.memory = Memory(config) if config.memory else None
        self.instance_decoder = InstanceDecoder(config) if config.instance_decoder else None
        self.precisions: tuple[Precision, ...] = (Precision.FP32,)
        self._cast_encoder = CastEncoder()
        # shared by all prompts on an image, so that a click does not compute it again
        self._prepared: WeakKeyDictionary[ImageFeatures, PreparedImage] = WeakKeyDictionary()
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda *_: self._prepared.clear()
        )

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.prompt_encoder.no_mask_embed.device

    def preprocess(self, rgb: Tensor, zoom: float = 1.0) -> Tensor:
        """Resize, normalise and pad one window for :meth:`encode_image`.

        Parameters
        ----------
        rgb : Tensor
            ``(h, w, 3)`` float32 in 0..255.
        zoom : float
            Magnification, for a model that takes pixels unchanged; others ignore it.

        Returns
        -------
        Tensor
            ``(1, 3, H, W)`` float32, from :func:`~napari_sam.model.preprocess.preprocess`.
        """
        return preprocess(self.config, rgb, zoom)

    def encoder_in(self, precision: Precision) -> nn.Module:
        """The image encoder in a precision; its weights are cast at the first use."""
        if precision is Precision.FP32:
            return self.image_encoder
        return self._cast_encoder.of(self.image_encoder)

    def encode_image(
        self,
        image: Tensor,
        offset: tuple[int, int] = (0, 0),
        precision: Precision | None = None,
    ) -> ImageFeatures:
        """Encode windows, once for all prompts on them.

        Parameters
        ----------
        image : Tensor
            ``(B, 3, H, W)`` float32, normalised, from :meth:`preprocess`.
        offset : tuple of int
            First row and column, in tokens, of the windows on the positional grid; not 0 only for
            a :class:`~napari_sam.model.vit.VitEncoder`.
        precision : Precision, optional
            Of the image encoder, the first of :attr:`precisions` by default. With gradients always
            float32.

        Returns
        -------
        ImageFeatures
            In float32.
        """
        chosen = Precision.FP32 if torch.is_grad_enabled() else precision or self.precisions[0]
        arguments = (image,) if offset == (0, 0) else (image, offset)
        features: ImageFeatures = self.encoder_in(chosen)(*arguments)
        return features if chosen is Precision.FP32 else features.float()

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
        """Predict masks of ``C`` objects in each window.

        Parameters
        ----------
        features : ImageFeatures
            From :meth:`encode_image`.
        point_coords, point_labels, boxes, mask_input : Tensor or None
            As :class:`~napari_sam.model.prompt_encoder.PromptEncoder` takes them.
        multimask_output : bool
            Predict the three candidates of an ambiguous prompt instead of the single mask.
        offset : tuple of int
            As for :meth:`encode_image`.

        Returns
        -------
        MaskPrediction
        """
        masks = CANDIDATES if multimask_output else SINGLE_MASK
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
        offset: Offset = (0, 0),
    ) -> MaskPrediction:
        """Predict masks as :meth:`decode` does, for any slice of the four mask tokens."""
        high_res = features.high_res_features
        sparse, dense = self.prompt_encoder(
            point_coords,
            point_labels,
            boxes,
            mask_input,
            high_res[-1] if high_res else None,
            offset,
        )
        maps = None
        if self.prompt_maps is not None:
            h, w = features.image_embedding.shape[-2:]
            shape = (h * PATCH // MASK_STRIDE, w * PATCH // MASK_STRIDE)
            maps = self.prompt_maps(shape, point_coords, point_labels, boxes, mask_input)
        image = self._prepare(features, dense if mask_input is not None else None, offset)
        prediction: MaskPrediction = self.mask_decoder(image, sparse, maps, masks)
        return prediction

    def _prepare(
        self, features: ImageFeatures, dense: Tensor | None, offset: Offset
    ) -> PreparedImage:
        """Image prepared for the decoder; without a mask prompt, cached beside the features."""
        caches = dense is None and not torch.is_grad_enabled() and offset == (0, 0)
        if caches and features in self._prepared:
            return self._prepared[features]
        embedding = features.image_embedding
        if self.memory is not None and not features.conditioned:
            embedding = embedding + self.memory.no_mem_embed.view(1, -1, 1, 1)
        h, w = embedding.shape[-2:]
        grid = self.prompt_encoder.position.grid(h, w, PATCH, offset)
        if dense is None:
            dense = self.prompt_encoder.no_mask_embed.view(1, 1, -1, 1, 1)
        image = self.mask_decoder.prepare(embedding, grid, dense, features.high_res_features)
        if caches:
            self._prepared[features] = image
        return image


def _image_encoder(config: ModelConfig) -> nn.Module:
    trunk = config.trunk
    if isinstance(trunk, TinyVitConfig):
        return TinyVitEncoder(config, trunk)
    if isinstance(trunk, HieraConfig):
        return HieraEncoder(config, trunk)
    return VitEncoder(config, trunk)
