//! Numbers for people.

use prunella::report::{format_count, format_ns, format_percent, format_speedup};

#[test]
fn numbers_for_people() {
    let times =
        [(0.5, "0.500 ns"), (412.0, "412 ns"), (999.4, "999 ns"), (999.6, "1.00 us"), (41_234.0, "41.2 us")];
    for (ns, text) in times {
        assert_eq!(format_ns(ns), text);
    }
    assert_eq!(format_ns(9.996e6), "10.0 ms");
    assert_eq!(format_ns(2.5e9), "2500 ms");
    assert_eq!(format_ns(0.0), "0.00 ns");
    assert_eq!(format_percent(0.98214), "98.21 %");
    assert_eq!(format_speedup(5.312), "5.31x");
    assert_eq!([0, 999, 1_000, 1_234_567].map(format_count), ["0", "999", "1,000", "1,234,567"]);
}
