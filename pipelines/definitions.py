"""Everything Dagster knows, on one screen: the journey that the README draws, and what starts and guards it.

```
files ─load─▶ messages ─resolve─▶ graph ─materialize─▶ updates, events, profiles ─publish─▶ warehouses
                 │                                            │        ▲
              rejects                                         └─ traits ┘
```
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from pipelines.assets import automation, checks, journey
from pipelines.assets.space import SpaceResource

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample" / "space.yaml"

defs = dg.Definitions(
    assets=[
        journey.files,
        journey.load_files,  # messages, rejects
        journey.graph,
        journey.materialize_tables,  # updates, events, profiles
        journey.traits,
        journey.warehouses,
    ],
    asset_checks=checks.all_checks,
    jobs=[automation.job],
    schedules=[automation.hourly],
    sensors=[automation.new_files],
    resources={"space": SpaceResource(file=os.environ.get("UNIFY_SPACE", str(SAMPLE)))},
    # One process: the steps share a store that has one writer, and a process a step would cost seconds each.
    executor=dg.in_process_executor,
)
