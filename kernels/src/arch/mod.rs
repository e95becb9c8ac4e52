//! One file per instruction set: its operations, its tile sizes, its entry points.

use crate::Activation;
use crate::generic::product::Product;
use crate::generic::sparse_input::{CsrSparseInput, DenseSparseInput, Search};
use crate::generic::spmm::Spmm;
use crate::generic::spmv::Spmv;
use crate::generic::transpose::Transpose;
use crate::generic::window::Windows;
#[cfg(feature = "train")]
use crate::generic::{
    activate::Backward,
    loss::{CrossEntropy, SquaredError, SumRows},
    optimize::{AdamStep, MomentumStep, Tensor},
    prototypes::Networks,
    sparse_bytes::ColumnsProduct,
    tall::{ColumnStep, CrossEntropies, Gradient, Product as TallProduct},
};
use crate::isa::Isa;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::isa::Name;

/// The entry points of one instruction set.
///
/// All are unsafe: the machine must have the set, and the pointers must hold what their structure says.
pub(crate) struct Table {
    pub(crate) lanes: usize,
    pub(crate) tile_rows: usize,
    pub(crate) window: usize,
    pub(crate) window_slices: usize,
    pub(crate) wide_windows: bool,
    pub(crate) window_weights: usize,
    #[cfg_attr(not(feature = "alloc"), allow(dead_code, reason = "nothing is packed"))]
    pub(crate) spmm_rows: usize,
    pub(crate) product: unsafe fn(&Product),
    pub(crate) spmm: unsafe fn(&Spmm),
    pub(crate) spmv: unsafe fn(&Spmv),
    pub(crate) windows: unsafe fn(&Windows),
    pub(crate) row_outputs: usize,
    pub(crate) search: unsafe fn(&Search),
    pub(crate) dense_sparse_input: unsafe fn(&DenseSparseInput),
    pub(crate) csr_sparse_input: unsafe fn(&CsrSparseInput),
    pub(crate) transpose: unsafe fn(&Transpose),
    pub(crate) activate: unsafe fn(Activation, *mut f32, usize),
    pub(crate) fma_peak: unsafe fn(usize) -> f32,
    pub(crate) read: unsafe fn(*const f32, usize) -> f32,
    #[cfg(feature = "train")]
    pub(crate) training: TrainingTable,
}

/// Those that only training needs.
#[cfg(feature = "train")]
pub(crate) struct TrainingTable {
    pub(crate) backward: unsafe fn(&Backward),
    pub(crate) softmax_cross_entropy: unsafe fn(&CrossEntropy),
    pub(crate) binary_cross_entropy: unsafe fn(&CrossEntropy),
    pub(crate) mean_squared_error: unsafe fn(&SquaredError),
    pub(crate) sum_rows: unsafe fn(&SumRows),
    pub(crate) columns_product: unsafe fn(&ColumnsProduct),
    pub(crate) sgd: unsafe fn(&Tensor, f32),
    pub(crate) momentum: unsafe fn(&Tensor, &MomentumStep),
    pub(crate) adam: unsafe fn(&Tensor, &AdamStep),
    pub(crate) tall_product: unsafe fn(&TallProduct),
    pub(crate) tall_gradient: unsafe fn(&Gradient),
    pub(crate) binary_cross_entropies: unsafe fn(&CrossEntropies),
    pub(crate) step_columns: unsafe fn(&Tensor, &ColumnStep),
    pub(crate) prototypes: unsafe fn(&Networks),
}

/// Writes the methods of [`Simd`](crate::simd::Simd) for one instruction set.
macro_rules! operations {
    ($(fn $name:ident $(<const $i:ident: i32>)? ($($arg:ident: $t:ty),*) $(-> $r:ty)? $body:block)+) => {
        $(#[inline(always)]
        unsafe fn $name $(<const $i: i32>)? ($($arg: $t),*) $(-> $r)? {
            // SAFETY: the trait's contract is the intrinsics': the machine has the set, and what a pointer names is there.
            #[allow(unused_unsafe, reason = "`wide` is safe")]
            unsafe { $body }
        })+
    };
}

