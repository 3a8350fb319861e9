from __future__ import annotations

from pipelines import errors


def test_a_message_says_what_where_expected_and_what_to_do() -> None:
    error = errors.FileRefused(
        "DUPLICATE_HEADERS",
        "two headers are alike",
        where="a.csv:1",
        expected="unique headers",
        hint="rename one",
    )
    assert str(error) == "a.csv:1: two headers are alike\n  expected: unique headers\n  to do: rename one"
    assert (error.code, error.what, error.where) == ("DUPLICATE_HEADERS", "two headers are alike", "a.csv:1")


def test_parts_that_are_not_known_are_left_out() -> None:
    assert str(errors.StoreLocked("the store is in use")) == "the store is in use"


def test_a_trait_error_points_into_the_query() -> None:
    error = errors.TraitError("no such column", where="ltv.sql", line=2, column=11)
    assert str(error).splitlines()[0] == "ltv.sql:2:11: no such column"


def test_configuration_and_run_fail_with_different_codes() -> None:
    assert errors.ConfigError.exit_code == errors.TraitError.exit_code == 2
    run = (errors.UnifyError, errors.FileRefused, errors.StoreLocked, errors.PublishError, errors.CheckFailed)
    assert {error.exit_code for error in run} == {1}


def test_a_config_error_prints_all_its_faults() -> None:
    faults = [errors.Fault("one", "space.yaml", 3, 5), errors.Fault("two", "space.yaml", hint="fix it")]
    assert str(errors.ConfigError("the space file has 2 faults", faults=faults)).splitlines() == [
        "the space file has 2 faults",
        "space.yaml:3:5: one",
        "  to do: correct it there",
        "space.yaml: two",
        "  to do: fix it",
    ]
