"""The functions a SQL trait may call: an allow-list, by DuckDB's names.

What is left out reads files or settings, is a matter of chance, or tells the time in ways that the sandbox
does not hold still. `now()` and its like are the time of the run (see `sandbox.py`).
"""

from __future__ import annotations

_AGGREGATES = """
any_value approx_count_distinct arbitrary arg_max arg_max_null arg_min arg_min_null argmax argmin
array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop
covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram kahan_sum kurtosis
kurtosis_pop last list listagg mad max max_by mean median min min_by mode product quantile quantile_cont
quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
regr_syy sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop
var_samp variance wavg weighted_avg
"""

_WINDOWS = """
cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank rank_dense
row_number
"""

_NUMBERS = """
% & * ** + - / // << >> @ ^ abs acos acosh add asin asinh atan atan2 atanh bit_count cbrt ceil ceiling
cos cosh cot degrees divide even exp factorial fdiv floor fmod gamma gcd greatest
greatest_common_divisor isfinite isinf isnan lcm least least_common_multiple lgamma ln log log10 log2
mod multiply nextafter pi pow power radians round round_even roundbankers sign signbit sin sinh sqrt
subtract tan tanh trunc xor | ~
"""

_TEXT = """
!~~ !~~* ^@ array_extract array_slice ascii bar base64 bin bit_length char_length character_length chr
concat concat_ws contains damerau_levenshtein editdist3 ends_with format formatreadabledecimalsize
formatreadablesize from_base64 from_hex hamming hash hex ilike_escape instr jaccard jaro_similarity
jaro_winkler_similarity lcase left left_grapheme len length length_grapheme levenshtein like_escape
lower lpad ltrim md5 md5_number md5_number_lower md5_number_upper mismatches nfc_normalize
not_ilike_escape not_like_escape octet_length ord parse_dirname parse_filename position prefix printf
regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
regexp_split_to_array repeat replace reverse right right_grapheme rpad rtrim sha1 sha256 split
split_part starts_with str_split str_split_regex string_split string_split_regex string_to_array
strip_accents strlen strpos substr substring substring_grapheme suffix to_base64 to_hex translate trim
ucase unhex unicode upper url_decode url_encode || ~~ ~~* ~~~
"""

_TIMES = """
century current_date current_localtimestamp date_add date_diff date_part date_sub date_trunc datediff
datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch
epoch_ms epoch_ns epoch_us era get_current_timestamp hour isodow isoyear julian last_day make_date
make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium
millisecond minute month monthname nanosecond now quarter second strftime strptime time_bucket timezone
timezone_hour timezone_minute to_centuries to_days to_decades to_hours to_microseconds to_millennia
to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years today
transaction_timestamp try_strptime week weekday weekofyear year yearweek
"""

_LISTS = """
&& <=> <@ @> aggregate apply array_aggr array_aggregate array_append array_apply array_cat array_concat
array_contains array_distinct array_filter array_grade_up array_has array_has_all array_has_any
array_indexof array_intersect array_length array_pop_back array_pop_front array_position array_prepend
array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select
array_sort array_to_string array_transform array_unique array_value array_where array_zip cardinality
element_at filter flatten generate_series grade_up list_aggr list_aggregate list_any_value list_append
list_apply list_avg list_bool_and list_bool_or list_cat list_concat list_contains list_count
list_distinct list_element list_extract list_filter list_first list_grade_up list_has list_has_all
list_has_any list_histogram list_indexof list_intersect list_last list_max list_median list_min
list_mode list_pack list_position list_prepend list_product list_reduce list_resize list_reverse
list_reverse_sort list_select list_slice list_sort list_string_agg list_sum list_transform list_unique
list_value list_where list_zip map map_concat map_contains map_entries map_extract map_extract_value
map_from_entries map_keys map_values range reduce row struct_extract struct_insert struct_keys
struct_pack struct_values unnest
"""

_JSON = """
->> array_to_json from_json json json_array json_array_length json_contains json_exists json_extract
json_extract_path json_extract_path_text json_extract_string json_group_array json_group_object
json_keys json_merge_patch json_object json_pretty json_quote json_strip_nulls json_structure
json_transform json_type json_valid json_value row_to_json to_json
"""

_OTHER = """
constant_or_null if nullif typeof
"""

_GRAMMAR = """
! -> case cast coalesce current_timestamp grouping ifnull is_distinct_from is_not_distinct_from localtimestamp
not nvl try try_cast
"""

GRAMMAR = frozenset(_GRAMMAR.split())
"""Words that read like functions and are DuckDB's grammar: its catalogue does not list them."""

ALLOWED = GRAMMAR.union(
    name
    for names in (_AGGREGATES, _WINDOWS, _NUMBERS, _TEXT, _TIMES, _LISTS, _JSON, _OTHER)
    for name in names.split()
)

ALLOWED_IN_FROM = frozenset({"unnest"})
"""Functions that may stand where a table stands: `unnest` opens a list, and reads nothing else."""

CLOCKS = {
    "now": "timestamptz",
    "get_current_timestamp": "timestamptz",
    "current_timestamp": "timestamptz",
    "transaction_timestamp": "timestamptz",
    "current_localtimestamp": "timestamp",
    "localtimestamp": "timestamp",
    "current_date": "date",
    "today": "date",
    "current_time": "time",
    "get_current_time": "time",
    "current_localtime": "time",
    "localtime": "time",
}
"""Ways to ask DuckDB for the time, and the type of the answer; the sandbox gives the time of the run."""
