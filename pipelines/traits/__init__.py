"""Traits the suite makes itself, from events or by a user's SQL, and what changed since they were last sent.

```
definitions.py ─▶ inspection.py ─▶ sandbox.py ─▶ rows.py ──┐
 (a *.sql file)    (may it run?)    (runs it)    (is it right?)  ├─▶ changes.py ─▶ messages.py
kinds.py ───────▶ computed.py ──────────────────────────────┘
 (what a kind is)  (one scan an event table)
```

Everything here reads; the statements that write are handed to the step. Source: traits-and-audiences
specification.
"""

from __future__ import annotations
