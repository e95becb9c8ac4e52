//! A network as data, and as a `safetensors` file that other tools read and write.

use std::collections::HashMap;

use proptest::prelude::*;
use prunella::model::{Activation, Layer, Model, ModelError};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

fn layer(fan_in: usize, fan_out: usize, activation: Activation) -> Layer {
    let weight = (0..fan_in * fan_out).map(|i| if i % 3 == 0 { 0.0 } else { i as f32 - 2.5 }).collect();
    Layer::new(fan_in, weight, vec![-0.5; fan_out], activation).unwrap()
}

fn three_layers() -> Model {
    Model::new(vec![
        layer(4, 3, Activation::Gaussian),
        layer(3, 5, Activation::Gaussian),
        layer(5, 2, Activation::Sigmoid),
    ])
    .unwrap()
}

/// A file of the given header and data, its header's length right.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// A header of one layer 2 -> 1 at `[0, 8, 12]`, with `metadata` before it.
fn one_layer(metadata: &str) -> Vec<u8> {
    let header = format!(
        r#"{{{metadata}"layers.0.weight":{{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}},
            "layers.0.bias":{{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}}}"#
    );
    file(&header, &[0; 12])
}

fn message(bytes: &[u8]) -> String {
    Model::from_bytes(bytes).expect_err("the file should be refused").to_string()
}

#[test]
fn a_model_knows_its_sizes() {
    let model = three_layers();
    assert_eq!(model.sizes(), [4, 3, 5, 2]);
    assert_eq!((model.fan_in(), model.fan_out()), (4, 2));
    assert_eq!((model.weights(), model.nnz()), (37, 37 - 4 - 5 - 4));
    assert_eq!(model.sparsity(), 1.0 - 24.0 / 37.0);
    assert_eq!(model.layers()[1].nnz(), 10);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let relu = Activation::Relu;
    assert_eq!(Model::new(vec![]), Err(ModelError::NoLayers));
    let apart = Model::new(vec![layer(4, 3, relu), layer(2, 1, relu)]).unwrap_err();
    assert_eq!(apart, ModelError::Chain { layer: 1, fan_in: 2, expected: 3 });
    for (fan_in, weight, bias) in [(0, 0, 1), (1, 0, 0), (2, 3, 2), (2, 5, 2), (usize::MAX, 0, 2)] {
        let refused = Layer::new(fan_in, vec![1.0; weight], vec![1.0; bias], relu);
        assert!(refused.is_err(), "[{bias}, {fan_in}] from {weight} weights");
    }
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    let nan = Layer::new(2, vec![1.0, f32::NAN], vec![0.0], Activation::Relu).unwrap_err();
    assert_eq!(nan.to_string(), "weight[1] is NaN; every weight and bias must be finite");
    for (at, place) in [(4, "layers.0.weight[1] is inf"), (8, "layers.0.bias[0] is inf")] {
        let mut bytes = one_layer("");
        let at = bytes.len() - 12 + at;
        bytes[at..at + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(message(&bytes).starts_with(place), "{}", message(&bytes));
    }
}

#[test]
fn activations_of_every_layer_survive() {
    for output in Activation::ALL {
        for hidden in [[Activation::Tanh, Activation::Tanh], [Activation::Relu, Activation::Sigmoid]] {
            let layers = vec![layer(1, 2, hidden[0]), layer(2, 2, hidden[1]), layer(2, 1, output)];
            let model = Model::new(layers).unwrap();
            assert_eq!(Model::from_bytes(&model.to_bytes()), Ok(model));
        }
    }
}

#[test]
fn the_safetensors_crate_reads_what_we_write() {
    let model = three_layers();
    let bytes = model.to_bytes();
    let (header_bytes, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header_bytes % 8, 0);
    let entries = metadata.metadata().as_ref().unwrap();
    let expected =
        [("format", "prunella"), ("version", "1"), ("activation", "gaussian"), ("output", "sigmoid")];
    assert_eq!(*entries, HashMap::from(expected.map(|(k, v)| (k.to_string(), v.to_string()))));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.len(), 6);
    for (n, layer) in model.layers().iter().enumerate() {
        let weight = tensors.tensor(&format!("layers.{n}.weight")).unwrap();
        assert_eq!((weight.dtype(), weight.shape()), (Dtype::F32, &[layer.fan_out(), layer.fan_in()][..]));
        assert_eq!(weight.data(), le_bytes(layer.weight()));
        let bias = tensors.tensor(&format!("layers.{n}.bias")).unwrap();
        assert_eq!((bias.shape(), bias.data()), (&[layer.fan_out()][..], &le_bytes(layer.bias())[..]));
    }
}

fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn we_read_what_the_safetensors_crate_writes() {
    let sizes = [(2, 7), (7, 3)];
    let data: Vec<_> = sizes.map(|(i, o)| [le_bytes(&vec![0.25; i * o]), le_bytes(&vec![1.5; o])]).into();
    let views: Vec<_> = (0..2)
        .flat_map(|n| {
            let (fan_in, fan_out) = sizes[n];
            let view = |shape, data| TensorView::new(Dtype::F32, shape, data).unwrap();
            [
                (format!("layers.{n}.weight"), view(vec![fan_out, fan_in], &data[n][0])),
                (format!("layers.{n}.bias"), view(vec![fan_out], &data[n][1])),
            ]
        })
        .collect();
    let plain = Model::from_bytes(&safetensors::serialize(views.clone(), None).unwrap()).unwrap();
    assert_eq!(plain.sizes(), [2, 7, 3]);
    let activations: Vec<_> = plain.layers().iter().map(Layer::activation).collect();
    assert_eq!(activations, [Activation::Relu, Activation::Identity]);

    let metadata = [("format", "pt"), ("activation", "tanh"), ("note", "a \"quoted\" \u{1}\u{1f33f} line\n")];
    let metadata = metadata.map(|(k, v)| (k.to_string(), v.to_string())).into();
    let told = Model::from_bytes(&safetensors::serialize(views, Some(metadata)).unwrap()).unwrap();
    assert_eq!(told.layers()[0].activation(), Activation::Tanh);
    assert_eq!(told.layers()[1].weight(), plain.layers()[1].weight());
}

