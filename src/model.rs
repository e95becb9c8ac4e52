//! What a network is: layers of weight, bias and activation.
