//! What the constructors and the kernels refuse.
#![cfg(feature = "alloc")]

use prunella_kernels::{
    Activation, Csr, CsrError, CsrRef, Isa, Kernels, Lanes, Line, NonzeroInputs, PackError, PackedCsrByInput,
    PackedDense, PackedDenseByInput, PackedSpmm, PackedSpmv, PackedWindows, Rows, RowsMut,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

const IDENTITY: Activation = Activation::Identity;

/// `wrong` panics, and its message contains `why`. Where a panic ends the program, as in wasm, nothing is tried.
fn refuses<T>(why: &str, wrong: impl FnOnce() -> T) {
    if cfg!(panic = "abort") {
        return;
    }
    let panic = catch_unwind(AssertUnwindSafe(wrong)).err().unwrap_or_else(|| panic!("accepted: {why}"));
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    assert!(message.is_some_and(|m| m.contains(why)), "{message:?} does not say {why:?}");
}

/// Room for any matrix of these tests.
fn room() -> Vec<Line> {
    vec![Line::ZERO; 64]
}

#[test]
fn rows_are_as_long_as_they_say() {
    let lines = room();
    for (rows, cols, needed) in [(0, 5, 0), (5, 0, 0), (1, 1, 1), (3, 16, 3), (3, 17, 6), (64, 16, 64)] {
        let view = Rows::new(&lines[..needed], rows, cols);
        assert_eq!((view.rows(), view.cols()), (rows, cols));
        if needed > 0 {
            let why = format!("{rows} x {cols} needs {needed} lines, not {}", needed - 1);
            refuses(&why, || Rows::new(&lines[1..needed], rows, cols));
            refuses(&why, || RowsMut::new(&mut room()[1..needed], rows, cols).rows());
        }
    }
    refuses("larger than memory", || Rows::new(&lines, usize::MAX, 17));
    refuses("larger than memory", || Rows::new(&lines, usize::MAX, usize::MAX));
}

#[test]
fn a_view_is_cut_where_lines_begin() {
    let mut lines = room();
    let mut counter = 0.0;
    let mut all = RowsMut::new(&mut lines, 3, 40);
    for row in 0..3 {
        all.row_mut(row).fill_with(|| {
            counter += 1.0;
            counter
        });
    }
    let view = all.as_rows();
    for (range, first) in [(0..40, 1.0), (16..40, 17.0), (32..40, 33.0), (16..17, 17.0)] {
        let part = view.columns(range.clone());
        assert_eq!((part.rows(), part.cols()), (3, range.len()));
        for row in 0..3 {
            let want: Vec<f32> = range.clone().map(|c| (row * 40 + c + 1) as f32).collect();
            assert_eq!(part.row(row), want, "{range:?} from {first}");
        }
    }
    assert_eq!(view.columns(16..16).row(2), []);
    for wrong in [1..16, 15..40, 16..41, 48..48] {
        refuses("", || view.columns(wrong.clone()));
    }
    assert_eq!(Rows::new(&[], 0, 40).columns(16..40).cols(), 24);
    refuses("row 3 of 3", || view.row(3));
    refuses("row 3 of 3", || all.row_mut(3).len());
}

#[test]
fn csr_says_what_is_wrong() {
    let refused = |cols, indptr: &[u32], indices: &[u32], values: &[f32]| {
        CsrRef::new(cols, indptr, indices, values).map(|csr| csr.nnz()).unwrap_err()
    };
    let two = [1.0, 2.0];
    assert_eq!(refused(3, &[], &[], &[]), CsrError::Indptr { at: 0 });
    assert_eq!(refused(3, &[1, 2], &[0, 1], &two), CsrError::Indptr { at: 0 });
    assert_eq!(refused(3, &[0, 2, 1], &[0, 1], &two), CsrError::Indptr { at: 2 });
    assert_eq!(refused(3, &[0, 1], &[0, 1], &two), CsrError::Indptr { at: 1 });
    assert_eq!(refused(3, &[0, 3], &[0, 1], &two), CsrError::Indptr { at: 1 });
    assert_eq!(refused(3, &[0, 2], &[0], &two), CsrError::Lengths { indices: 1, values: 2 });
    assert_eq!(refused(3, &[0, 2], &[0, 3], &two), CsrError::Column { row: 0, at: 1 });
    assert_eq!(refused(3, &[0, 0, 2], &[1, 1], &two), CsrError::Column { row: 1, at: 1 });
    assert_eq!(refused(3, &[0, 0, 2], &[2, 1], &two), CsrError::Column { row: 1, at: 1 });
    assert_eq!(refused(0, &[0, 1], &[0], &[1.0]), CsrError::Column { row: 0, at: 0 });
    // The columns ascend anew in each row.
    assert!(CsrRef::new(3, &[0, 1, 2], &[2, 0], &two).is_ok());
    assert!(CsrRef::new(0, &[0], &[], &[]).is_ok_and(|csr| csr.rows() == 0));
    let text = CsrError::Column { row: 4, at: 9 }.to_string();
    assert!(text.starts_with("indices[9], row 4:"), "{text}");
}

#[test]
fn csr_keeps_what_is_not_zero() {
    let csr = Csr::from_dense(&[0.0, 1.0, -0.0, 2.0, 0.0, 0.0, 0.0, f32::NAN, 3.0], 3);
    let view = csr.view();
    assert_eq!((view.rows(), view.cols(), view.nnz()), (3, 3, 4));
    assert_eq!(view.row(0), (&[1][..], &[1.0][..]));
    assert_eq!(view.row(1), (&[0][..], &[2.0][..]));
    assert_eq!(view.row(2).0, [1, 2]);
    assert_eq!(Csr::from_dense(&[], 3).view().rows(), 0);
    refuses("5 values are not rows of 3", || Csr::from_dense(&[0.0; 5], 3));
    refuses("0 values are not rows of 0", || Csr::from_dense(&[], 0));
}

#[test]
fn weights_that_make_no_layer_are_not_packed() {
    let isa = Isa::best();
    for lanes in [Lanes::Batch, Lanes::Outputs] {
        let refused = |fan_in, weight: &[f32], bias: &[f32]| {
            PackedDense::new(isa, lanes, fan_in, weight, bias).map(|w| w.bytes()).unwrap_err()
        };
        assert_eq!(refused(0, &[], &[1.0]), PackError::Empty);
        assert_eq!(refused(1, &[], &[]), PackError::Empty);
        assert_eq!(refused(3, &[0.0; 5], &[0.0; 2]), PackError::Shape { weight: 5, bias: 2 });
        assert_eq!(refused(usize::MAX, &[0.0; 5], &[0.0; 2]), PackError::Shape { weight: 5, bias: 2 });
        // fan_in * fan_out overflows to the length of the weight.
        assert_eq!(refused(1 << (usize::BITS - 1), &[], &[0.0; 2]), PackError::Shape { weight: 0, bias: 2 });
    }
    let csr = Csr::from_dense(&[1.0; 6], 3);
    let refused = |csr: CsrRef<'_>, bias: &[f32], block_columns| {
        let spmv = PackedSpmv::new(csr, bias, block_columns).map(|w| w.bytes()).unwrap_err();
        assert_eq!(PackedSpmm::new(isa, csr, bias, block_columns).map(|w| w.bytes()), Err(spmv));
        if spmv != PackError::Block {
            assert_eq!(PackedWindows::new(isa, csr, bias).map(|w| w.bytes()), Err(spmv));
        }
        spmv
    };
    assert_eq!(refused(csr.view(), &[0.0; 3], 1), PackError::Shape { weight: 2, bias: 3 });
    assert_eq!(refused(csr.view(), &[0.0; 2], 0), PackError::Block);
    assert_eq!(refused(Csr::from_dense(&[], 3).view(), &[], 1), PackError::Empty);
    assert_eq!(refused(CsrRef::new(0, &[0, 0], &[], &[]).unwrap(), &[0.0], 1), PackError::Empty);
}

