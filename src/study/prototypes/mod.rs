//! Prototypes in minimal Gaussian networks (arXiv 2605.25939): can a structural loss make each hidden neuron specialise in one
//! training point, so that the data can be read back from the weights?

mod mask;
mod results;
mod settings;

pub use mask::Mask;
pub use results::{
    Cell, DigitsRow, Path, Positions, Results, Run, SensitivityRow, SettlingRow, Spread, TauRow,
};
pub use settings::{CoverageForm, Definition, Init, Input, OverlapForm, Part, Settings, Target};
