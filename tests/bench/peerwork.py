"""Other libraries find the connected components of the same files: `python peerwork.py PEER FILES OUT`.

Each reads the events, joins the identifiers that stand on one event, and writes the component of every
identifier. None applies a rule, so this is less than identity resolution does. Runs in an environment of the
peers' own: it imports nothing of this project.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import polars as pl

READ = """
    select 'u' || "userId" as a, 'a' || "anonymousId" as b, 'e' || traits.email as c from {reader}
"""


def main(peer: str, files: str, out: str) -> None:
    con = duckdb.connect()
    con.execute("set threads = 2; set preserve_insertion_order = false")
    kind = "read_parquet" if files.endswith(".parquet") else "read_ndjson_auto"
    events = con.sql(READ.format(reader=f"{kind}('{files}')"))
    if peer == "duckdb using key":
        _using_key(con, events, out)
        return
    names, left, right = _encoded(events.pl())
    component = PEERS[peer](len(names), left, right)
    pl.DataFrame({"identifier": names, "component": component}).write_parquet(out)


def _encoded(events: pl.DataFrame) -> tuple[pl.Series, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The distinct identifiers, and the pairs of them (as numbers) that share an event."""
    text = pl.concat([events["a"], events["b"], events["c"]])
    names = text.drop_nulls().unique().rename("identifier")
    numbers = names.to_frame().with_row_index("number")
    code = (
        text.rename("identifier").to_frame().join(numbers, on="identifier", how="left", maintain_order="left")
    )
    rows = events.height
    a, b, c = (code["number"].slice(rows * place, rows) for place in range(3))
    frame = pl.DataFrame({"a": a, "b": b, "c": c})
    pairs = pl.concat(
        frame.select(left=one, right=other).drop_nulls()
        for one, other in (("a", "b"), ("a", "c"), ("b", "c"))
    ).unique()
    return names, pairs["left"].to_numpy(), pairs["right"].to_numpy()


def _scipy(count: int, left: Any, right: Any) -> Any:
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - each peer may be missing
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    ones = np.ones(len(left), dtype=np.int8)
    return connected_components(coo_matrix((ones, (left, right)), shape=(count, count)), directed=False)[1]


def _igraph(count: int, left: Any, right: Any) -> Any:
    from igraph import Graph  # noqa: PLC0415

    return Graph(count, np.stack([left, right], axis=1)).connected_components(mode="weak").membership


def _rustworkx(count: int, left: Any, right: Any) -> Any:
    import rustworkx  # noqa: PLC0415

    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(count))
    graph.extend_from_edge_list(list(zip(left.tolist(), right.tolist(), strict=True)))
    component = np.empty(count, dtype=np.int64)
    for number, nodes in enumerate(rustworkx.connected_components(graph)):
        component[list(nodes)] = number
    return component


def _polars(count: int, left: Any, right: Any) -> Any:
    """Star contraction: everybody points to the least neighbour, then to whom that one points."""
    label = np.arange(count, dtype=np.uint32)
    edges = pl.DataFrame({"one": left, "other": right}).cast(pl.UInt32)
    both = pl.concat([edges, edges.select(one="other", other="one")])
    while both.height:
        least = both.group_by("one").agg(pl.col("other").min())
        one, other = least["one"].to_numpy(), least["other"].to_numpy()
        label[one] = np.minimum(label[one], other)
        while not np.array_equal(label, label[label]):
            label = label[label]
        labels = pl.Series("label", label)
        both = (
            both.select(one=labels.gather(both["one"]), other=labels.gather(both["other"]))
            .filter(pl.col("one") != pl.col("other"))
            .unique()
        )
    return label


def _splink(count: int, left: Any, right: Any) -> Any:
    from splink import DuckDBAPI  # noqa: PLC0415
    from splink.clustering import cluster_pairwise_predictions_at_threshold  # noqa: PLC0415

    nodes = pl.DataFrame({"id": np.arange(count)})
    found = cluster_pairwise_predictions_at_threshold(
        nodes.to_pandas(),
        pl.DataFrame({"id_l": left, "id_r": right}).to_pandas(),
        DuckDBAPI(),
        node_id_column_name="id",
        edge_id_column_name_left="id_l",
        edge_id_column_name_right="id_r",
    )
    return pl.DataFrame(found.as_pandas_dataframe()).sort("id")["cluster_id"]


def _using_key(con: duckdb.DuckDBPyConnection, events: duckdb.DuckDBPyRelation, out: str) -> None:
    events.create_view("events")
    con.execute(
        f"""
        create temp table edges as
        with pairs as (
            select a, b from events union select a, c from events union select b, c from events
        )
        select a as one, b as other from pairs where a is not null and b is not null
        union select b, a from pairs where a is not null and b is not null;
        create temp table nodes as
        select distinct unnest([a, b, c]) as id from events;
        copy (
            with recursive component(id, label) using key (id) as (
                select id, id from nodes where id is not null
                union
                (select mine.id, min(near.label)
                 from component near join edges on edges.one = near.id
                 join recurring.component mine on mine.id = edges.other
                 where near.label < mine.label
                 group by mine.id)
            )
            from component
        ) to '{out}' (format parquet)
        """
    )


PEERS: dict[str, Callable[[int, Any, Any], Any]] = {
    "scipy components": _scipy,
    "polars star contraction": _polars,
    "igraph": _igraph,
    "rustworkx": _rustworkx,
    "splink clustering": _splink,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
