-- A value without what people write differently: case, blanks around it, and of a telephone number all but its last
-- nine digits. For hints only: nothing is matched by it.
create or replace temp macro folded(value) as
  case
    when regexp_full_match(value, '[-+0-9 ().\/]{9,}') then right(regexp_replace(value, '[^0-9]', '', 'g'), 9)
    else lower(trim(value))
  end;
