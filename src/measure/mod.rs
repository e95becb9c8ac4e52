//! Clock, interleaved rounds, statistics, and the description of the machine.
