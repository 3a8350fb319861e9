"""Input files to messages and rejects.

`found` lists files and tells their content; `jsonl`, `parquet` and `profiles` read them block by block into
Arrow tables (`chunks`); `calls` and `rows` say in SQL what fields a block has; `identifiers` where identifiers
are read from; `checks` which records are taken; `messages` puts these together into one statement.
Nothing here writes: the statements are returned for the step to run.
"""
