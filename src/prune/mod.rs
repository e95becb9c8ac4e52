//! Which weights go: masks from a criterion and a schedule.
