"""Questions and photos of one's own, and files that other models made of them."""

from functools import partial

from tests.hostile.lines import Line, cases


def _convert(words: str, said: str) -> Line:
    return f"convert --out={{}}/out --quiet {words}", said


def _csv(words: str, said: str) -> Line:
    return _convert(f"--format=csv --questions={{}}/good.csv --images={{}}/photos {words}", said)


def _asked(name: str, said: str) -> Line:
    form = {"csv": "csv", "json": "jsonl"}[name.rpartition(".")[2]]
    return _convert(f"--format={form} --questions={{}}/{name} --images={{}}/photos", said)


OWN_QUESTIONS: tuple[Line, ...] = (
    _asked("semicolons.csv", "a table is divided by commas"),
    _asked("capitals.csv", "there are Answer, Image, Question: --field"),
    _asked("header.csv", "there is no question in"),
    _asked("empty.csv", "wanted are their names"),
    _asked("latin.csv", "not in UTF-8: save it so"),
    _asked("utf16.csv", "not in UTF-8: save it so"),
    _asked("cut.json", "is not JSON"),
    _asked("wrapped.json", "holds no list of records"),
    _asked("none.json", "there is no question in"),
    _asked("absent.json", "'9.png' is missing. Check --images"),
    _asked("climbs.json", "no name inside a folder"),
    _asked("absolute.json", "no name inside a folder"),
    _asked("comma.json", "'1,5' is no finite number"),
    _asked("both.json", "'12 cm' is no finite number"),
    _asked("negative.json", "-3 m is no length that can be"),
    _asked("zero.json", "0 m is no length that can be"),
    _asked("huge.json", "no length that can be"),
    _asked("endless.json", "'inf' is no finite number"),
    _asked("no_unit.json", "a value without a unit"),
    _asked("unit.json", "unknown unit 'parsecs': m, cm"),
    _asked("kind.json", "unknown kind 'metric': there are"),
    _asked("quality.json", "its kind is qualitative, not quantitative"),
    _asked("no_value.json", "has no value, nor is its answer"),
    _asked("apart.json", "its answer says 120 cm, and its value is 120 m"),
    _asked("type.json", "no name of at most 80 characters"),
    _convert("--format=jsonl --questions={}/good.csv --images={}/photos", "is not JSON"),
    _convert("--format=csv --questions={}/kind.json --images={}/photos", "there is no question in"),
    _convert("--format=csv --questions={}/nope.csv --images={}/photos", "No such file"),
    _convert("--format=csv --questions={}/photos --images={}/photos", "is no file"),
    _convert("--format=csv --questions={}/good.csv --images={}/nope", "do not exist; give a"),
    _convert("--format=csv --questions={}/good.csv --images={}/empty", "Check --images"),
    _convert("--format=csv --questions={}/good.csv --images={}/photos.zip", "nor a zip file"),
    _convert("--format=csv --questions={}/good.csv", "format csv needs --images"),
    _convert("--format=csv --data={}/good.csv", "format csv needs --questions"),
    _convert("--format=parquet --questions={}/good.csv", "takes no --questions; it reads --data"),
    _convert("--format=parquet --data={}/good.csv", "no parquet file that can be read"),
    _convert("--format=parquet --data={}/photos", "there is no .parquet file"),
    _convert("--format=parquet --data={}/names.parquet", "no image bytes in this row"),
    _convert("--format=parquet --data={}/columns.parquet", "it has pic, q, a: name the right one"),
    _convert("--format=parquet --data={}/no_rows.parquet", "there is no question"),
    _convert("--format=excel --questions={}/good.csv", "invalid choice: 'excel'"),
    _csv("--validation-images=4", "holds out 4 of 4 images"),
    _csv("--validation-images=100%", "holds out 4 of 4 images"),
    _csv("--validation-images=0", "holds out 0 of 4 images"),
    _csv("--validation-images=-1", "-1 is less than 0"),
    _csv("--validation-images=1000%", "is more than 100"),
    _csv("--validation-images=0.2", "'0.2' is not a whole number"),
    _csv("--validation-images=some", "'some' is not a whole number"),
    _csv("--validation-images=", "it is empty; give it a value, or leave it out"),
    _csv("--validation-images=1 --split=validation", "out of another split than validation"),
    _csv("--seed=3", "--seed is of --answer=sampled and --validation-images"),
    _csv("--split=a/b", "make the name of a split"),
    _csv("--kind=metric", "invalid choice: 'metric'"),
    _csv("--field=vaule=metres", "wanted is NAME=FIELD once"),
    _csv("--field=value", "wanted is NAME=FIELD once"),
    _csv("--answer-map=1", "wanted is LABEL=WORD"),
    _csv("--answer=best", "there are most_frequent, sampled"),
    _csv("--out={}/photos", "no data set that this program began"),
    _csv("--out={}", "no data set that this program began"),
)


