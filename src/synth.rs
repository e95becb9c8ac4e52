//! Drawn digits, for when no data is given.
