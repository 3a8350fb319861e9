from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.config import Blocked, IdentifierRule, Radar, Rules, Space, Thresholds, load_space, schema

RECOMMENDED = Blocked(exact=("-1", "null", "anonymous"), patterns=("^[0-]*$",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "a.csv").write_text("email\n")
    return tmp_path


def load(folder: Path, *sections: str, environ: dict[str, str] | None = None) -> Space:
    file = folder / "space.yaml"
    file.write_text("\n".join(("space: shop", "store: ../w.duckdb", *sections)), encoding="utf-8")
    return load_space(file, environ or {})


def identifier(space: Space, name: str) -> IdentifierRule:
    return next(rule for rule in space.identity.identifiers if rule.type == name)


def test_a_space_of_two_lines_has_the_defaults(folder: Path) -> None:
    space = load(folder)
    assert (space.name, space.file, space.store) == (
        "shop",
        folder / "space.yaml",
        folder.parent / "w.duckdb",
    )
    assert (space.profiles, space.events, space.computed, space.sql_traits, space.targets) == (
        (),
        (),
        (),
        (),
        (),
    )
    assert (space.trait_history, space.max_future) == ("every_batch", timedelta(hours=24))
    assert (space.identity.merge_limit, space.identity.mapping_limit) == (100, 1000)
    assert space.identity.blocked == RECOMMENDED


def test_out_of_the_box_identifiers_in_their_priorities(folder: Path) -> None:
    rules = load(folder).identity.identifiers
    assert [rule.type for rule in rules] == [
        *("user_id", "email", "android.id", "android.idfa", "android.push_token", "anonymous_id"),
        *("ga_client_id", "group_id", "ios.id", "ios.idfa", "ios.push_token"),
    ]
    assert [rule.limit for rule in rules] == [1, *[5] * 10]
    assert {rule.window for rule in rules} == {"ever"}
    assert {rule.type for rule in rules if rule.collection == "accounts"} == {"group_id"}
    assert all(rule.blocked == RECOMMENDED for rule in rules)


def test_places_of_known_identifiers(folder: Path) -> None:
    space = load(folder)
    places = {rule.type: rule.locations for rule in space.identity.identifiers}
    assert places["user_id"] == ("userId",)
    assert places["email"] == ("traits.email", "context.traits.email")
    assert places["android.id"] == ("context.device.id?type=android",)
    assert places["ios.idfa"] == ("context.device.advertisingId?type=ios&adTrackingEnabled=true",)
    assert places["ios.push_token"] == ("context.device.token?type=ios",)
    assert places["ga_client_id"] == ('context.integrations."Google Analytics".clientId',)
    assert places["group_id"] == ("groupId", "context.groupId", "context.group_id")


def test_places_of_declared_identifiers(folder: Path) -> None:
    space = load(
        folder,
        "identity:",
        "  identifiers:",
        "    - {type: email, locations: [properties.email, userId]}",
        "    - {type: app_id}",
        "    - {type: crm.id}",
        "    - {type: braze_id}",
    )
    assert identifier(space, "email").locations == (
        *("userId", "traits.email", "context.traits.email", "properties.email"),
    )
    assert identifier(space, "app_id").locations == (
        *("traits.app_id", "traits.appId", "context.traits.app_id", "context.traits.appId"),
        *("properties.app_id", "properties.appId"),
    )
    assert identifier(space, "crm.id").locations == (
        *('traits."crm.id"', 'context.traits."crm.id"', 'properties."crm.id"'),
    )
    assert identifier(space, "braze_id").locations == ("context.Braze.braze_id",)


def test_blocked_values_of_a_type_are_added_to_those_of_all(folder: Path) -> None:
    space = load(
        folder,
        "identity:",
        "  blocked: {exact: [void, Void]}",
        "  identifiers:",
        "    - {type: user_id, blocked: [kiosk-1]}",
        "    - {type: email, normalize: lower, blocked: {exact: [Test@Test.com], patterns: ['@x$']}}",
    )
    assert space.identity.blocked == Blocked(exact=("void", "Void"))
    assert identifier(space, "user_id").blocked == Blocked(exact=("void", "Void", "kiosk-1"))
    # normalised like the values they are compared with
    assert identifier(space, "email").blocked == Blocked(exact=("void", "test@test.com"), patterns=("@x$",))


def test_an_empty_blocked_turns_the_recommended_list_off(folder: Path) -> None:
    assert load(folder, "identity: {blocked: {}}").identity.blocked == Blocked()
    assert load(folder, "identity: {merge_limit: 7}").identity.blocked == RECOMMENDED


def test_inputs_in_short_and_long_form(folder: Path) -> None:
    space = load(
        folder,
        "inputs:",
        "  events:",
        "    - events/**/*.jsonl.gz",
        "    - {path: '*.jsonl', source: {name: Web Shop, id: src_1}}",
        "  profiles:",
        "    - path: up/a.csv",
        "      source: crm",
        "      as_of: 2024-05-01T12:00:00+02:00",
        "      timestamp: updated",
        "      types: {b: bigint, a: double}",
        "      columns: {E-Mail: email}",
        '      delimiter: "\\t"',
        "      encoding: Latin-1",
    )
    (upload,) = space.profiles
    assert (upload.kind, upload.order, upload.pattern) == ("profiles", 0, "up/a.csv")
    assert upload.path == str(folder / "up" / "a.csv")
    assert (upload.source_id, upload.source_name, upload.source_slug) == ("crm", "crm", "crm")
    assert (upload.as_of, upload.timestamp) == (datetime(2024, 5, 1, 10), "updated")  # noqa: DTZ001
    assert (upload.types, upload.columns) == ((("a", "double"), ("b", "bigint")), (("E-Mail", "email"),))
    assert (upload.delimiter, upload.encoding) == ("\t", "iso8859-1")
    plain, web = space.events
    assert (plain.order, plain.path) == (1, str(folder / "events/**/*.jsonl.gz"))
    assert (plain.source_id, plain.source_name, plain.source_slug) == ("events", "events", "events")
    assert (web.source_id, web.source_name, web.source_slug) == ("src_1", "Web Shop", "Web Shop")


def test_brackets_in_a_folder_above_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "[2024]"
    folder.mkdir()
    (event_files,) = load(folder, "inputs: {events: ['*.jsonl']}").events
    assert event_files.path == str(tmp_path / "[[]2024]" / "*.jsonl")


def test_settings_hash_changes_with_what_is_read_not_with_where_it_lies(folder: Path) -> None:
    def hash_of(entry: str) -> str:
        return load(folder, f"inputs: {{profiles: [{entry}]}}").profiles[0].settings_hash

    plain = hash_of("up/a.csv")
    assert plain == hash_of("up/*.csv") == hash_of("{path: up/a.csv, source: profiles}")
    changed = [
        hash_of(f"{{path: up/a.csv, {more}}}") for more in ("source: crm", "as_of: 2024-05-01", "quote: x")
    ]
    assert len({plain, *changed}) == 4


def test_computed_traits(folder: Path) -> None:
    orders, store, visits = load(
        folder,
        "traits:",
        "  computed:",
        "    - name: Orders, 90 days",
        "      type: event_counter",
        "      event: Order Completed",
        "      window: 90 days",
        "      where: [{property: total, at_least: 10}, {property: at, after: 2024-01-01}]",
        "    - {name: Last Store, key: store, type: last, event: Order Completed, property: store_name}",
        "    - {name: visits, type: event_counter, call: page}",
    ).computed
    assert (orders.key, orders.name, orders.kind) == ("orders_90_days", "Orders, 90 days", "event_counter")
    assert (orders.event, orders.call, orders.window) == ("Order Completed", "track", timedelta(days=90))
    assert orders.where == '[{"at_least":10,"property":"total"},{"after":"2024-01-01","property":"at"}]'
    assert (store.key, store.kind, store.property, store.where) == ("store", "last", "store_name", None)
    assert (visits.call, visits.event, visits.window) == ("page", "", None)


def test_what_the_radar_lists_and_what_blocks(folder: Path) -> None:
    assert load(folder).radar == Radar(Thresholds(50, 20, 10, 10), Thresholds())
    written = "checks: {radar: {warn: {bridge: 3, growth: 90}, block: {profile_size: 40, growth: 500}}}"
    # What blocks is listed as well, so the less of both numbers counts for the list.
    assert load(folder, written).radar == Radar(Thresholds(40, 90, 3, 10), Thresholds(40, 500, None, None))


def test_the_folder_of_a_space_does_not_depend_on_how_its_path_is_written(folder: Path) -> None:
    space = load(folder)
    assert load_space(folder / "up" / ".." / "space.yaml") == space


def test_variables_are_expanded_in_values(folder: Path) -> None:
    space = load(
        folder,
        "resources: {threads: '${THREADS}', temp: '${HERE}/spill'}",
        "identity: {blocked: {patterns: ['^a$', '${not one}']}}",
        environ={"THREADS": "3", "HERE": "here"},
    )
    assert (space.resources.threads, space.resources.temp) == (3, folder / "here" / "spill")
    assert space.identity.blocked.patterns == ("^a$", "${not one}")


def test_rules_come_back_from_their_text(folder: Path) -> None:
    rules = load(
        folder, "identity: {identifiers: [{type: user_id}, {type: phone, normalize: e164, region: US}]}"
    ).identity
    assert Rules.from_text(rules.text) == rules
    assert Rules.from_text(rules.text).hash == rules.hash
    assert json.loads(rules.text)["identifiers"][1]["region"] == "US"


def test_every_rule_is_part_of_the_hash(folder: Path) -> None:
    sections = [
        "identity: {}",
        "identity: {merge_limit: 99}",
        "identity: {blocked: {}}",
        "identity: {identifiers: [{type: user_id}, {type: email}]}",
        "identity: {identifiers: [{type: email}, {type: user_id}]}",
        "identity: {identifiers: [{type: email, window: daily}, {type: user_id}]}",
    ]
    assert len({load(folder, section).identity.hash for section in sections}) == len(sections)


def test_schema_describes_every_key() -> None:
    tree = schema()
    assert tree["required"] == ["space", "store"]
    assert all("description" in key or "$ref" in key for key in tree["properties"].values())
    assert all("description" in form for form in tree["$defs"].values())
    assert {"type": "string"} in tree["$defs"]["InputsForm"]["properties"]["profiles"]["items"]["anyOf"]
