//! Everything random, from one seed.
