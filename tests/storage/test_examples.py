import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.intrinsics import pinhole
from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.storage import codec
from spatialvlm_jax.storage import examples as store
from tests.generation.pictures import pairs, picture


@pytest.fixture(scope="module")
def example() -> store.StoredExample:
    return store.StoredExample(store.encode_example(picture(3), pairs(3)))


def test_a_scene_comes_back_as_it_was(example: store.StoredExample) -> None:
    before, after = picture(3), example.scene()
    assert (after.image_id, after.source) == ("fake-0003", "fake")
    assert np.array_equal(after.image, before.image)
    assert np.array_equal(after.intrinsics, before.intrinsics)
    assert after.up is not None
    assert np.array_equal(after.up, [0, -1, 0])
    assert after.camera_height == 1.5
    assert after.scale_std == 0.0625
    assert after.extra == before.extra == {"frame": "canonical"}
    for was, now in zip(before.objects, after.objects, strict=True):
        for field in dataclasses.fields(Object3D):
            if field.name != "parts":
                old, new = getattr(was, field.name), getattr(now, field.name)
                assert np.array_equal(np.asarray(new), np.asarray(old, np.asarray(new).dtype)), (
                    field
                )


def test_pairs_come_back_as_they_were(example: store.StoredExample) -> None:
    for was, now in zip(pairs(3), example.pairs(), strict=True):
        np.testing.assert_equal(
            dataclasses.asdict(now),
            dataclasses.asdict(was) | {"value": float(np.float32(was.value))},
        )


def test_answers_of_several_people_are_kept() -> None:
    several = dataclasses.replace(pairs(0)[0], answers=("yes", "no, it\nis not", "yes"))
    record = store.encode_example(picture(0), [several, pairs(0)[1]])
    first, second = store.StoredExample(record).pairs()
    assert first.answers == ("yes", "no, it is not", "yes")
    assert second.answers == ()


def test_depth_is_metres_to_half_a_millimetre_and_zero_where_unknown() -> None:
    depth = np.array([[0.7773, np.nan], [-1.0, 52.1234]], np.float32)
    read = codec.decode_depth(codec.encode_depth(depth))
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, [[0.7773, 0.0], [0.0, 52.1234]], atol=0.5e-3)


def test_spans_are_sizes_along_the_canonical_axes(example: store.StoredExample) -> None:
    # A level camera: canonical x, y, z are the camera's x, z and y upside down.
    np.testing.assert_allclose(example.floats("objects/spans", (-1, 3))[0], [0.125, 0.5, 0.25])


def test_unknown_gravity_is_none_and_leaves_spans_unknown() -> None:
    record = store.encode_example(picture(0, gravity=False), pairs(0))
    example = store.StoredExample(record)
    assert example.scene().up is None
    assert example.scene().camera_height is None
    assert np.isnan(example.floats("objects/spans")).all()


def test_equal_scenes_give_equal_bytes() -> None:
    assert store.encode_example(picture(1), pairs(1)) == store.encode_example(picture(1), pairs(1))


def test_tfds_decodes_what_is_written_and_agrees_with_our_reader(
    example: store.StoredExample,
) -> None:
    record = store.encode_example(picture(3), pairs(3))
    read = store.features().deserialize_example_np(record)
    assert np.array_equal(read["image"], example.image())
    assert np.array_equal(read["instances"][..., 0], example.instances())
    assert np.array_equal(read["depth"][..., 0], example.depth())
    assert list(read["qa"]["question"]) == example.bytes_of("qa/question")
    assert list(read["qa"]["objects"][0]) == [0, 1, -1, -1]
    assert np.array_equal(read["objects"]["rotation"], [np.eye(3), np.eye(3)])


def test_a_picture_of_which_nothing_is_known_can_be_stored() -> None:
    before = Scene("plain", picture(0).image, np.full((3, 3), np.nan), objects=())
    record = store.encode_example(before, [])
    after = store.StoredExample(record).scene()
    assert after.objects == ()
    assert (after.depth, after.up, after.camera_height) == (None, None, None)
    assert np.isnan(after.intrinsics).all()
    assert np.array_equal(after.image, before.image)
    read = store.features().deserialize_example_np(record)
    assert np.array_equal(read["depth"], np.zeros((1, 1, 1)))
    assert np.array_equal(read["instances"], np.zeros((1, 1, 1)))
    assert len(read["qa"]["question"]) == len(read["objects"]["caption"]) == 0


