from benchmarks.shortcuts import split_of, split_table


def figure(value: float, count: int, ci95: list[float] | None) -> dict[str, object]:
    return {"value": value, "count": count, "ci95": ci95}


SUMMARY = {
    "qualitative_accuracy[higher is farther agrees]": figure(0.9, 1_200, [0.8, 1.0]),
    "qualitative_accuracy[higher is farther disagrees]": figure(0.65, 40, [0.5, 0.8]),
    "qualitative_accuracy[higher is farther gap]": figure(0.25, 1_240, [-0.05, 0.55]),
    "within_25[usual size agrees]": figure(0.5, 6, None),
    "within_25[usual size disagrees]": figure(0.5, 6, None),
    "within_25[usual size gap]": figure(0.0, 12, None),
    # Of one side alone nothing can be said.
    "qualitative_accuracy[named first agrees]": figure(0.9, 12, None),
    "qualitative_accuracy": figure(0.9, 12, None),
}


def test_both_sides_of_each_shortcut_stand_side_by_side() -> None:
    found = split_of(SUMMARY)
    assert {name: [*figures] for name, figures in found.items()} == {
        "higher is farther": ["qualitative_accuracy"],
        "usual size": ["within_25"],
    }
    _, _, first, second = (line.split("  ") for line in split_table(found))
    assert [word.strip() for word in first if word] == [
        *("higher is farther", "Qualitative accuracy", "90.0 % of 1,200", "65.0 % of 40"),
        *("25.0 %", "-5.0 to 55.0 %"),
    ]
    assert second[-1].strip() == "–"
