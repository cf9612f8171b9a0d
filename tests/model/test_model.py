"""The model of section 4 of the design: shapes, class dimension, prompts, sub-windows."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_sam.model.buffers import Buffers
from napari_sam.model.config import VitConfig
from napari_sam.model.layers import HeadMlp
from napari_sam.model.prompt_encoder import PositionEncoding, PromptEncoder
from napari_sam.model.prompt_maps import PromptMaps
from napari_sam.model.sam import Sam
from napari_sam.model.vit import Attention, Block
from napari_sam.model.windows import join_windows, partition_windows
from tests.tiny import tiny_sam

SAM1_SWITCHES = {
    "trunk": VitConfig(32, 2, 2, 4, (1,), relative_positions=True),
    "high_res_features": False,
    "proposals": False,
    "object_score": False,
    "point_features": False,
    "prompt_maps": False,
    "padding_point": "no_box",
}


@pytest.fixture
def model() -> Sam:
    torch.manual_seed(0)
    return tiny_sam().eval()


def prompts(classes: int, points: int = 2, size: int = 64) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    corners = torch.rand((1, classes, 2, 2), generator=generator) * size
    return {
        "point_coords": torch.rand((1, classes, points, 2), generator=generator) * size,
        "point_labels": torch.randint(0, 2, (1, classes, points), generator=generator),
        "boxes": corners.sort(dim=2).values,
        "mask_input": torch.randn((1, classes, size // 4, size // 4), generator=generator),
    }


@pytest.mark.parametrize("classes", [1, 5])
@pytest.mark.parametrize("multimask", [False, True])
def test_shapes_of_the_contract(model: Sam, classes: int, multimask: bool) -> None:
    image = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        features = model.encode_image(image)
        mask_input = torch.randn(1, classes, 16, 24)
        given = prompts(classes) | {"mask_input": mask_input}
        answer = model.decode(features, **given, multimask_output=multimask)
    masks = 3 if multimask else 1
    assert features.image_embedding.shape == (1, 32, 4, 6)
    assert [tuple(f.shape) for f in features.high_res_features] == [(1, 8, 8, 12), (1, 8, 16, 24)]
    assert features.proposals is not None
    assert features.proposals.shape == (1, 6, 16, 24)
    assert answer.low_res_logits.shape == (1, classes, masks, 16, 24)
    assert answer.iou_predictions.shape == (1, classes, masks)
    assert answer.object_score.shape == (1, classes, 1)


@pytest.mark.parametrize(
    "kinds",
    [
        ("point_coords", "point_labels"),
        ("boxes",),
        ("mask_input",),
        ("point_coords", "point_labels", "boxes", "mask_input"),
    ],
)
def test_objects_in_one_pass_equal_passes_of_one(model: Sam, kinds: tuple[str, ...]) -> None:
    given = {name: value for name, value in prompts(5).items() if name in kinds}
    with torch.inference_mode():
        features = model.encode_image(torch.randn(1, 3, 64, 64))
        together = model.decode(features, **given, multimask_output=True)
        for index in range(5):
            one = {name: value[:, index : index + 1] for name, value in given.items()}
            alone = model.decode(features, **one, multimask_output=True)
            for name in ("low_res_logits", "iou_predictions", "object_score"):
                difference = getattr(together, name)[:, index] - getattr(alone, name)[:, 0]
                assert difference.abs().max() <= 1e-5


def test_windows_in_one_batch_equal_windows_alone(model: Sam) -> None:
    images = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        together = model.encode_image(images)
        alone = model.encode_image(images[1:2])
    assert (together.image_embedding[1] - alone.image_embedding[0]).abs().max() <= 1e-5


@pytest.mark.parametrize(("box", "tokens"), [(False, 2), (True, 4)])
def test_sparse_tokens_of_one_point(model: Sam, box: bool, tokens: int) -> None:
    given = prompts(1, points=1)
    sparse, dense = model.prompt_encoder(
        given["point_coords"], given["point_labels"], given["boxes"] if box else None, None
    )
    assert sparse.shape == (1, 1, tokens, 32)
    assert torch.equal(dense[0, 0, :, 0, 0], model.prompt_encoder.no_mask_embed)


def test_no_prompts_no_sparse_tokens(model: Sam) -> None:
    sparse, _ = model.prompt_encoder(None, None, None, torch.zeros(1, 2, 16, 16))
    assert sparse is None


def test_padding_is_the_not_a_point_embedding_whatever_its_place(model: Sam) -> None:
    coords = torch.tensor([[[[3.0, 4.0], [60.0, 9.0]]]])
    labels = torch.tensor([[[1, -1]]])
    encoder = model.prompt_encoder
    sparse, _ = encoder(coords, labels, None, None)
    moved, _ = encoder(coords + torch.tensor([[0.0, 0.0], [-50.0, 7.0]]), labels, None, None)
    alone, _ = encoder(coords[:, :, :1], labels[:, :, :1], None, None)
    assert torch.equal(sparse, moved)
    assert torch.equal(sparse[0, 0, 0], alone[0, 0, 0])
    assert torch.equal(sparse[0, 0, 1], encoder.not_a_point_embed)
    assert torch.equal(sparse[0, 0, 2], encoder.not_a_point_embed)


def test_positional_encoding_is_the_formula() -> None:
    torch.manual_seed(3)
    encoding = PositionEncoding(16, (1.0, 1.0), 1024)
    xy = np.array([[0.0, 0.0], [511.5, 511.5], [12.25, 900.0]])
    unit = 2 * (xy + 0.5) / 1024 - 1
    angle = 2 * np.pi * unit @ encoding.gaussian.double().numpy()
    expected = np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)
    got = encoding(torch.from_numpy(xy).float()).numpy()
    assert np.abs(got - expected).max() < 2e-5
    middle = encoding(torch.tensor([511.5, 511.5]))
    assert torch.equal(middle, torch.cat([torch.zeros(8), torch.ones(8)]))


def test_dense_encoding_is_the_encoding_of_the_patch_centres() -> None:
    encoding = PositionEncoding(16, (1.0, 4.0), 1024)
    grid = encoding.grid(64, 64, 16)
    centre_of_patch = torch.tensor([16 * 5 + 7.5, 16 * 2 + 7.5])
    assert torch.allclose(grid[2, 5], encoding(centre_of_patch), atol=1e-5)


def test_sub_window_is_the_crop_of_the_full_window(model: Sam) -> None:
    full = torch.randn(1, 3, 1024, 1024)
    row, col = 7, 21
    crop = full[:, :, 16 * row : 16 * row + 128, 16 * col : 16 * col + 192]
    encoder = model.image_encoder
    patches = encoder.embed_patches(full)[:, row : row + 8, col : col + 12]
    assert (encoder.embed_patches(crop, (row, col)) - patches).abs().max() <= 1e-5
    position = model.prompt_encoder.position
    whole = position.grid(64, 64, 16)[row : row + 8, col : col + 12]
    assert (position.grid(8, 12, 16, (row, col)) - whole).abs().max() <= 1e-5


def test_prompts_of_a_sub_window_are_where_they_are_in_the_full_window(model: Sam) -> None:
    given = prompts(2)
    offset = torch.tensor([16.0 * 21, 16.0 * 7])
    encoder: PromptEncoder = model.prompt_encoder
    here, _ = encoder(
        given["point_coords"], given["point_labels"], given["boxes"], None, None, (7, 21)
    )
    there, _ = encoder(
        given["point_coords"] + offset, given["point_labels"], given["boxes"] + offset, None
    )
    assert (here - there).abs().max() <= 1e-5


def test_places_as_tensors_are_those_as_numbers(model: Sam) -> None:
    image, given = torch.randn(1, 3, 128, 192), prompts(2)
    offset, tensors = (7, 21), (torch.tensor(7), torch.tensor(21))
    features = [model.image_encoder(image, place) for place in (offset, tensors)]
    assert torch.equal(*(one.image_embedding for one in features))
    args = given["point_coords"], given["point_labels"], given["boxes"], None, slice(0, 1)
    here, there = (
        model.decode_tokens(one, *args, place)
        for one, place in zip(features, (offset, tensors), strict=True)
    )
    assert torch.equal(here.low_res_logits, there.low_res_logits)
    assert not torch.equal(features[0].image_embedding, model.image_encoder(image).image_embedding)


def test_mixed_precision_does_not_move_a_prompt(model: Sam) -> None:
    xy = torch.tensor([[3.0, 1000.25], [700.5, 20.75]])
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model.prompt_encoder.position(xy)
    assert torch.equal(mixed, model.prompt_encoder.position(xy))


def test_point_features_are_looked_up_under_the_point(model: Sam) -> None:
    features = torch.zeros(1, 8, 16, 16)
    features[0, :, 5, 9] = 3.0
    coords = torch.tensor([[[[4 * 9 + 1.5, 4 * 5 + 1.5], [4 * 2 + 1.5, 4 * 5 + 1.5]]]])
    encoder = model.prompt_encoder
    labels = torch.ones(1, 1, 2, dtype=torch.long)
    plain = encoder.embed_points(coords, labels, None, (0, 0))
    seen = encoder.embed_points(coords, labels, features, (0, 0)) - plain
    layer = encoder.point_features
    assert torch.allclose(seen[0, 0, 0], layer(torch.full((8,), 3.0)), atol=1e-5)
    assert torch.allclose(seen[0, 0, 1], layer.bias, atol=1e-5)


@pytest.mark.parametrize("with_gradients", [False, True])
@pytest.mark.parametrize("shape", [(16, 16), (13, 7), (8, 24), (6, 30)])
def test_windows_join_to_what_was_cut(shape: tuple[int, int], with_gradients: bool) -> None:
    x, fill = torch.randn(2, *shape, 5, requires_grad=True), torch.randn(5)
    buffers = Buffers()
    with torch.set_grad_enabled(with_gradients):
        buffers.take("windows", (10_000,), x).fill_(9.0)  # what an earlier block left
        windows = partition_windows(x, 8, fill, buffers)
        assert windows.shape[1:] == (8, 8, 5)
        joined = join_windows(windows, 8, x.shape, buffers)
    assert torch.equal(joined, x)
    filled = (windows == fill).all(-1).sum()
    assert filled == windows.shape[:3].numel() - x.shape[:3].numel()
    if with_gradients:
        weight = torch.randn_like(joined)
        (joined * weight).sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad, weight)


def test_windowed_blocks_do_not_look_beyond_their_window(model: Sam) -> None:
    block = model.image_encoder.blocks[0]
    assert block.window == 4
    x = torch.randn(1, 8, 8, 32)
    changed = x.clone()
    changed[0, 0, 0, 3] += 1
    ours, other = (block(image, Buffers()) for image in (x, changed))
    difference = (ours - other).abs().amax(-1)[0]
    assert difference[:4, :4].min() > 0
    assert difference[4:].max() == 0
    assert difference[:, 4:].max() == 0


def test_global_blocks_look_everywhere(model: Sam) -> None:
    block = model.image_encoder.blocks[1]
    x = torch.randn(1, 8, 8, 32)
    changed = x.clone()
    changed[0, 0, 0, 3] += 1
    ours, other = (block(image, Buffers()) for image in (x, changed))
    assert (ours - other).abs().amax(-1).min() > 0


@pytest.mark.parametrize("relative_positions", [False, True])
def test_without_gradients_a_block_works_in_place_and_gives_the_same(
    relative_positions: bool,
) -> None:
    torch.manual_seed(0)
    trunk = VitConfig(32, 2, 2, 4, (1,), relative_positions=relative_positions)
    for window in (0, 4):
        block = Block(trunk, window, 6)
        for parameter in block.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        x = torch.randn(2, 6, 6, 32)
        kept = block(x, Buffers())
        with torch.inference_mode():
            in_place = x.clone()
            answer = block(in_place, Buffers())
        assert answer.data_ptr() == in_place.data_ptr()
        assert torch.allclose(answer, kept, atol=1e-5)


def test_relative_positions_are_the_table_rows_of_the_distances() -> None:
    attention = Attention(2, 1, 3, relative_positions=True)
    with torch.no_grad():
        attention.rel_pos_h.copy_(torch.arange(10.0).view(5, 2) / 10)
        attention.rel_pos_w.copy_(torch.arange(10.0).view(5, 2).flip(0) / 7)
    qkv = torch.randn(1, 3, 3, 6)
    q, k, v = qkv.view(9, 3, 2).unbind(1)
    scores = q @ k.T / math.sqrt(2)
    for i, j in itertools.product(range(9), range(9)):
        (yi, xi), (yj, xj) = divmod(i, 3), divmod(j, 3)
        scores[i, j] += q[i] @ attention.rel_pos_h[yi - yj + 2]
        scores[i, j] += q[i] @ attention.rel_pos_w[xi - xj + 2]
    expected = (scores.softmax(-1) @ v).view(1, 3, 3, 2)
    assert torch.allclose(attention(qkv, Buffers()), expected, atol=1e-6)


def test_switches_make_the_decoder_of_sam_1() -> None:
    torch.manual_seed(0)
    model = tiny_sam(**SAM1_SWITCHES).eval()
    with torch.inference_mode():
        features = model.encode_image(torch.randn(1, 3, 64, 64))
        answer = model.decode(features, **prompts(2), multimask_output=True)
        sparse, _ = model.prompt_encoder(*list(prompts(2).values())[:3], None)
    assert features.high_res_features == ()
    assert features.proposals is None
    assert answer.low_res_logits.shape == (1, 2, 3, 16, 16)
    assert torch.equal(answer.object_score, torch.full((1, 2, 1), 10.0))
    assert sparse.shape[2] == 4  # two points and two corners: SAM pads points only without a box
    assert not any("object_score" in name for name in model.state_dict())


def test_preprocess_normalises_and_pads_right_and_bottom(model: Sam) -> None:
    rgb = torch.full((20, 33, 3), 200.0)
    image = model.preprocess(rgb)
    assert image.shape == (1, 3, 32, 48)
    mean, std = model.config.pixel_mean[1], model.config.pixel_std[1]
    assert image[0, 1, 19, 32].item() == pytest.approx((200 - mean) / std, rel=1e-6)
    assert image[0, :, 20:].abs().max() == 0
    assert image[0, :, :, 33:].abs().max() == 0


def test_loading_other_weights_forgets_the_old_positions(model: Sam) -> None:
    torch.manual_seed(9)
    other = Sam(model.config, model.policy).eval()
    features = model.encode_image(torch.randn(1, 3, 64, 64))
    model.decode(features, **prompts(1))
    model.load_state_dict(other.state_dict())
    assert torch.equal(
        model.decode(features, **prompts(1)).low_res_logits,
        other.decode(features, **prompts(1)).low_res_logits,
    )


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    model = tiny_sam()
    given = prompts(2)
    given["point_labels"] = torch.tensor([[[0, 1], [1, -1]]])
    features = model.encode_image(torch.randn(1, 3, 64, 64))
    both = [
        model.decode_tokens(features, *given.values(), slice(0, 4)),
        model.decode_tokens(features, *list(given.values())[:3], None, slice(0, 4)),
    ]
    loss = features.proposals.sum()
    for answer in both:
        loss = loss + answer.low_res_logits.square().mean() + answer.iou_predictions.sum()
        loss = loss + answer.object_score.sum()
    loss.backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    # the keys' bias cancels in the softmax
    assert [name for name in without if not name.endswith("k_proj.bias")] == []


def test_head_is_a_perceptron_with_relu() -> None:
    head = HeadMlp(1, 1, 1)
    with torch.no_grad():
        for layer in head.layers:
            layer.weight.fill_(2)
            layer.bias.fill_(1)
    assert head(torch.tensor([3.0])).item() == 15  # 2 relu(2 x + 1) + 1
    assert head(torch.tensor([-3.0])).item() == 1
    assert math.isclose(head(torch.tensor([0.0])).item(), 3)


def maps_of(**prompts: Tensor) -> Tensor:
    """The nine maps before their projection, ``(C, 9, 16, 16)``."""
    maps = PromptMaps(9)
    with torch.no_grad():
        maps.project.weight.copy_(torch.eye(9)[..., None, None])
        maps.project.bias.zero_()
        given = [prompts.get(name) for name in ("coords", "labels", "boxes", "mask")]
        return maps((16, 16), *given)[0]


def test_prompt_maps_draw_points_where_they_are() -> None:
    coords = torch.tensor([[[[4 * 9 + 1.5, 4 * 5 + 1.5], [4 * 2 + 1.5, 4 * 12 + 1.5]]]])
    maps = maps_of(coords=coords, labels=torch.tensor([[[1, 0]]]))
    for channel, (row, col) in ((0, (5, 9)), (3, (12, 2))):
        assert divmod(int(maps[0, channel].argmax()), 16) == (row, col)
        assert maps[0, channel, row, col].item() == pytest.approx(1)
        assert maps[0, channel, row, col + 1].item() == pytest.approx(math.exp(-((4 / 3) ** 2) / 2))
    assert maps[0, 6:].abs().max() == 0


def test_prompt_maps_ignore_padding() -> None:
    coords = torch.tensor([[[[10.0, 10.0], [50.0, 50.0]]]])
    padded = maps_of(coords=coords, labels=torch.tensor([[[1, -1]]]))
    alone = maps_of(coords=coords[:, :, :1], labels=torch.tensor([[[1]]]))
    assert torch.equal(padded, alone)


def test_prompt_maps_draw_boxes_and_masks() -> None:
    boxes = torch.tensor([[[[15.5, 23.5], [47.5, 39.5]]]])
    maps = maps_of(boxes=boxes)[0]
    assert maps[6, 7, 7].item() > 0.9  # x 29.5, y 29.5: inside
    assert maps[6, 7, 1].item() < 0.01
    assert maps[7].max().item() <= 1
    assert maps[7, 7, 7].item() > 0.8  # near the middle of the ellipse
    assert maps[7, 6, 4].item() < 0  # in the box's corner, outside of its ellipse
    mask = torch.full((1, 1, 16, 16), -8.0)
    mask[..., 3:5, 3:5] = 8
    drawn = maps_of(mask=mask)[0, 8]
    assert torch.equal(drawn > 0, mask[0, 0] > 0)
