//! Writing files that are whole or absent.
