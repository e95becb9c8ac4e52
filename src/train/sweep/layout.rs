//! Where the weights of many networks lie in a tall one.
//!
//! ```text
//! hidden units   end to end, network after network, whatever their number: 16 to a line
//! first weights  [groups of lines][inputs][lines of the group]     what a product takes at a time, end to end
//! first bias     [lines]
//! slots          16 networks by one output each: the columns of a second layer; [outputs][slots of an output]
//! second weights [slots][units, 16]                                zero but where a unit and a column are of one network
//! second bias    [slots]
//! ```

use crate::train::Mlp;
use crate::train::network::Dense;
use crate::train::optimizer::Moments;
use core::ops::Range;
use prunella_kernels::Line;
use std::{vec, vec::Vec};

/// The most lines of units that a product takes at a time.
const GROUP: usize = 8;

/// The shape of a tall network.
pub(super) struct Layout {
    pub(super) features: usize,
    pub(super) outputs: usize,
    /// The first unit of each network, and the end of the last.
    firsts: Vec<usize>,
    /// The lines of units of each group.
    pub(super) groups: Vec<Range<usize>>,
}

/// A number for every weight: first weights, first bias, second weights, second bias. A part that is not needed is empty.
pub(super) type Tall = [Vec<Line>; 4];

/// The same of one network: the lines of its layers.
pub(super) type Own<'a> = [&'a [Line]; 4];
pub(super) type OwnMut<'a> = [&'a mut [Line]; 4];

