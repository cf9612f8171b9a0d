"""Units: whatever a file or a layer calls a micrometre, it is one; what is no unit is a pixel."""

import pint
import pytest

from napari_sam.image.physical_size import in_known_unit, layer_calibration, physical_calibration
from napari_sam.image.units import factor, fits_axis, known_unit, spelled_out, symbol
from tests.test_import import fresh

SMALL_MU, CAPITAL_MU = "\N{GREEK SMALL LETTER MU}", "\N{GREEK CAPITAL LETTER MU}"
MICROMETRES = ("um", "µm", f"{SMALL_MU}m", f"{CAPITAL_MU}M", "UM", " um ", "\\u00B5m", "Âµm")
SPELLED = ("Micron", "micron", "microns", "MICRON", "Micrometer", "micrometre", "micrometers")


@pytest.mark.parametrize("spelling", MICROMETRES + SPELLED)
def test_all_spellings_of_a_micrometre(spelling):
    assert known_unit(spelling) == ("micrometer", 1.0)
    assert spelled_out(spelling) == "micrometer"


@pytest.mark.parametrize(
    ("spelling", "name", "sign"),
    [
        ("in", "inch", "in"),
        ("inches", "inch", "in"),
        ("km", "kilometer", "km"),
        ("feet", "foot", "ft"),
        ("Å", "angstrom", "Å"),
        ("\N{ANGSTROM SIGN}", "angstrom", "Å"),
        ("mm", "millimeter", "mm"),
        ("m", "meter", "m"),
        ("sec", "second", "s"),
        ("Seconds", "second", "s"),
        ("msec", "millisecond", "ms"),
        ("hr", "hour", "h"),
        ("min", "minute", "min"),
    ],
)
def test_names_and_symbols(spelling, name, sign):
    assert known_unit(spelling) == (name, 1.0)
    assert symbol(name) == sign


def test_capitals_count_where_both_are_units():
    assert known_unit("Mm") == ("micrometer", 1e12)
    assert known_unit("mm") == ("millimeter", 1.0)


def test_other_lengths_and_times_become_those_that_formats_know():
    assert known_unit("yard") == ("micrometer", pytest.approx(914_400))
    assert known_unit("fortnight") == ("second", 14 * 86_400)
    assert in_known_unit("Y", 2, 3, "yard") == pytest.approx((1_828_800, 2_743_200, "micrometer"))


@pytest.mark.parametrize("spelling", ["", None, "none", "pixel", "Pixels", "px", "reference frame"])
def test_pixels_are_no_physical_unit(spelling):
    assert known_unit(spelling) == ("pixel", 1.0)
    assert spelled_out(spelling) is None


@pytest.mark.parametrize(
    "spelling", ["foo", "kg", "degree", "2**999999999", "um; rm", "um*um", "\x00", "u" * 1000]
)
def test_what_is_no_length_and_no_time(spelling):
    assert known_unit(spelling) is None


def test_every_unit_of_pint_is_understood_like_its_symbol():
    registry = pint.get_application_registry()
    for unit in (registry.micrometer, registry.nm, registry.inch, registry.second, registry.pixel):
        assert known_unit(unit) == known_unit(f"{unit:~}") != None  # noqa: E711


def test_an_axis_has_units_of_its_kind():
    assert [fits_axis("micrometer", axis) for axis in "TCZYX"] == [False, False, True, True, True]
    assert [fits_axis("second", axis) for axis in "TCZYX"] == [True, False, False, False, False]
    assert all(fits_axis("pixel", axis) for axis in "TCZYX")


def test_conversions_are_exact():
    assert factor("millimeter", "micrometer") == 1000.0
    assert factor("inch", "millimeter") == 25.4


def test_a_size_that_is_none_is_a_pixel_and_said():
    spacing = {"T": (2.0, "um"), "Z": (-0.5, "um"), "Y": (0.5, "smoot"), "X": (0.25, "Micron")}
    calibration, sentences = physical_calibration("TZYX", spacing, {"Z": 7.0, "X": 3.0})
    assert calibration.scale == (1.0, 1.0, 1.0, 0.25)
    assert calibration.translate == (0.0, 0.0, 0.0, 3.0)
    assert calibration.units == ("pixel", "pixel", "pixel", "micrometer")
    assert [line.split(":")[0] for line in sentences] == [
        "2 um is no size of a pixel along t",
        "-0.5 um is no size of a pixel along z",
        "0.5 smoot is no size of a pixel along y",
    ]


def test_an_axis_without_a_size_is_not_worth_a_word():
    calibration, sentences = physical_calibration("YX", {}, {})
    assert (calibration.scale, calibration.units) == ((1.0, 1.0), ("pixel", "pixel"))
    assert sentences == ()


def test_a_layer_has_the_units_of_the_library():
    registry = pint.get_application_registry()
    units = (registry.micrometer, registry.Unit("yard"), registry.pixel)
    calibration = layer_calibration("TYX", (3.0, 2.0, 1.0), (0.0, 0.0, 5.0), units)
    assert calibration.units == ("pixel", "micrometer", "pixel")
    assert calibration.scale == (3.0, pytest.approx(1_828_800), 1.0)
    assert calibration.translate == (0.0, 0.0, 5.0)


def test_pint_is_loaded_only_where_the_table_does_not_do():
    code = (
        "import sys; from napari_sam.image.units import known_unit\n"
        "known_unit('µm'), known_unit('um'), known_unit('inch'), known_unit('s'), known_unit('')\n"
        "print('pint' in sys.modules)"
    )
    assert fresh(code).stdout.strip() == "False"