#[test]
fn packed_weights_tell_their_shape() {
    let dense = PackedDense::new(Isa::best(), Lanes::Outputs, 3, &[1.0; 51], &[0.0; 17]).unwrap();
    assert_eq!(
        (dense.fan_in(), dense.fan_out(), dense.lanes(), dense.isa()),
        (3, 17, Lanes::Outputs, Isa::best())
    );
    // 32 outputs of 3 inputs, 32 biases.
    assert_eq!(dense.bytes(), (32 * 3 + 32) * 4);

    let mut weight = vec![0.0; 5 * 100];
    (weight[0], weight[100], weight[101], weight[499]) = (1.0, 2.0, 3.0, 4.0);
    let csr = Csr::from_dense(&weight, 100);
    let spmm = PackedSpmm::new(Isa::best(), csr.view(), &[0.0; 5], usize::MAX).unwrap();
    assert_eq!((spmm.fan_in(), spmm.fan_out(), spmm.nnz(), spmm.isa()), (100, 5, 4, Isa::best()));
    let empty = Csr::from_dense(&[0.0; 4], 2);
    let empty = PackedSpmm::new(Isa::best(), empty.view(), &[0.0; 2], 1).unwrap();
    assert_eq!(empty.nnz(), 0);
}

#[test]
fn kernels_refuse_shapes_that_do_not_fit() {
    let kernels = Kernels::new(Isa::best());
    let lines = room();
    let x = |rows, cols| Rows::new(&lines, rows, cols);
    let pack = |lanes| PackedDense::new(kernels.isa(), lanes, 3, &[1.0; 6], &[0.0; 2]).unwrap();
    let gemm = |lanes, from: Rows<'_>, rows, cols| {
        kernels.gemm(&pack(lanes), from, IDENTITY, &mut RowsMut::new(&mut room(), rows, cols));
    };
    refuses("x is [fan_in, batch]", || gemm(Lanes::Batch, x(4, 5), 2, 5));
    refuses("y is [fan_out, batch]", || gemm(Lanes::Batch, x(3, 5), 3, 5));
    refuses("y is [fan_out, batch]", || gemm(Lanes::Batch, x(3, 5), 2, 4));
    refuses("x is [fan_in, batch]", || gemm(Lanes::Outputs, x(2, 5), 5, 2));
    refuses("y is [batch, fan_out]", || gemm(Lanes::Outputs, x(3, 5), 2, 5));

    let gemv = |lanes, x: &[f32], y: &mut [Line]| kernels.gemv(&pack(lanes), x, IDENTITY, y);
    refuses("packed for one kernel", || gemv(Lanes::Batch, &[0.0; 3], &mut room()));
    refuses("x is [fan_in]", || gemv(Lanes::Outputs, &[0.0; 4], &mut room()));
    refuses("y is [fan_out]", || gemv(Lanes::Outputs, &[0.0; 3], &mut []));

    let csr = Csr::from_dense(&[1.0; 6], 3);
    let spmm = PackedSpmm::new(kernels.isa(), csr.view(), &[0.0; 2], 2).unwrap();
    let spmm = |from: Rows<'_>, rows, cols| {
        kernels.spmm(&spmm, from, IDENTITY, &mut RowsMut::new(&mut room(), rows, cols));
    };
    refuses("x is [fan_in, batch]", || spmm(x(4, 5), 2, 5));
    refuses("y is [fan_out, batch]", || spmm(x(3, 5), 2, 6));
    let spmv = PackedSpmv::new(csr.view(), &[0.0; 2], 2).unwrap();
    refuses("x is [fan_in]", || kernels.spmv(&spmv, &[0.0; 2], IDENTITY, &mut room()));
    refuses("y is [fan_out]", || kernels.spmv(&spmv, &[0.0; 3], IDENTITY, &mut []));
    let windows = PackedWindows::new(kernels.isa(), csr.view(), &[0.0; 2]).unwrap();
    refuses("x is [fan_in]", || kernels.spmv_windows(&windows, &[0.0; 2], IDENTITY, &mut room()));
    refuses("y is [fan_out]", || kernels.spmv_windows(&windows, &[0.0; 3], IDENTITY, &mut []));
}

