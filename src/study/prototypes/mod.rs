//! Prototypes in minimal Gaussian networks (arXiv 2605.25939): can a structural loss make each hidden neuron specialise in one
//! training point, so that the data can be read back from the weights?
//!
//! ```text
//! settings     what the published text leaves open, every piece of it a setting
//! start        points, targets and initial weights, the same for all masks
//! train        sixteen networks side by side, on the kernels
//! reference    the same in f64 and plain loops, to compare with
//! measure      E, specialisation, the hull (`assignment`, `hull`)
//! runs         many networks, packed and dealt out to threads
//! claims       what intervals over seeds say of F1 to F4 (`lowest`: F1; `generality`: other points)
//! sensitivity, settling, pictures     the other parts
//! study        all of them
//! ```

mod assignment;
mod claims;
mod generality;
mod hull;
mod lowest;
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
pub use claims::claims;
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
