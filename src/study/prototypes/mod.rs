//! Prototypes in minimal Gaussian networks (arXiv 2605.25939): can a structural loss make each hidden neuron specialise in one
//! training point, so that the data can be read back from the weights?

mod assignment;
mod claims;
mod hull;
mod mask;
mod measure;
mod pictures;
pub mod reference;
mod results;
mod runs;
mod sensitivity;
mod settings;
mod settling;
mod start;
mod study;
mod train;

pub use assignment::assign;
pub use hull::is_inside;
pub use mask::Mask;
pub use measure::{Measures, measure, prototypes};
pub use results::{
    Cell, DigitsRow, Path, Positions, Results, Run, SensitivityRow, SettlingRow, Spread, TauRow,
};
pub use runs::{Digits, Machine, Progress};
pub use settings::{CoverageForm, Definition, Init, Input, OverlapForm, Part, Settings, Target};
pub use start::Start;
pub use study::study;
pub use train::{Trained, gradient};