impl Layout {
    /// For networks of one hidden layer, which differ in its width alone.
    pub(super) fn new<'a>(networks: impl Iterator<Item = &'a Mlp>) -> Layout {
        let (mut firsts, mut features, mut outputs) = (vec![0], 0, 0);
        let mut units = 0;
        for network in networks {
            (features, outputs) = (network.fan_in(), network.fan_out());
            units += network.layers[0].fan_out;
            firsts.push(units);
        }
        let lines = Line::count(units);
        let count = lines.div_ceil(GROUP).max(1);
        let edge = |group: usize| group * lines / count;
        let groups = (0..count).map(|group| edge(group)..edge(group + 1)).collect();
        Layout { features, outputs, firsts, groups }
    }

    pub(super) fn networks(&self) -> usize {
        self.firsts.len() - 1
    }

    /// Lines of units.
    pub(super) fn lines(&self) -> usize {
        self.groups.last().map_or(0, |group| group.end)
    }

    /// Units, padding included.
    pub(super) fn units(&self) -> usize {
        self.lines() * Line::LEN
    }

    fn slots_per_output(&self) -> usize {
        Line::count(self.networks())
    }

    pub(super) fn slots(&self) -> usize {
        self.outputs * self.slots_per_output()
    }

    /// The networks in the columns of a slot.
    pub(super) fn networks_of(&self, slot: usize) -> Range<usize> {
        let first = slot % self.slots_per_output() * Line::LEN;
        first..self.networks().min(first + Line::LEN)
    }

    /// The slot of output `output` of network `network`, and the column there.
    pub(super) fn slot_of(&self, output: usize, network: usize) -> (usize, usize) {
        (output * self.slots_per_output() + network / Line::LEN, network % Line::LEN)
    }

    /// Whether a unit of the group and a column of the slot are of one network.
    pub(super) fn meet(&self, group: &Range<usize>, slot: usize) -> bool {
        let networks = self.networks_of(slot);
        let units = self.firsts[networks.start]..self.firsts[networks.end];
        units.start < group.end * Line::LEN && group.start * Line::LEN < units.end
    }

    /// The lines of the group in a tensor of first weights.
    pub(super) fn weights_of(&self, group: &Range<usize>) -> Range<usize> {
        self.features * group.start..self.features * group.end
    }

    /// The lines of the group's units in the second weights to a slot.
    pub(super) fn second_of(&self, group: &Range<usize>, slot: usize) -> Range<usize> {
        let before = slot * self.units();
        before + group.start * Line::LEN..before + group.end * Line::LEN
    }

    /// The lines of each part.
    pub(super) fn sizes(&self) -> [usize; 4] {
        [self.features * self.lines(), self.lines(), self.slots() * self.units(), self.slots()]
    }

    /// Numbers of which none is given: all zero.
    pub(super) fn zeros(&self) -> Tall {
        self.sizes().map(|lines| vec![Line::ZERO; lines])
    }

    /// A rate for each unit, line by line, and then for each column of each slot; `rates` has one for each network.
    pub(super) fn rates(&self, rates: &[f32]) -> Vec<Line> {
        let mut lines = vec![Line::ZERO; self.lines() + self.slots()];
        let (units, slots) = lines.split_at_mut(self.lines());
        let units = Line::floats_mut(units);
        for (edges, rate) in self.firsts.windows(2).zip(rates) {
            units[edges[0]..edges[1]].fill(*rate);
        }
        for (slot, line) in slots.iter_mut().enumerate() {
            let networks = self.networks_of(slot);
            line.0[..networks.len()].copy_from_slice(&rates[networks]);
        }
        lines
    }

    /// Calls `f` with the place of every number of a part of network `network`, in the tall part and in its own.
    fn each_place(&self, network: usize, part: usize, mut f: impl FnMut(usize, usize)) {
        let units = self.firsts[network]..self.firsts[network + 1];
        let own_stride = |cols: usize| Line::count(cols) * Line::LEN;
        match part {
            0 => {
                for (own, unit) in units.clone().enumerate() {
                    let line = unit / Line::LEN;
                    let group = self.groups.iter().find(|g| g.contains(&line)).expect("a group has the unit");
                    for input in 0..self.features {
                        let before = self.features * group.start + input * group.len() + line - group.start;
                        let tall = before * Line::LEN + unit % Line::LEN;
                        f(tall, input * own_stride(units.len()) + own);
                    }
                }
            }
            1 => units.enumerate().for_each(|(own, unit)| f(unit, own)),
            2 => {
                for (own, unit) in units.enumerate() {
                    for output in 0..self.outputs {
                        let (slot, column) = self.slot_of(output, network);
                        let tall = (slot * self.units() + unit) * Line::LEN + column;
                        f(tall, own * own_stride(self.outputs) + output);
                    }
                }
            }
            _ => {
                for output in 0..self.outputs {
                    let (slot, column) = self.slot_of(output, network);
                    f(slot * Line::LEN + column, output);
                }
            }
        }
    }

    /// Copies the numbers of network `network` into the tall ones, as far as both have them.
    pub(super) fn put(&self, network: usize, own: Own<'_>, tall: &mut Tall) {
        for (part, (own, tall)) in own.into_iter().zip(tall).enumerate() {
            if !own.is_empty() && !tall.is_empty() {
                let (own, tall) = (Line::floats(own), Line::floats_mut(tall));
                self.each_place(network, part, |to, from| tall[to] = own[from]);
            }
        }
    }

    /// Copies them back.
    pub(super) fn get(&self, network: usize, tall: &Tall, own: OwnMut<'_>) {
        for (part, (own, tall)) in own.into_iter().zip(tall).enumerate() {
            if !own.is_empty() && !tall.is_empty() {
                let (own, tall) = (Line::floats_mut(own), Line::floats(tall));
                self.each_place(network, part, |from, to| own[to] = tall[from]);
            }
        }
    }

    /// The mask of the tall network: of the second weights always, for most of them are none; of the first if a network has one.
    pub(super) fn mask<'a>(&self, networks: impl Iterator<Item = &'a Mlp> + Clone) -> Tall {
        let is_masked = networks.clone().any(|network| network.layers[0].mask.is_some());
        let [first, _, second, _] = self.sizes();
        let ones = vec![Line([1.0; 16]); if is_masked { first } else { 0 }];
        let mut mask = [ones, vec![], vec![Line::ZERO; second], vec![]];
        for (index, network) in networks.enumerate() {
            let [first, second] = [0, 1].map(|layer| network.layers[layer].mask.as_deref());
            let Some(second) = second else {
                let all = Line::floats_mut(&mut mask[2]);
                self.each_place(index, 2, |to, _| all[to] = 1.0);
                self.put(index, [first.unwrap_or(&[]), &[], &[], &[]], &mut mask);
                continue;
            };
            self.put(index, [first.unwrap_or(&[]), &[], second, &[]], &mut mask);
        }
        mask
    }
}

/// The weights of a network.
pub(super) fn weights(network: &Mlp) -> Own<'_> {
    let [first, second] = [0, 1].map(|layer| &network.layers[layer]);
    [&first.weight, &first.bias, &second.weight, &second.bias]
}

/// The weights of a network, to be written.
pub(super) fn weights_mut(network: &mut Mlp) -> OwnMut<'_> {
    let [Dense { weight, bias, .. }, second] = &mut network.layers[..] else {
        unreachable!("a network of a sweep has two layers")
    };
    [weight, bias, &mut second.weight, &mut second.bias]
}

/// What the optimizer remembers of a network: first and second moments.
pub(super) fn moments(of: &[[Moments; 2]; 2]) -> [Own<'_>; 2] {
    let [[w, b], [v, c]] = of;
    [[&w.first, &b.first, &v.first, &c.first], [&w.second, &b.second, &v.second, &c.second]]
}

/// The same, to be written.
pub(super) fn moments_mut(of: &mut [[Moments; 2]; 2]) -> [OwnMut<'_>; 2] {
    let [[w, b], [v, c]] = of;
    [
        [&mut w.first, &mut b.first, &mut v.first, &mut c.first],
        [&mut w.second, &mut b.second, &mut v.second, &mut c.second],
    ]
}