#[test]
fn names_may_be_escaped() {
    let plain = one_layer("");
    let header = std::str::from_utf8(&plain[8..plain.len() - 12]).unwrap();
    let escaped = header.replace("layers.0.weight", r"\u006cayers.0\u002eweight");
    assert_eq!(Model::from_bytes(&file(&escaped, &[0; 12])), Model::from_bytes(&plain));
    let every = one_layer(r#""__metadata__":{"output":"\ud83c\udf3f\/\b\f\n\r\t\\\""},"#);
    let Err(ModelError::Metadata { value, .. }) = Model::from_bytes(&every) else {
        panic!("no activation has this name");
    };
    assert_eq!(value, "\u{1f33f}/\u{8}\u{c}\n\r\t\\\"");
    for wrong in [r"\ud83c", r"\udf3f", r"\ud83c\u0041", r"\u00g0", r"\x", "\u{1}"] {
        let bytes = one_layer(&format!(r#""__metadata__":{{"a":"{wrong}"}},"#));
        assert!(Model::from_bytes(&bytes).is_err(), "{wrong:?}");
    }
}

#[test]
fn metadata_that_we_do_not_know_is_refused() {
    let cases = [
        (r#"{"format":"prunella","version":"2"}"#, "metadata `version` is `2`; expected `1`"),
        (r#"{"format":"prunella"}"#, "metadata `version` is ``; expected `1`"),
        (r#"{"activation":"gelu"}"#, "metadata `activation` is `gelu`; expected one of identity, relu"),
        (r#"{"output":"softmax"}"#, "metadata `output` is `softmax`; expected one of"),
        (r#"{"activation":"relu,tanh"}"#, "expected one name, or 0, one for each hidden layer"),
        (r#"{"a":"1","a":"1"}"#, "\"a\" is there twice"),
        (r#"{"a":1}"#, "expected `\"`"),
    ];
    for (metadata, expected) in cases {
        let message = message(&one_layer(&format!(r#""__metadata__":{metadata},"#)));
        assert!(message.contains(expected), "{metadata}: {message}");
    }
}

#[test]
fn a_header_that_is_wrong_says_where() {
    let entry = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"layers.0.weight":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    let good = entry("F32", "[1,2]", "[0,8]");
    let cases = [
        (String::new(), "byte 8: the header must begin with `{`"),
        (format!(" {good}"), "byte 8: the header must begin with `{`"),
        ("{".into(), "byte 9: expected `\"`"),
        (r#"{"a"}"#.into(), "byte 12: expected `:`"),
        (format!("{good}}}"), "the header goes on after its end"),
        (r#"{"a":{"dtype":"F32","dtype":"F32"}}"#.into(), "byte 36: \"dtype\" is there twice"),
        (r#"{"a":{"size":1}}"#.into(), "tensor `a`: \"size\" is no property of a tensor"),
        (r#"{"a":{"dtype":"F32","shape":[1]}}"#.into(), "tensor `a`: `dtype`, `shape` and `data_offsets`"),
        (entry("F16", "[1,2]", "[0,8]"), "tensor `layers.0.weight`: the dtype is \"F16\"; only F32"),
        (entry("F32", "[1,2]", "[0,8,8]"), "must be two numbers"),
        (entry("F32", "[1,3]", "[0,8]"), "data_offsets [0, 8] do not hold the F32 of shape [1, 3]"),
        (entry("F32", "[1,2]", "[8,0]"), "data_offsets [8, 0] do not hold"),
        (entry("F32", "[4294967296,4294967296]", "[0,0]"), "do not hold"),
        (entry("F32", "[1,2]", "[4,12]"), "its data begins at 4, but the tensors before it end at 0"),
        (entry("F32", "[1,3]", "[0,12]"), "its data ends at 12, but the file holds 8 bytes of data"),
        (entry("F32", "[1,1]", "[0,4]"), "holds 8 bytes of data, but its tensors only 4"),
        (entry("F32", "[01,2]", "[0,8]"), "expected a whole number"),
        (entry("F32", "[-1,2]", "[0,8]"), "expected a whole number"),
        (entry("F32", "[1,2.0]", "[0,8]"), "expected `,`"),
        (entry("F32", "[99999999999999999999]", "[0,8]"), "the number is too large"),
    ];
    for (header, expected) in cases {
        let message = message(&file(&header, &[0; 8]));
        assert!(message.contains(expected), "{header}: {message}");
    }
}

#[test]
fn a_header_length_that_is_wrong_is_refused() {
    for (length, expected) in [
        (u64::MAX, "a header of 18446744073709551615 bytes; at most 100000000 are allowed"),
        (100_000_001, "at most 100000000"),
        (100_000_000, "needs 100000000 bytes, but the file ends after 2 of them"),
        (3, "needs 3 bytes"),
    ] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        assert!(message(&bytes).contains(expected), "{}", message(&bytes));
    }
}

#[test]
fn tensors_that_are_no_network_are_named() {
    let zeros = |name: &str, shape: &str, begin: usize, end: usize| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let weight = zeros("layers.0.weight", "[2,1]", 0, 8);
    let bias = zeros("layers.0.bias", "[2]", 8, 16);
    let cases = [
        (vec![], 0, "tensor `layers.0.weight`: missing"),
        (vec![zeros("layers.0.weight", "[2,1]", 0, 8)], 8, "tensor `layers.0.bias`: missing"),
        (vec![zeros("layers.0.bias", "[2]", 0, 8)], 8, "tensor `layers.0.bias`: not expected"),
        (
            vec![weight.clone(), bias.clone(), zeros("layers.2.weight", "[1,2]", 16, 24)],
            24,
            "tensor `layers.2.weight`: not expected; a network's next tensor would be `layers.1.weight`",
        ),
        (vec![weight.clone(), bias.clone(), zeros("x\\n", "[]", 16, 20)], 20, "tensor `x\\n`: not expected"),
        (vec![weight.clone(), weight.clone(), bias.clone()], 16, "\"layers.0.weight\" is there twice"),
        (vec![weight.clone(), zeros("layers.0.bias", "[3]", 8, 20)], 20, "needs [2]"),
        (vec![zeros("layers.0.weight", "[2]", 0, 8), bias.clone()], 16, "a weight has two dimensions"),
        (
            vec![zeros("layers.0.weight", "[2,0]", 0, 0), zeros("layers.0.bias", "[2]", 0, 8)],
            8,
            "layers.0.weight is [2, 0]",
        ),
        (
            vec![
                weight.clone(),
                bias.clone(),
                zeros("layers.1.weight", "[1,3]", 16, 28),
                zeros("layers.1.bias", "[1]", 28, 32),
            ],
            32,
            "layers.1.weight takes 3 values, but layer 0 gives 2",
        ),
        (
            vec![weight, zeros("layers.0.bias", "[2]", 4, 12)],
            12,
            "begins at 4, but the tensors before it end",
        ),
    ];
    for (tensors, data, expected) in cases {
        let header = format!("{{{}}}", tensors.join(","));
        let message = message(&file(&header, &vec![0; data]));
        assert!(message.contains(expected), "{header}: {message}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = three_layers().to_bytes();
    for length in 0..bytes.len() {
        assert!(Model::from_bytes(&bytes[..length]).is_err(), "cut to {length} of {}", bytes.len());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(message(&longer).contains("but its tensors only"), "{}", message(&longer));
}

fn finite() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |v| v.is_finite())
}

fn any_model() -> impl Strategy<Value = Model> {
    let sizes = prop::collection::vec(1..7_usize, 2..5);
    sizes.prop_flat_map(|sizes| {
        let layers: Vec<_> = sizes
            .windows(2)
            .map(|pair| {
                let (fan_in, fan_out) = (pair[0], pair[1]);
                let weight = prop::collection::vec(finite(), fan_in * fan_out);
                let bias = prop::collection::vec(finite(), fan_out);
                (weight, bias, prop::sample::select(&Activation::ALL[..])).prop_map(
                    move |(weight, bias, activation)| Layer::new(fan_in, weight, bias, activation).unwrap(),
                )
            })
            .collect();
        layers.prop_map(|layers| Model::new(layers).unwrap())
    })
}

proptest! {
    #[test]
    fn a_round_trip_keeps_every_bit(model in any_model()) {
        let bytes = model.to_bytes();
        let back = Model::from_bytes(&bytes).unwrap();
        // Bytes, because `==` does not tell -0.0 from 0.0.
        prop_assert_eq!(back.to_bytes(), bytes);
        for (a, b) in model.layers().iter().zip(back.layers()) {
            prop_assert_eq!((a.fan_in(), a.activation()), (b.fan_in(), b.activation()));
            prop_assert_eq!((le_bytes(a.weight()), le_bytes(a.bias())), (le_bytes(b.weight()), le_bytes(b.bias())));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Model::from_bytes(&bytes);
    }

    #[test]
    fn arbitrary_headers_never_panic(header in r#"\{(["{}\[\]:,\\0-9u ]|"dtype"|"shape"|"F32"|é|__metadata__){0,60}"#) {
        let _ = Model::from_bytes(&file(&header, &[0; 12]));
    }

    /// What the format's own reader refuses, we refuse.
    #[test]
    fn a_damaged_file_is_read_only_where_the_safetensors_crate_reads_it(
        at in any::<prop::sample::Index>(), byte in prop_oneof![any::<u8>(), prop::sample::select(&b"\"{}[],:0189 "[..])]
    ) {
        let mut bytes = three_layers().to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if Model::from_bytes(&bytes).is_ok() {
            prop_assert!(SafeTensors::deserialize(&bytes).is_ok(), "byte {} as {}", at, byte);
        }
    }
}
