//! How good a classifier is: accuracy, F1, AUC, confusion.
