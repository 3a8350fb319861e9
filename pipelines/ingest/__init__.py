"""Input files to messages and rejects.

`found` lists files and tells their content; `jsonl`, `parquet` and `profiles` read them (`reading` chooses)
block by block into Arrow tables (`chunks`); `calls` and `rows` say in SQL what fields a block has, `lookups`
and `identifiers` where identifiers are read from, `checks` which records are taken; `messages` makes one
statement of these, `arrivals` those that number, name, drop and order the messages of a batch.
Nothing here writes: the statements are returned for the step to run.
"""
