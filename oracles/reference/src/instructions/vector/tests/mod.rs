//! The tests of the vector functions: a table that leaves out no operator, the integers against
//! definitions of their own, tables of floating-point edges, relaxed operators, and the official
//! suite.

mod completeness;
mod definitions;
mod floats;
mod relaxed_sets;
mod suite;

use super::lanes::{build, fill, get};
use super::*;

/// Any operator; operands that are no vectors stand in the low bits, lanes in `immediate`.
fn apply(op: VectorOp, immediate: [u8; 16], operands: &[u128]) -> u128 {
    let lane = immediate[0];
    match (op.shape(), operands) {
        (Shape::Unary, &[a]) => unary(op, a),
        (Shape::Binary, &[a, b]) => binary(op, a, b),
        (Shape::Ternary, &[a, b, c]) => ternary(op, a, b, c),
        (Shape::Shift, &[a, by]) => shift(op, a, by as u32),
        (Shape::Splat, &[bits]) => splat(op, bits as u64),
        (Shape::Extract, &[a]) => extract(op, lane, a).into(),
        (Shape::Replace, &[a, bits]) => replace(op, lane, a, bits as u64),
        (Shape::Test, &[a]) => test(op, a).into(),
        (Shape::Shuffle, &[a, b]) => shuffle(immediate, a, b),
        (shape, _) => panic!("{op:?}: {} operands for {shape:?}", operands.len()),
    }
}

/// A vector from its first lanes; the others are zero.
fn vector<T: lanes::Lane + Default>(first: &[T]) -> u128 {
    build(|i| first.get(i as usize).copied().unwrap_or_default())
}

/// Vectors with edges in lanes of every width, and some without a pattern.
fn samples() -> Vec<u128> {
    let mut all = vec![0, u128::MAX];
    for bits in [8, 16, 32, 64] {
        let top = 1u128 << (bits - 1);
        let edges = [
            0,
            1,
            2,
            3,
            top - 2,
            top - 1,
            top,
            top + 1,
            2 * top - 2,
            2 * top - 1,
        ];
        all.push((0..128 / bits).fold(0, |v, i| v | top << (i * bits)));
        for rotation in 0..edges.len() {
            let edge = |i: u32| edges[(i as usize + rotation) % edges.len()];
            all.push((0..128 / bits).fold(0, |v, i| v | edge(i) << (i * bits)));
        }
    }
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u128::from(state)
    };
    all.extend((0..20).map(|_| next() << 64 | next()));
    all
}
