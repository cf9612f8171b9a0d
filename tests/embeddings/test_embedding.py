"""An embedding is the same after it was turned into arrays and back."""

import torch

from napari_sam.embeddings.embedding import Embedding, array_shapes
from napari_sam.model.sam import Sam
from napari_sam.tiles.grid import Tile


def test_embedding_survives_its_arrays(tiny_model: Sam) -> None:
    tile = Tile((), 0, 0, 0, 0, 60, 90)
    with torch.inference_mode():
        features = tiny_model.encode_image(torch.randn(1, 3, 64, 96))
    embedding = Embedding(tile, features)
    arrays = embedding.to_arrays()
    assert {k: v.shape for k, v in arrays.items()} == array_shapes(tiny_model.config, 60, 90)
    again = Embedding.from_arrays(tile, arrays, torch.device("cpu")).features
    assert torch.equal(again.image_embedding, features.image_embedding)
    assert all(map(torch.equal, again.high_res_features, features.high_res_features))
    assert torch.equal(again.proposals, features.proposals)
