//! Libraries that run whole networks, on tensors of their own, made beforehand.

use std::error::Error;
use std::path::Path;

use candle_core::{Device, Tensor};
use candle_nn::{Linear, Module};
use prunella::model::{Activation, Model};
use rten::{ModelOptions, NodeId};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::Way;
use crate::cell::{Inputs, Kind};
use crate::contestant::Work;

/// A function of tensors, with its inputs and the last output.
struct Tensors<X, Y, F, R> {
    inputs: Vec<X>,
    output: Option<Y>,
    run: F,
    read: R,
}

impl<X, Y, F: FnMut(&X) -> Y, R: Fn(&Y) -> Vec<f32>> Work for Tensors<X, Y, F, R> {
    fn run(&mut self, call: usize) {
        self.output = Some((self.run)(&self.inputs[call % self.inputs.len()]));
    }

    fn rows(&self) -> Vec<f32> {
        self.output.as_ref().map(&self.read).unwrap_or_default()
    }
}

/// One layer of a candle network: the weight as `Linear` has it, or transposed in memory.
enum CandleLayer {
    Linear(Linear),
    Transposed(Tensor, Option<Tensor>),
}

impl CandleLayer {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            CandleLayer::Linear(linear) => linear.forward(x),
            CandleLayer::Transposed(weight, None) => x.matmul(weight),
            CandleLayer::Transposed(weight, Some(bias)) => x.matmul(weight)?.broadcast_add(bias),
        }
    }
}

pub(super) fn candle(kind: Kind, model: &Model, inputs: &Inputs) -> candle_core::Result<Vec<Way>> {
    let cpu = &Device::Cpu;
    let batch = |call| Tensor::from_slice(inputs.of_call(call), (inputs.batch, inputs.fan_in), cpu);
    let tensors = (0..inputs.batches()).map(batch).collect::<candle_core::Result<Vec<_>>>()?;
    let mut ways: Vec<Way> = Vec::new();
    for (transposed, given) in [(false, "weight [fan_out, fan_in]"), (true, "weight [fan_in, fan_out]")] {
        let mut layers = Vec::new();
        for layer in model.layers() {
            let weight = Tensor::from_slice(layer.weight(), (layer.fan_out(), layer.fan_in()), cpu)?;
            let bias = Tensor::from_slice(layer.bias(), layer.fan_out(), cpu)?;
            let bias = (kind != Kind::Layer).then_some(bias);
            let layer_of = match transposed {
                false => CandleLayer::Linear(Linear::new(weight, bias)),
                true => CandleLayer::Transposed(weight.t()?.contiguous()?, bias),
            };
            layers.push((layer_of, layer.activation() == Activation::Relu));
        }
        let run = move |x: &Tensor| {
            let through = layers.iter().try_fold(x.clone(), |x, (layer, relu)| {
                let z = layer.forward(&x)?;
                if *relu { z.relu() } else { Ok(z) }
            });
            through.expect("shapes that chain")
        };
        let read = |y: &Tensor| y.flatten_all().and_then(|y| y.to_vec1::<f32>()).expect("a tensor of f32");
        ways.push((given.into(), Box::new(Tensors { inputs: tensors.clone(), output: None, run, read })));
    }
    Ok(ways)
}

/// From ONNX, weights packed ahead. The driver runs in rten's own pool of one thread, so no call changes threads.
pub(super) fn rten(onnx: &Path, inputs: &Inputs) -> Result<Vec<Way>, Box<dyn Error>> {
    let model = ModelOptions::with_all_ops().prepack_weights(true).load_file(onnx)?;
    let batch = |call| NdTensor::from_data([inputs.batch, inputs.fan_in], inputs.of_call(call).to_vec());
    let tensors: Vec<NdTensor<f32, 2>> = (0..inputs.batches()).map(batch).collect();
    let (from, to): (NodeId, NodeId) = (model.input_ids()[0], model.output_ids()[0]);
    let run = move |x: &NdTensor<f32, 2>| {
        let result = model.run_n(vec![(from, x.view().into())], [to], None);
        let [y] = result.expect("a network it has loaded");
        NdTensor::<f32, 2>::try_from(y).expect("a matrix of f32")
    };
    let read = |y: &NdTensor<f32, 2>| y.to_vec();
    Ok(vec![("prepacked ONNX".into(), Box::new(Tensors { inputs: tensors, output: None, run, read }))])
}
