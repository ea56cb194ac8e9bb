"""Tiny checkpoints with random weights, written in the form that real ones have on disk."""

import string
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo

LABELS = ("wall", "floor, flooring", "sky", "rug")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8[height, width, 3], noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def photos(*sizes: tuple[int, int], **fields: Any) -> list[Photo]:
    """One photo for each (height, width), all different."""
    return [Photo(f"photo-{i}", picture(*size, seed=i), **fields) for i, size in enumerate(sizes)]


def save_clip(folder: Path) -> Path:
    import transformers as hf

    text = {"vocab_size": 600, "max_position_embeddings": 40, **_ids(1, 2), **_NARROW}
    vision = {"image_size": 16, "patch_size": 8, **_NARROW}
    _save(
        folder,
        hf.CLIPModel,
        hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8),
    )
    hf.CLIPImageProcessorPil(
        size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}
    ).save_pretrained(folder)
    _clip_tokenizer().save_pretrained(folder)
    return folder


def save_siglip(folder: Path) -> Path:
    import transformers as hf

    text = {"vocab_size": 600, "max_position_embeddings": 16, "projection_size": 16, **_NARROW}
    vision = {"image_size": 16, "patch_size": 8, **_NARROW}
    _save(folder, hf.SiglipModel, hf.SiglipConfig(text_config=text, vision_config=vision))
    hf.SiglipImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    _clip_tokenizer().save_pretrained(folder)
    return folder


def save_owlv2(folder: Path) -> Path:
    import transformers as hf

    text = {"vocab_size": 600, "max_position_embeddings": 24, **_ids(1, 2), **_NARROW}
    vision = {"image_size": 16, "patch_size": 8, **_NARROW}
    _save(
        folder,
        hf.Owlv2ForObjectDetection,
        hf.Owlv2Config(text_config=text, vision_config=vision, projection_dim=16),
    )
    hf.Owlv2ImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    _clip_tokenizer().save_pretrained(folder)
    return folder


def save_grounding_dino(folder: Path, max_text_len: int = 32) -> Path:
    import transformers as hf

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "mug", "chair", "lamp"]
    vocab = {word: index for index, word in enumerate(words)}
    text = hf.BertConfig(vocab_size=len(vocab), max_position_embeddings=64, **_NARROW)
    backbone = hf.SwinConfig(
        image_size=32, patch_size=4, embed_dim=8, depths=[1, 1, 1], num_heads=[1, 1, 1],
        window_size=2, out_features=["stage2", "stage3"],
    )  # fmt: skip
    config = hf.GroundingDinoConfig(
        backbone_config=backbone, text_config=text, max_text_len=max_text_len, num_queries=6,
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, num_feature_levels=2,
    )  # fmt: skip
    _save(folder, hf.GroundingDinoForObjectDetection, config)
    hf.GroundingDinoImageProcessorPil(
        size={"shortest_edge": 32, "longest_edge": 64}
    ).save_pretrained(folder)
    hf.BertTokenizer(vocab=vocab).save_pretrained(folder)
    return folder


def save_florence(folder: Path) -> Path:
    import transformers as hf
    from tokenizers.pre_tokenizers import ByteLevel

    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    tokenizer = hf.BartTokenizer(
        vocab={word: index for index, word in enumerate(words)},
        merges=[],
        extra_special_tokens={"image_token": "<image>"},
    )
    tokenizer.add_tokens([f"<loc_{index}>" for index in range(1000)])
    text = hf.BartConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_position_embeddings=1100, **_ids(0, 2), pad_token_id=1,
    )  # fmt: skip
    vision = hf.models.florence2.configuration_florence2.Florence2VisionConfig(
        depths=[1, 1], patch_size=[7, 3], patch_stride=[4, 2], patch_padding=[3, 1],
        patch_prenorm=[False, True], embed_dim=[8, 16], num_heads=[1, 2], num_groups=[1, 2],
        window_size=4, projection_dim=16,
    )  # fmt: skip
    config = hf.Florence2Config(
        text_config=text, vision_config=vision, image_token_id=tokenizer.image_token_id
    )
    _save(folder, hf.Florence2ForConditionalGeneration, config)
    images = hf.CLIPImageProcessorPil(
        size={"height": 32, "width": 32}, do_center_crop=False, image_seq_length=17
    )
    tasks = ("description_with_bboxes", "bboxes", "pure_text")
    hf.Florence2Processor(
        images, tokenizer, post_processor_config={task: {} for task in tasks}
    ).save_pretrained(folder)
    return folder


