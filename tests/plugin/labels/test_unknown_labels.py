"""Labels that do not count as accepted when the model learns."""

from napari_sam.plugin.labels.rating import Look, Rating, Source
from napari_sam.plugin.labels.unknown_labels import unknown_labels


def rated(score: float, source: Source, look: Look = Look.WAITING) -> Rating:
    return Rating(score, (), {(): (0, 0, 4, 4)}, look, source)


FOUND = {
    1: rated(0.9, Source.FOUND),
    2: rated(0.2, Source.FOUND, Look.KEPT),
    3: rated(0.9, Source.FOUND, Look.DROPPED),
}
LOADED = {
    4: rated(0.9, Source.COMPARED),
    5: rated(0.3, Source.COMPARED),
    6: rated(0.29, Source.COMPARED),
    7: rated(1.0, Source.LOADED),
}


def test_found_objects_count_after_a_look_and_those_of_the_user_always() -> None:
    assert {1, 2, 3, 20} - unknown_labels(FOUND) == {2, 20}
    assert {20, 21} - unknown_labels({}) == {20, 21}


def test_loaded_objects_do_not_count_before_the_first_look_at_one() -> None:
    assert unknown_labels({**FOUND, **LOADED}) == {1, 3, 4, 5, 6, 7}


def test_two_thirds_of_loaded_objects_count_after_the_first_look() -> None:
    kept, dropped = (rated(0.1, Source.COMPARED, look) for look in (Look.KEPT, Look.DROPPED))
    assert unknown_labels({**FOUND, **LOADED, 8: kept}) == {1, 3, 6, 7}
    assert unknown_labels({**FOUND, **LOADED, 8: dropped}) == {1, 3, 6, 7, 8}
    alike = {label: rated(0.5, Source.COMPARED) for label in range(30, 36)}
    assert unknown_labels({**alike, 36: kept}) == {30, 31}
