//! A network as an ONNX file: `Gemm` and `Relu` nodes, the batch size fixed. Just enough of protocol buffers for that.

use prunella::model::{Activation, Layer, Model};

/// Of the ONNX format, and of its operators: old enough for every reader.
const IR_VERSION: u64 = 7;
const OPSET: u64 = 13;
const FLOAT: u64 = 1;
const INT_ATTRIBUTE: u64 = 2;

/// A message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn int(mut self, field: u64, value: u64) -> Message {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Message {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, inner: Message) -> Message {
        self.bytes(field, &inner.0)
    }
}

/// The bytes of the file.
pub fn to_onnx(model: &Model, batch: usize) -> Vec<u8> {
    let mut graph = Message::default().text(2, "network");
    let mut x = String::from("input");
    for (i, layer) in model.layers().iter().enumerate() {
        let last = i + 1 == model.layers().len();
        let relu = layer.activation() == Activation::Relu;
        let z = if last { "output".into() } else { format!("z{i}") };
        graph = graph.message(1, gemm(&[&x, &format!("w{i}"), &format!("b{i}")], &z));
        x = if relu { format!("h{i}") } else { z.clone() };
        if relu {
            graph = graph.message(1, Message::default().text(1, &z).text(2, &x).text(4, "Relu"));
        }
    }
    for (i, layer) in model.layers().iter().enumerate() {
        graph = graph
            .message(5, weight(layer, i))
            .message(5, tensor(&format!("b{i}"), &[layer.fan_out()], layer.bias()));
    }
    let graph = graph
        .message(11, value("input", &[batch, model.fan_in()]))
        .message(12, value("output", &[batch, model.fan_out()]));
    Message::default()
        .int(1, IR_VERSION)
        .text(2, "prunella")
        .message(7, graph)
        .message(8, Message::default().int(2, OPSET))
        .0
}

fn gemm(inputs: &[&str; 3], output: &str) -> Message {
    let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
    let transposed = Message::default().text(1, "transB").int(3, 1).int(20, INT_ATTRIBUTE);
    node.text(2, output).text(3, output).text(4, "Gemm").message(5, transposed)
}

fn weight(layer: &Layer, i: usize) -> Message {
    tensor(&format!("w{i}"), &[layer.fan_out(), layer.fan_in()], layer.weight())
}

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> Message {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let dims = shape.iter().fold(Message::default(), |tensor, &dim| tensor.int(1, dim as u64));
    dims.int(2, FLOAT).text(8, name).bytes(9, &bytes)
}

fn value(name: &str, shape: &[usize]) -> Message {
    let dims = shape
        .iter()
        .fold(Message::default(), |dims, &dim| dims.message(1, Message::default().int(1, dim as u64)));
    let tensor = Message::default().int(1, FLOAT).message(2, dims);
    Message::default().text(1, name).message(2, Message::default().message(1, tensor))
}