def save_sam(folder: Path) -> Path:
    import transformers as hf

    vision = hf.SamVisionConfig(
        image_size=32, patch_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        mlp_dim=16, output_channels=16, window_size=2, global_attn_indexes=[0],
        num_pos_feats=8,
    )  # fmt: skip
    config = hf.SamConfig(
        vision_config=vision,
        prompt_encoder_config=_prompts(hf.SamPromptEncoderConfig, 8),
        mask_decoder_config=_masks(hf.SamMaskDecoderConfig),
    )
    _save(folder, hf.SamModel, config)
    hf.SamImageProcessorPil(
        size={"longest_edge": 32}, pad_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    return folder


def save_sam2(folder: Path, video: bool = False) -> Path:
    import transformers as hf

    backbone = hf.Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[64, 64], blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[4, 4, 4, 4], global_attention_blocks=[3],
        window_positional_embedding_background_size=[2, 2],
    )  # fmt: skip
    vision = hf.Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=16,
    )  # fmt: skip
    parts = {
        "vision_config": vision,
        "prompt_encoder_config": _prompts(hf.Sam2PromptEncoderConfig, 16, 64),
        "mask_decoder_config": _masks(hf.Sam2MaskDecoderConfig),
    }
    if video:
        config = hf.Sam2VideoConfig(
            **parts, image_size=64, memory_attention_hidden_size=16,
            memory_attention_num_layers=1, memory_attention_num_attention_heads=1,
            memory_attention_feed_forward_hidden_size=16, memory_encoder_hidden_size=16,
            memory_encoder_output_channels=8, memory_fuser_embed_dim=16,
            memory_fuser_intermediate_dim=16, memory_attention_rope_feat_sizes=[4, 4],
            mask_downsampler_embed_dim=16,
        )  # fmt: skip
        _save(folder, hf.Sam2VideoModel, config)
    else:
        _save(folder, hf.Sam2Model, hf.Sam2Config(**parts))
    # The image processor of SAM 2 wants torchvision: its file is written by hand.
    _write(folder / "preprocessor_config.json", {
        "image_processor_type": "Sam2ImageProcessor", "size": {"height": 64, "width": 64},
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
    })  # fmt: skip
    return folder


def save_depth_pro(folder: Path) -> Path:
    import transformers as hf

    part = hf.Dinov2Config(image_size=16, patch_size=4, **_NARROW)
    config = hf.DepthProConfig(
        fusion_hidden_size=8, patch_size=16, intermediate_hook_ids=[0], use_fov_model=True,
        intermediate_feature_dims=[8], scaled_images_ratios=[0.5, 1.0], merge_padding_value=1,
        scaled_images_overlap_ratios=[0.0, 0.5], scaled_images_feature_dims=[8, 8],
        image_model_config=part, patch_model_config=part, fov_model_config=part,
        num_fov_head_layers=0,
    )  # fmt: skip
    _save(folder, hf.DepthProForDepthEstimation, config)
    _write(folder / "preprocessor_config.json", {
        "image_processor_type": "DepthProImageProcessor", "size": {"height": 32, "width": 32},
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    })  # fmt: skip
    return folder


def save_depth_anything(folder: Path, kind: str = "metric") -> Path:
    import transformers as hf

    backbone = hf.Dinov2Config(
        image_size=14, patch_size=7, out_indices=[1, 2, 3, 4], reshape_hidden_states=False,
        apply_layernorm=True, **{**_NARROW, "num_hidden_layers": 4},
    )  # fmt: skip
    config = hf.DepthAnythingConfig(
        backbone_config=backbone, patch_size=7, reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=8,
        depth_estimation_type=kind, max_depth=20,
    )  # fmt: skip
    _save(folder, hf.DepthAnythingForDepthEstimation, config)
    hf.DPTImageProcessorPil(
        size={"height": 28, "width": 28}, keep_aspect_ratio=True, ensure_multiple_of=7
    ).save_pretrained(folder)
    return folder


