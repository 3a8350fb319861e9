-- `seq`: 20 digits that sort as text: batch (7), ordinal of the message in the batch (9), row within the message (4).
-- A leading 1 keeps the zeros of the number it is cut off from, which is quicker than padding.
create macro if not exists state.seq(batch, ordinal, place) as
  right((10_000_000 + batch)::varchar, 7) || right((10_000_000_000_000 + ordinal::bigint * 10_000 + place)::varchar, 13);