#[test]
fn training_products_and_transposes_refuse_shapes_that_do_not_fit() {
    let kernels = Kernels::new(Isa::best());
    let lines = room();
    let x = |rows, cols| Rows::new(&lines, rows, cols);
    let gemm_tn = |a: Rows<'_>, b: Rows<'_>, bias: Option<&[Line]>, rows, cols| {
        kernels.gemm_tn(a, b, bias, IDENTITY, &mut RowsMut::new(&mut room(), rows, cols));
    };
    refuses("both operands have k rows", || gemm_tn(x(2, 3), x(3, 3), None, 3, 3));
    refuses("c is [columns of a, columns of b]", || gemm_tn(x(2, 3), x(2, 4), None, 4, 3));
    refuses("one bias for each column", || gemm_tn(x(2, 3), x(2, 17), Some(&lines[..1]), 3, 17));

    let to = |rows, cols| kernels.transpose(x(2, 3), &mut RowsMut::new(&mut room(), rows, cols));
    refuses("the transpose of [r, c] is [c, r]", || to(2, 3));
    let mut other = room();
    refuses("the panel holds [features, batch]", || {
        kernels.rows_to_panel(&[0.0; 7], &mut RowsMut::new(&mut other, 2, 3))
    });
    refuses("the panel holds [features, batch]", || kernels.panel_to_rows(x(2, 3), &mut [0.0; 5]));
}