def save_zoedepth(folder: Path) -> Path:
    import transformers as hf

    backbone = hf.BeitConfig(
        image_size=32, patch_size=8, out_indices=[1, 2, 3, 4], reshape_hidden_states=False,
        use_relative_position_bias=True, **{**_NARROW, "num_hidden_layers": 4},
    )  # fmt: skip
    config = hf.ZoeDepthConfig(
        backbone_config=backbone, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        bottleneck_features=8, num_relative_features=8, bin_embedding_dim=8, num_attractors=[2] * 4,
        num_patch_transformer_layers=1, patch_transformer_hidden_size=8,
        patch_transformer_intermediate_size=8, patch_transformer_num_attention_heads=1,
        bin_configurations=[{"n_bins": 4, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        reassemble_factors=[4, 2, 1, 0.5],
    )  # fmt: skip
    _save(folder, hf.ZoeDepthForDepthEstimation, config)
    hf.ZoeDepthImageProcessorPil(
        size={"height": 32, "width": 32}, ensure_multiple_of=32
    ).save_pretrained(folder)
    return folder


def save_segformer(folder: Path) -> Path:
    import transformers as hf

    config = hf.SegformerConfig(
        depths=[1, 1], num_encoder_blocks=2, sr_ratios=[2, 1], hidden_sizes=[8, 8],
        patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 1], mlp_ratios=[2, 2],
        decoder_hidden_size=8, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    _save(folder, hf.SegformerForSemanticSegmentation, config)
    hf.SegformerImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_upernet(folder: Path) -> Path:
    import transformers as hf

    backbone = hf.ConvNextConfig(
        hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1],
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = hf.UperNetConfig(
        backbone_config=backbone, hidden_size=8, pool_scales=[1, 2], auxiliary_in_channels=8,
        use_auxiliary_head=False, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    _save(folder, hf.UperNetForSemanticSegmentation, config)
    hf.SegformerImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_mask2former(folder: Path) -> Path:
    import transformers as hf

    backbone = hf.SwinConfig(
        image_size=32, patch_size=4, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1],
        window_size=2, out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = hf.Mask2FormerConfig(
        backbone_config=backbone, feature_size=32, mask_feature_size=32, hidden_dim=32,
        encoder_feedforward_dim=16, encoder_layers=1, decoder_layers=2, num_attention_heads=2,
        dim_feedforward=16, num_queries=5, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    _save(folder, hf.Mask2FormerForUniversalSegmentation, config)
    hf.Mask2FormerImageProcessorPil(
        size={"height": 64, "width": 64}, do_resize=True
    ).save_pretrained(folder)
    return folder


_NARROW = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def _ids(bos: int, eos: int) -> dict[str, int]:
    return {"bos_token_id": bos, "eos_token_id": eos}


def _clip_tokenizer() -> Any:
    """Spells words out, letter by letter."""
    import transformers as hf

    marks = [*string.ascii_lowercase, *string.digits, "-", ",", "."]
    words = ["!", "<|startoftext|>", "<|endoftext|>", *marks, *(f"{mark}</w>" for mark in marks)]
    return hf.CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])


def _prompts(kind: Any, patch_size: int, image_size: int = 32) -> Any:
    return kind(hidden_size=16, image_size=image_size, patch_size=patch_size, mask_input_channels=4)


def _masks(kind: Any) -> Any:
    return kind(
        hidden_size=16, mlp_dim=16, num_hidden_layers=1, num_attention_heads=2,
        iou_head_hidden_dim=16,
    )  # fmt: skip


def _save(folder: Path, kind: Any, config: Any) -> None:
    import torch

    torch.manual_seed(0)
    kind(config).save_pretrained(folder)


def _write(path: Path, settings: dict[str, Any]) -> None:
    import json

    path.write_text(json.dumps(settings), encoding="utf-8")
