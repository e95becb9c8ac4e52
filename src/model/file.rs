//! Which tensors and metadata make a network.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::safetensors::{Container, Tensor, Writer};
use super::{Activation, Layer, Model, ModelError};

const FORMAT: &str = "prunella";
const VERSION: &str = "1";

pub(super) fn read(bytes: &[u8]) -> Result<Model, ModelError> {
    let Container { metadata, mut tensors } = Container::read(bytes)?;
    check_version(&metadata)?;
    let mut parts = Vec::new();
    while let Some(weight) = tensors.remove(&format!("layers.{}.weight", parts.len())) {
        let bias = format!("layers.{}.bias", parts.len());
        let Some(bias) = tensors.remove(&bias) else {
            return Err(ModelError::tensor(&bias, "missing; every layer has a weight and a bias"));
        };
        parts.push((weight, bias));
    }
    let next = format!("layers.{}.weight", parts.len());
    if let Some(name) = tensors.keys().next() {
        return Err(ModelError::tensor(
            name,
            format!("not expected; a network's next tensor would be `{next}`"),
        ));
    }
    if parts.is_empty() {
        return Err(ModelError::tensor(&next, "missing; a network needs at least one layer"));
    }
    let activations = activations(&metadata, parts.len())?;
    let layers = parts.into_iter().zip(activations).enumerate();
    Model::new(
        layers
            .map(|(number, ((weight, bias), activation))| read_layer(number, weight, bias, activation))
            .collect::<Result<_, _>>()?,
    )
}

fn read_layer(
    number: usize,
    weight: Tensor<'_>,
    bias: Tensor<'_>,
    activation: Activation,
) -> Result<Layer, ModelError> {
    let [fan_out, fan_in] = weight.shape[..] else {
        let problem =
            format!("its shape is {:?}; a weight has two dimensions, [fan_out, fan_in]", weight.shape);
        return Err(ModelError::tensor(&format!("layers.{number}.weight"), problem));
    };
    if bias.shape != [fan_out] {
        let problem =
            format!("its shape is {:?}; the weight [{fan_out}, {fan_in}] needs [{fan_out}]", bias.shape);
        return Err(ModelError::tensor(&format!("layers.{number}.bias"), problem));
    }
    Layer::new(fan_in, values(weight.data), values(bias.data), activation).map_err(|e| e.in_layer(number))
}

fn values(data: &[u8]) -> Vec<f32> {
    data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// Other tools name other formats, or none; only our own has versions that we know.
fn check_version(metadata: &BTreeMap<String, String>) -> Result<(), ModelError> {
    if metadata.get("format").is_none_or(|format| format != FORMAT) {
        return Ok(());
    }
    match metadata.get("version").map_or("", String::as_str) {
        VERSION => Ok(()),
        other => Err(ModelError::Metadata {
            key: "version",
            value: other.to_string(),
            expected: format!("`{VERSION}`, the only version so far"),
        }),
    }
}

/// One activation per layer.
fn activations(metadata: &BTreeMap<String, String>, layers: usize) -> Result<Vec<Activation>, ModelError> {
    let hidden = layers - 1;
    let mut activations = match metadata.get("activation") {
        None => Vec::from_iter(core::iter::repeat_n(Activation::Relu, hidden)),
        Some(value) => {
            let named = value.split(',').map(|name| parse_activation("activation", name));
            let named = named.collect::<Result<Vec<_>, _>>()?;
            match named[..] {
                [one] => Vec::from_iter(core::iter::repeat_n(one, hidden)),
                _ if named.len() == hidden => named,
                _ => {
                    let expected = format!("one name, or {hidden}, one for each hidden layer");
                    return Err(ModelError::Metadata { key: "activation", value: value.clone(), expected });
                }
            }
        }
    };
    activations.push(match metadata.get("output") {
        None => Activation::Identity,
        Some(name) => parse_activation("output", name)?,
    });
    Ok(activations)
}

fn parse_activation(key: &'static str, name: &str) -> Result<Activation, ModelError> {
    name.parse().map_err(|_| {
        let names: Vec<_> = Activation::ALL.iter().map(|a| a.name()).collect();
        let expected = format!("one of {}", names.join(", "));
        ModelError::Metadata { key, value: name.to_string(), expected }
    })
}

pub(super) fn write(layers: &[Layer]) -> Vec<u8> {
    let (output, hidden) = layers.split_last().expect("a model has at least one layer");
    let mut names: Vec<_> = hidden.iter().map(|layer| layer.activation.name()).collect();
    if names.iter().all(|name| *name == names[0]) {
        names.truncate(1);
    }
    let names = names.join(",");
    let mut metadata =
        Vec::from([("format", FORMAT), ("version", VERSION), ("output", output.activation.name())]);
    if !hidden.is_empty() {
        metadata.push(("activation", &names));
    }
    let mut writer = Writer::new(&metadata);
    for (number, layer) in layers.iter().enumerate() {
        let shape = [layer.fan_out(), layer.fan_in()];
        writer.tensor(&format!("layers.{number}.weight"), &shape, &layer.weight);
        writer.tensor(&format!("layers.{number}.bias"), &shape[..1], &layer.bias);
    }
    writer.finish()
}