#[test]
fn weights_of_one_set_do_not_run_on_another() {
    let (first, best) = (Isa::available().next().unwrap(), Isa::best());
    if first == best {
        return;
    }
    for lanes in [Lanes::Batch, Lanes::Outputs] {
        let packed = PackedDense::new(first, lanes, 1, &[1.0], &[0.0]).unwrap();
        let lines = room();
        let x = Rows::new(&lines, 1, 1);
        refuses("packed for one instruction set", || {
            Kernels::new(best).gemm(&packed, x, IDENTITY, &mut RowsMut::new(&mut room(), 1, 1))
        });
    }
    let one = Csr::from_dense(&[1.0], 1);
    let windows = PackedWindows::new(first, one.view(), &[0.0]).unwrap();
    refuses("packed for one instruction set", || {
        Kernels::new(best).spmv_windows(&windows, &[1.0], IDENTITY, &mut room())
    });
    let packed = PackedSpmm::new(first, one.view(), &[0.0], 1).unwrap();
    refuses("packed for one instruction set", || {
        let lines = room();
        let x = Rows::new(&lines, 1, 1);
        Kernels::new(best).spmm(&packed, x, IDENTITY, &mut RowsMut::new(&mut room(), 1, 1))
    });
}

#[test]
fn products_that_skip_inputs_check_their_operands() {
    let kernels = Kernels::new(Isa::best());
    let dense = |fan_in: usize, fan_out: usize| {
        PackedDenseByInput::new(Isa::best(), fan_in, &vec![1.0; fan_in * fan_out], &vec![0.0; fan_out])
            .unwrap()
    };
    let run = |rows: usize, (batch, fan_out): (usize, usize), room_for: (usize, usize)| {
        let (mut y, mut nonzero) = (room(), NonzeroInputs::new(room_for.0, room_for.1));
        let mut y = RowsMut::new(&mut y, batch, fan_out);
        kernels.gemm_sparse_input(&dense(5, 3), &vec![1.0; rows], IDENTITY, &mut y, &mut nonzero);
    };
    run(10, (2, 3), (2, 5));
    run(10, (2, 3), (4, 9));
    run(0, (0, 3), (0, 1));
    refuses("rows are [batch, fan_in]", || run(9, (2, 3), (2, 5)));
    refuses("y is [batch, fan_out]", || run(10, (2, 4), (2, 5)));
    refuses("need more room", || run(10, (2, 3), (1, 100)));
    refuses("need more room", || run(10, (2, 3), (100, 4)));
    refuses("at most 2^32", || NonzeroInputs::new(1 << 16, 1 << 16));
    let csr = Csr::from_dense(&[1.0; 15], 5);
    let sparse = PackedCsrByInput::new(csr.view(), &[0.0; 3]).unwrap();
    let run = |rows: usize, (batch, fan_out): (usize, usize), room_for: (usize, usize)| {
        let (mut y, mut nonzero) = (room(), NonzeroInputs::new(room_for.0, room_for.1));
        let mut y = RowsMut::new(&mut y, batch, fan_out);
        kernels.spmm_sparse_input(&sparse, &vec![1.0; rows], IDENTITY, &mut y, &mut nonzero);
    };
    run(10, (2, 3), (2, 5));
    refuses("rows are [batch, fan_in]", || run(9, (2, 3), (2, 5)));
    refuses("y is [batch, fan_out]", || run(10, (2, 4), (2, 5)));
    refuses("need more room", || run(10, (2, 3), (1, 5)));
}

#[test]
fn weights_by_input_are_whole_layers() {
    let dense = |fan_in, weight: &[f32], bias: &[f32]| {
        PackedDenseByInput::new(Isa::best(), fan_in, weight, bias).map(|w| (w.fan_in(), w.fan_out()))
    };
    assert_eq!(dense(2, &[1.0; 6], &[0.0; 3]), Ok((2, 3)));
    assert_eq!(dense(0, &[], &[0.0; 3]), Err(PackError::Empty));
    assert_eq!(dense(2, &[], &[]), Err(PackError::Empty));
    assert_eq!(dense(2, &[1.0; 5], &[0.0; 3]), Err(PackError::Shape { weight: 5, bias: 3 }));
    let sparse = |weight: &[f32], fan_in, bias: &[f32]| {
        PackedCsrByInput::new(Csr::from_dense(weight, fan_in).view(), bias).map(|w| (w.fan_in(), w.fan_out()))
    };
    assert_eq!(sparse(&[1.0; 6], 2, &[0.0; 3]), Ok((2, 3)));
    assert_eq!(sparse(&[], 2, &[]), Err(PackError::Empty));
    assert_eq!(sparse(&[1.0; 6], 2, &[0.0; 2]), Err(PackError::Shape { weight: 3, bias: 2 }));
}