/// Compiles every algorithm for one instruction set.
macro_rules! entry_points {
    ($simd:ty $(, $features:literal)?) => {
        entry_points!(@each $simd, [$($features)?],
            product(p: &$crate::generic::product::Product) = product::product;
            spmm(p: &$crate::generic::spmm::Spmm) = spmm::spmm;
            spmv(p: &$crate::generic::spmv::Spmv) = spmv::spmv;
            windows(p: &$crate::generic::window::Windows) = window::windows;
            search(p: &$crate::generic::sparse_input::Search) = sparse_input::search;
            dense_sparse_input(p: &$crate::generic::sparse_input::DenseSparseInput) = sparse_input::dense_sparse_input;
            csr_sparse_input(p: &$crate::generic::sparse_input::CsrSparseInput) = sparse_input::csr_sparse_input;
            transpose(p: &$crate::generic::transpose::Transpose) = transpose::transpose;
            activate(activation: $crate::Activation, z: *mut f32, len: usize) = activate::all;
            fma_peak(steps: usize) -> f32 = probe::fma_peak;
            read(from: *const f32, len: usize) -> f32 = probe::read;
            #[cfg(feature = "train")] {
                backward(p: &$crate::generic::activate::Backward) = activate::backward;
                softmax_cross_entropy(p: &$crate::generic::loss::CrossEntropy) = loss::softmax_cross_entropy;
                binary_cross_entropy(p: &$crate::generic::loss::CrossEntropy) = loss::binary_cross_entropy;
                mean_squared_error(p: &$crate::generic::loss::SquaredError) = loss::mean_squared_error;
                sum_rows(p: &$crate::generic::loss::SumRows) = loss::sum_rows;
                columns_product(p: &$crate::generic::sparse_bytes::ColumnsProduct) = sparse_bytes::columns_product;
                sgd(p: &$crate::generic::optimize::Tensor, rate: f32) = optimize::sgd;
                momentum(p: &$crate::generic::optimize::Tensor, step: &$crate::generic::optimize::MomentumStep) = optimize::momentum;
                adam(p: &$crate::generic::optimize::Tensor, step: &$crate::generic::optimize::AdamStep) = optimize::adam;
                tall_product(p: &$crate::generic::tall::Product) = tall::product;
                tall_gradient(p: &$crate::generic::tall::Gradient) = tall::gradient;
                binary_cross_entropies(p: &$crate::generic::tall::CrossEntropies) = tall::binary_cross_entropies;
                step_columns(p: &$crate::generic::optimize::Tensor, step: &$crate::generic::tall::ColumnStep) = tall::step_columns;
                prototypes(p: &$crate::generic::prototypes::Networks) = prototypes::gradient;
            }
        );
    };
    (@each $simd:ty, $features:tt,
        $($name:ident($($arg:ident: $t:ty),*) $(-> $r:ty)? = $module:ident::$f:ident;)+
        #[cfg($train:meta)] { $($tname:ident($($targ:ident: $tt:ty),*) = $tmodule:ident::$tf:ident;)+ }
    ) => {
        $(entry_points!(@one $simd, $features, $name($($arg: $t),*) $(-> $r)? = $module::$f);)+
        $(#[cfg($train)] entry_points!(@one $simd, $features, $tname($($targ: $tt),*) = $tmodule::$tf);)+
        pub(crate) static TABLE: $crate::arch::Table = $crate::arch::Table {
            lanes: <$simd as $crate::simd::Simd>::LANES,
            tile_rows: <$simd as $crate::simd::Simd>::TILE_ROWS,
            window: <$simd as $crate::simd::Simd>::WINDOW,
            window_slices: <$simd as $crate::simd::Simd>::WINDOW_SLICES,
            wide_windows: <$simd as $crate::simd::Simd>::WIDE_WINDOWS,
            window_weights: <$simd as $crate::simd::Simd>::WINDOW_WEIGHTS,
            spmm_rows: <$simd as $crate::simd::Simd>::SPMM_ROWS,
            row_outputs: <$simd as $crate::simd::Simd>::ROW_REGISTERS * <$simd as $crate::simd::Simd>::LANES,
            $($name,)+
            #[cfg($train)]
            training: $crate::arch::TrainingTable { $($tname,)+ },
        };
    };
    (@one $simd:ty, [$($features:literal)?], $name:ident($($arg:ident: $t:ty),*) $(-> $r:ty)? = $module:ident::$f:ident) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn $name($($arg: $t),*) $(-> $r)? {
            // SAFETY: whoever calls an entry point vouches for the machine and the pointers.
            unsafe { $crate::generic::$module::$f::<$simd>($($arg),*) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod block;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

/// The entry points of a set that the machine has.
pub(crate) fn table(isa: Isa) -> &'static Table {
    match isa.id() {
        #[cfg(target_arch = "x86_64")]
        Name::Avx2 => &avx2::TABLE,
        #[cfg(target_arch = "x86_64")]
        Name::Avx512 => &avx512::TABLE,
        #[cfg(target_arch = "aarch64")]
        Name::Neon => &neon::TABLE,
        // An `Isa` of another architecture cannot be made here.
        _ => &portable::TABLE,
    }
}