def test_objects_without_masks_have_none_afterwards() -> None:
    bare = tuple(dataclasses.replace(item, mask=None) for item in picture(0).objects)
    scene = dataclasses.replace(picture(0), objects=bare)
    after = store.StoredExample(store.encode_example(scene, pairs(0))).scene()
    assert [item.mask for item in after.objects] == [None, None]


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_the_file_of_a_photo_is_stored_as_it_is(form: str) -> None:
    file = io.BytesIO()
    Image.fromarray(picture(0, size=32).image).save(file, format=form)
    decoded = np.asarray(Image.open(file))
    scene = dataclasses.replace(picture(0, size=32), image=decoded, encoded=file.getvalue())
    record = store.encode_example(scene, pairs(0))
    example = store.StoredExample(record)
    assert example.bytes_of("image") == [file.getvalue()]
    assert np.array_equal(example.image(), decoded)
    assert np.array_equal(store.features().deserialize_example_np(record)["image"], decoded)


def test_what_json_cannot_hold_is_refused_by_name() -> None:
    odd = dataclasses.replace(picture(0), extra={"model": object()})
    with pytest.raises(TypeError, match=r"Scene\.extra holds a object"):
        store.encode_example(odd, [])
    fine = dataclasses.replace(picture(0), extra={"normal": np.ones(2), "n": np.int64(3)})
    example = store.StoredExample(store.encode_example(fine, []))
    assert example.extra() == {"normal": [1.0, 1.0], "n": 3}


def test_more_than_the_format_holds_is_refused() -> None:
    crowd = dataclasses.replace(picture(0), objects=picture(0).objects * 128)
    with pytest.raises(ValueError, match="256 objects; at most 255"):
        store.encode_example(crowd, [])
    pair = dataclasses.replace(pairs(0)[0], objects=(0, 1, 0, 1, 0))
    with pytest.raises(ValueError, match="'left_of' pair names 5 objects"):
        store.encode_example(picture(0), [pair])


def test_the_camera_is_what_was_stored_of_it(example: store.StoredExample) -> None:
    camera = example.camera()
    assert camera.size == (16, 16)
    np.testing.assert_array_equal(camera.intrinsics, picture(3).intrinsics)
    np.testing.assert_array_equal(camera.up, [0, -1, 0])
    assert (camera.height, camera.focal_std, camera.up_std, camera.height_std) == (1.5, 0, 0, 0)


def test_errors_of_the_camera_are_those_of_its_source() -> None:
    scene = picture(3)
    estimated = [dataclasses.replace(item, provenance="estimated") for item in scene.objects]
    scene = dataclasses.replace(scene, objects=tuple(estimated), camera_height=None)
    bare = stored_camera(scene)
    assert bare.height is None
    np.testing.assert_equal((bare.focal_std, bare.up_std), (np.nan, np.nan))
    extra = {"camera": {"focal_std": 0.05}, "frame": {"from": "ground plane", "error": 0.02}}
    told = stored_camera(dataclasses.replace(scene, extra=extra))
    assert (told.focal_std, told.up_std, told.height_std) == (0.05, 0.02, 0.0625)


@pytest.mark.parametrize(
    ("focal", "known"), [(20.0, True), (-1.0, False), ("20", False), (None, False)]
)
def test_pictures_without_space_may_know_their_lens(focal: object, known: bool) -> None:
    blind = dataclasses.replace(
        picture(0), intrinsics=np.full((3, 3), np.nan), up=None, extra={"camera": {"focal": focal}}
    )
    camera = stored_camera(blind)
    assert (camera.intrinsics is not None) == known
    if known:
        np.testing.assert_array_equal(camera.intrinsics, pinhole(16, 16, 20.0))


def test_intrinsics_of_no_camera_are_unknown() -> None:
    absurd = dataclasses.replace(picture(0), intrinsics=np.diag([-16.0, 16.0, 1.0]))
    assert stored_camera(absurd).intrinsics is None


def stored_camera(scene: Scene) -> KnownCamera:
    return store.StoredExample(store.encode_example(scene, pairs(0))).camera()
