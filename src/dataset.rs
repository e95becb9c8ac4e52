//! From IDX files to examples.
