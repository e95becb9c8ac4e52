//! IDX files, raw and gzip.
