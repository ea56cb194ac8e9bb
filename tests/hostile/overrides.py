"""Settings that nobody should pass: one wrong flag or field each, refused in one line."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import train
from tests.hostile.attempt import READ, REFUSED, Case, Fault, command, entry_point

OVERRIDES = (
    *("train.steps=0", "train.steps=-1", "train.steps=nan", "train.steps=1e99", "train.steps=²"),
    *("train.steps=", "train.steps=ten", "train.steps=1.5", "train.stpes=1", "train=1"),
    *("train.seed=-1", "train.seed=1e40", "train.log_every_steps=0", "train.accumulate=0"),
    *(
        "train.accumulate=-2",
        "train.accumulate=3",
        "train.average_decay=2",
        "train.average_decay=1",
    ),
    *("train.average_decay=nan", "train.average_decay=-0.1", "train.text_weight=-1"),
    *("train.text_weight=inf", "train.profile_steps=(5,)", "train.profile_steps=(3,2)"),
    *("model.encoder.width=0", "model.encoder.width=-8", "model.encoder.width=1e9"),
    *("model.encoder.width=127", "model.encoder.heads=0", "model.encoder.heads=3"),
    *("model.encoder.patch_size=0", "model.encoder.patch_size=7", "model.encoder.image_size=1e6"),
    *("model.encoder.depth=1e6", "model.decoder.vocab_size=1e10", "model.decoder.kv_heads=3"),
    *("model.decoder.head_size=0", "model.decoder.head_size=3", "model.decoder.rope_base=0"),
    *("model.decoder.rope_base=nan", "model.decoder.sliding_window=-1", "model.attention=both"),
    *("model.adapters.rank=-1", "model.adapters.rank=1e8", "model.adapters.alpha=nan"),
    *("data.batch_size=0", "data.batch_size=1e9", "data.length=1", "data.length=1e9"),
    *("data.block_length=7", "data.pairs_per_image=0", "data.workers=-1", "data.workers=1e6"),
    *("data.prefix_template=what", "data.datasets[0].weight=-1", "data.datasets[0].weight=nan"),
    *("data.datasets[9].weight=1", "data.datasets[²].weight=1", "data.datasets[0]=1"),
    *("data.datasets[0].noise_std_metres=-1", "data.datasets[0].noise_std_metres=inf"),
    *("data.datasets[0].flipped_relations=1.5", "data.datasets[0].flipped_relations=nan"),
    *("data.datasets[0].scale_error_std=-0.1", "data.datasets[0].pairs_per_image=-1"),
    *("optim.peak_lr=-1", "optim.peak_lr=nan", "optim.peak_lr=inf", "optim.b1=1", "optim.b2=2"),
    *("optim.b1=-0.1", "optim.clip_norm=-1", "optim.clip_norm=nan", "optim.weight_decay=nan"),
    *(
        "optim.warmup_steps=-1",
        "optim.decay_steps=1e9",
        "optim.decay_steps=-1",
        "optim.freeze=('encdoer',)",
    ),
    *("optim.freeze=encdoer", "optim.lr_multipliers={'encdoer': 1.0}", "optim.lr_multipliers=7"),
    *("optim.lr_multipliers={'encoder': float('nan')}", "optim.optimizer=sgd", "mesh.data=0"),
    *(
        "mesh.fsdp=-2",
        "mesh.tensor=1e6",
        "checkpoint.every=0",
        "checkpoint.keep=0",
        "eval.every=-1",
    ),
    *("eval.batch_size=0", "eval.max_answer_tokens=0", "eval.max_answer_tokens=1e9"),
    *("eval.images=-1", "__class__=1", "data.__dict__=1", ".=1", "=1", "[0]=1"),
    *("data.datasets[0].pth=x", "data.datasets[0].worlds.imges=3", "optim.lr_multipliers.decodr=1"),
    *(
        "data.datasets[0].path=",
        "data.datasets[0].name=",
        "data.tokenizer=",
        "name=",
        "train..steps=9",
    ),
    *("data.datasets[0]steps=1", "data.datasets[-1].weight=1", "data.datasets[１].weight=1"),
    *("train.steps=１0", "train.steps=" + "(" * 5000, "train.steps=" + "-" * 100_000 + "1"),
    *("train.steps=" + "9" * 5000, "train.steps=[" * 5000, "optim.lr_multipliers={[]: 1}"),
    *("data.datasets=({'nme': 'a', 'path': 'b'},)", "data.datasets=7", "data.datasets[0].kinds=x"),
    *("data.datasets[1].name=spatial", "eval.prefix_template=what", "data.features=somewhere"),
    *("model.encoder.patch_size=1e-3", "model.encoder.stem=none", "model.int8=('encdoer/*',)"),
    *("model.int8=('decoder/*',)", "model.nf4=('connector',)", "model.adapters.targets=(3,)"),
    *("model.adapters.targets=('decodr/*',)", "mesh.fsdp=3", "mesh.data=16", "mesh.data=nan"),
    *("optim.freeze=('encoder', 'connector', 'decoder', 'embeddings')", "optim.warmup_steps=41"),
    *("optim.freeze=(1,)", "optim.decay_steps=41", "model.attention=prefix", "dense=1"),
    *("dense.weight=nan", "dense.labels=0", "dense.values=1e9", "dense.words=-1", "eval=None"),
    *("dense.value_weight=-1", "dense.value_weight=nan"),
    *("data.datasets[0].worlds.images=0", "data.datasets[0].worlds.image_size=0"),
    *("data.datasets[0].worlds.image_size=1e6", "data.datasets[0].worlds.seed=-1"),
    *("data.datasets[0].worlds.questions.pairs_per_image=0", "data.datasets[0].worlds=rich"),
    *("data.datasets[0].worlds.questions.types=('left_off',)", "data.datasets[0].format=csv"),
)

GENERATE = (
    *("--images=0", "--images=-1", "--images=nan", "--images=1e3", "--images=²", "--images=１"),
    *("--images=", "--images=1e99", f"--images={'9' * 5000}", "--images=4000000000", "--imagse=3"),
    *("--validation-images=-1", "--validation-images=40", "--validation-images=x"),
    *("--split=train", "--split=train=0", "--split=train=²", "--split=train=-3", "--split=a=1,a=2"),
    *(
        "--split=train=１",
        "--split=../up=3",
        f"--split=train={'9' * 30}",
        "--split=,",
        "--split==1",
    ),
    *("--image-size=0", "--image-size=-64", "--image-size=nan", "--image-size=1000000"),
    *("--image-size=１６", "--image-size=64.5", "--seed=-1", "--seed=nan", f"--seed={2**31}"),
    *(
        "--seed=²",
        "--seed=0x1",
        "--workers=0",
        "--workers=-1",
        "--workers=1000000",
        "--workers=two",
    ),
    *("--shards=0", "--shards=-1", "--shards=1e9", "--ray-gpus=-1", "--ray-gpus=nan"),
    *("--pairs-per-image=0", "--pairs-per-image=-1", "--pairs-per-image=1e9", "--preset=castle"),
    *(
        "--pairs-per-image=１",
        "--question-phrasings=0",
        "--answer-phrasings=-1",
        "--types=left_off",
    ),
    *("--units=feet", "--source=video", "--split-by=room", "--config=absent.py"),
    *("--fov=0", "--fov=180", "--fov=nan", "--fov=inf", "--fov=1e999", "--depth-scale=0"),
    *("--depth-scale=-1", "--depth-scale=nan", "--depth-scale=1e99", "--layout=kitti"),
    *("--config.seed=-1", "--config.seed=1e40", "--config.split.validation_fraction=1"),
    *("--config.split.validation_fraction=nan", "--config.lift.clean.min_valid=2"),
    *("--config.lift.clean.min_points=9999", "--config.lift.clean.max_points=0"),
    *("--config.lift.end_share=0.5", "--config.lift.focal_std=nan", "--config.lift.frame.trials=0"),
    *("--config.lift.frame.max_tilt=7", "--config.lift.clean.edge_jump=0", "--config.experts=1"),
    *("--config.experts.batch_size=0", "--config.experts.batch_sizes={'dept': 2}"),
    *("--config.experts.batch_sizes={'depth': 0}", "--config.experts.fov_degrees=180"),
    *("--config.experts.threshold=nan", "--config.experts.most_overlap=2"),
    *("--config.experts.noise.depth_scale_std=-1", "--config.experts.noise.missed_fraction=1.5"),
    *("--config.experts.noise.mask_erosion=1e9", "--config.experts.noise.focal_std=inf"),
    *("--config.omni3d.boxes.max_distance=0", "--config.omni3d.boxes.up_votes=0"),
    *("--config.omni3d.boxes.min_visibility=nan", "--config.omni3d.decode.max_bytes=0"),
    *("--config.photos.decode.min_side=9999", "--config.photos.decode.max_side=1e9"),
    *("--config.rgbd.max_depth=nan", "--config.rgbd.scale_std=-1", "--config.ambiguity=x"),
    *("--config.ambiguity.min_similarity=2", "--config.questions.min_value=0"),
    *("--config.questions.weights={'left_off': 1}", "--config.questions.weights={'left_of': -1}"),
    *(
        "--config.questions.wieghts={}",
        "--config..seed=1",
        "--config.seed",
        "--config.worlds.size=3",
    ),
)


def _override(word: str, folder: Path) -> str:
    paths = (
        f"{part}.datasets[{i}].path={folder}/data" for part in ("data", "eval") for i in (0, 1)
    )
    words = (f"--config.{each}" for each in (*paths, word))
    given = ("--config=configs/debug.py", f"--workdir={folder}/run", *words)
    code, _, _ = entry_point(train.main, *given, quiet=False)
    return REFUSED if code == 2 else READ


def _generate(word: str, folder: Path) -> str:
    small = ["--images=2", "--image-size=16", "--quiet"]
    code, _, _ = command("generate", f"--out={folder / 'data'}", *small, word)
    if (folder / "data").exists() and code:
        raise Fault("a folder is left")
    return REFUSED if code else READ


def overrides() -> Iterator[Case]:
    """Single settings of `configs/debug.py`, given to `train.py`, and of `spatialvlm generate`."""
    for word in OVERRIDES:
        yield Case(word, partial(_override, word), (REFUSED,))
    for word in GENERATE:
        yield Case(word, partial(_generate, word), (REFUSED,))