def _photos(words: str, said: str) -> Line:
    return f"generate --source=photos --out={{}}/out --quiet {words}", said


def _made_elsewhere(words: str, said: str) -> Line:
    files = "--photos={}/photos --boxes={}/boxes.json --depth={}/depth --fov=60"
    return _photos(f"{files} {words}", said)


OWN_PHOTOS: tuple[Line, ...] = (
    _photos("", "needs --photos=FOLDER"),
    _photos("--photos={}/nope", "no folder, tar, parquet or list"),
    _photos("--photos={}/empty", "no pictures in"),
    _photos("--photos=", "argument --photos: it is empty"),
    ("generate --out={}/out --photos={}/photos", "--photos is of --source=photos, and this is"),
    ("generate --out={}/out --boxes={}/boxes.json", "--boxes is of --source=photos, and"),
    _photos("--photos={}/photos --image-size=64", "--image-size is of --source=worlds, and"),
    _photos("--photos={}/photos --rgbd={}/photos", "--rgbd is of --source=rgbd, and"),
    _made_elsewhere("--boxes={}/nope.json", "No such file"),
    _made_elsewhere("--boxes={}/good.csv", "is not JSON"),
    _made_elsewhere("--boxes={}/photos", "Is a directory"),
    _made_elsewhere("--boxes={}/elsewhere.json", "such as '0.png'; it has '/a/0.png'"),
    _made_elsewhere("--boxes={}/results.json", "results tell no file names; put"),
    _made_elsewhere("--captions={}/good.csv", "is not JSON"),
    _made_elsewhere("--captions={}/captions.jsonl", "captions annotation 99, which"),
    _made_elsewhere("--captions={}/good.json", "No such file"),
    _made_elsewhere("--depth={}/nope", "no folder with depth at"),
    _made_elsewhere("--depth={}/good.csv", "no folder with depth at"),
    _made_elsewhere("", "no depth for it"),
    _made_elsewhere("--depth-scale=0", "0.0 is not more than 0"),
    _made_elsewhere("--fov=0", "0.0 is less than 1"),
    _made_elsewhere("--images=9", "there are only 4"),
    _made_elsewhere("--validation-images=4", "must be from 0 to 3"),
    _made_elsewhere("--out={}/photos", "no data set that this program began"),
    _made_elsewhere("--config=configs/debug.py", "configures something else"),
    _made_elsewhere("--config={}/nope.py", "there is no Python file"),
    ("experts --check=dept", "--check takes some of filter, detector"),
    ("experts depth", "unrecognized argument: depth"),
    ("experts --config.experts.detektor=a", "did you mean detector?"),
    ("experts --config.experts.depth=none", "'none' names no model; give a folder"),
    ("experts --config.experts.batch_size=0", "0 is less than 1"),
    ("experts --config=configs/debug.py", "configures something else"),
)

own_questions = partial(cases, OWN_QUESTIONS)
own_photos = partial(cases, OWN_PHOTOS)
