//! Results as plain data, and the forms they take.
