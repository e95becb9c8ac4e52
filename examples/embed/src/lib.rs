//! Classifies handwritten digits without an operating system: the model is part of the program, memory is an array.
//!
//! ```c
//! struct prunella_classifier *c = prunella_new();  // once; NULL if the built-in model cannot be read
//! memcpy(prunella_pixels(c), image, 784);          // 28 x 28, row by row, 0 is background, 255 is ink
//! uint32_t digit = prunella_classify(c);           // as often as you like
//! ```
//!
//! The unsafe code of this file is its boundary with C and JavaScript; the network behind it has none.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks, missing_docs)]

extern crate alloc;

use alloc::boxed::Box;

use prunella::engine::{Engine, Options, Scratch};
use prunella::model::Model;
use talc::TalcLock;
use talc::source::Claim;

const PIXELS: usize = 784;
const CLASSES: usize = 10;
/// Room for the model as it is read, once, and for the classifier made from it: about 200 KiB together, and some to spare.
const HEAP_BYTES: usize = 256 * 1024;

#[global_allocator]
static HEAP: TalcLock<spinning_top::RawSpinlock, Claim> = {
    static mut MEMORY: [u8; HEAP_BYTES] = [0; HEAP_BYTES];
    // SAFETY: nothing else names `MEMORY`, so from the first allocation on it is the allocator's alone.
    TalcLock::new(unsafe { Claim::array(&raw mut MEMORY) })
};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    loop {
        core::hint::spin_loop();
    }
}

/// An engine with the buffers it works in.
pub struct Classifier {
    engine: Engine,
    scratch: Scratch,
    pixels: [u8; PIXELS],
    input: [f32; PIXELS],
    scores: [f32; CLASSES],
}

impl Classifier {
    fn new() -> Option<Classifier> {
        let model = Model::from_bytes(include_bytes!("../digits.safetensors")).ok()?;
        if (model.fan_in(), model.fan_out()) != (PIXELS, CLASSES) {
            return None;
        }
        let engine = Engine::compile(&model, &Options::default()).ok()?;
        let scratch = engine.scratch();
        Some(Classifier {
            engine,
            scratch,
            pixels: [0; PIXELS],
            input: [0.0; PIXELS],
            scores: [0.0; CLASSES],
        })
    }

    fn classify(&mut self) -> u32 {
        for (value, &pixel) in self.input.iter_mut().zip(&self.pixels) {
            *value = f32::from(pixel) / 255.0;
        }
        if self.engine.run(&self.input, &mut self.scores, &mut self.scratch).is_err() {
            unreachable!("the shapes were checked when the classifier was made");
        }
        let mut best = 0;
        for (class, score) in self.scores.iter().enumerate() {
            if *score > self.scores[best] {
                best = class;
            }
        }
        best as u32
    }
}

/// A classifier, or null when the built-in model cannot be read. Never freed: a device classifies until it is off.
#[unsafe(no_mangle)]
pub extern "C" fn prunella_new() -> *mut Classifier {
    Classifier::new().map_or(core::ptr::null_mut(), |classifier| Box::into_raw(Box::new(classifier)))
}

/// Where the 784 bytes of an image go before [`prunella_classify`].
///
/// # Safety
/// `classifier` comes from [`prunella_new`], is not null, and is in no other call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prunella_pixels(classifier: *mut Classifier) -> *mut u8 {
    // SAFETY: the caller's promise; `prunella_new` leaked the box, so it is alive. No reference is made: the pointer
    // must outlive this call while the caller writes through it.
    unsafe { (&raw mut (*classifier).pixels).cast() }
}

/// The digit that the pixels most look like, 0 to 9.
///
/// # Safety
/// As for [`prunella_pixels`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn prunella_classify(classifier: *mut Classifier) -> u32 {
    // SAFETY: the caller's promise; `prunella_new` leaked the box, so it is alive, and no other call refers to it.
    let classifier = unsafe { &mut *classifier };
    classifier.classify()
}
