"""What the query language has and this has not: refused by its name, where another word is an error in the query."""

from __future__ import annotations

_OPERATORS = """
as consume evaluate externaldata facet find fork getschema graph-match graph-merge graph-to-table invoke let lookup
macro-expand make-graph make-series materialize mv-apply parse parse-kv parse-where partition print project-reorder
range reduce render sample sample-distinct scan search serialize set top-hitters top-nested union
"""
_FUNCTIONS = """
acos array_concat array_iff array_reverse array_rotate_left array_shift_left array_slice array_sort_asc
array_sort_desc array_split array_sum asin atan atan2 bag_has_key bag_merge bag_remove_keys base64_decode_tostring
base64_encode_tostring bin_at binary_and binary_or binary_xor ceiling column_ifexists convert_datetime cos countof
datetime_list_timezones datetime_local_to_utc datetime_part datetime_utc_to_local dynamic_to_json exp extract
extract_all extract_json extractjson format_bytes format_ipv4 format_timespan gettype guid has_any_index hash hash_md5
hash_sha1 hash_sha256 ipv4_compare ipv4_is_in_range ipv4_is_match ipv4_is_private isascii isfinite isinf isnan isutf8
jaccard_index log log10 make_datetime make_timespan new_guid next pack_all pack_array parse_command_line parse_csv
parse_ipv4 parse_path parse_url parse_urlquery parse_user_agent parse_version parse_xml pow prev rand regex_quote
repeat replace replace_regex reverse row_cumsum row_number row_rank_dense set_difference set_intersect set_union sign
sin sqrt strcat_array strcmp strrep tan todecimal toguid tohex toscalar translate trim trim_end trim_start
unicode_codepoints_to_string unixtime_milliseconds_todatetime unixtime_seconds_todatetime url_decode url_encode
week_of_year zip
"""
_AGGREGATIONS = """
avgif binary_all_and binary_all_or buildschema count_distinct count_distinctif covariance dcountif hll make_bag
make_list_if make_list_with_nulls make_set_if maxif minif percentile percentiles stdev stdevif take_anyif tdigest
variance
"""

OPERATORS = frozenset(_OPERATORS.split())
"""Operators and statements."""
FUNCTIONS = frozenset(_FUNCTIONS.split())
AGGREGATIONS = frozenset(_AGGREGATIONS.split())
