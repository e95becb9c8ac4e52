//! The trainable network.
