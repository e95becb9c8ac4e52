//! Prototypes in minimal Gaussian networks (arXiv 2605.25939): can a structural loss make each hidden neuron specialise in one
//! training point, so that the data can be read back from the weights?
