//! The frozen network, compiled for a class of batch sizes and run without allocating.
