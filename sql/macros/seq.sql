-- `seq`: 20 digits that sort as text: batch (7), ordinal of the message in the batch (9), row within the message (4).
create macro if not exists state.seq(batch, ordinal, place) as
  lpad(batch::varchar, 7, '0') || lpad(ordinal::varchar, 9, '0') || lpad(place::varchar, 4, '0');
