//! Integer operators against a second definition: lanes as unbounded integers, the way the
//! specification writes them, with the operator and its lanes read off its name.

use super::*;

/// What a name such as `I16x8ExtMulLowI8x16S` says.
struct Name<'a> {
    /// The width of a lane of the result.
    bits: u32,
    /// `ExtMulLow`
    operation: &'a str,
    /// The width of a lane of the operands, if it differs.
    from: u32,
    signed: bool,
}

impl Name<'_> {
    fn parse(name: &str) -> Option<Name<'_>> {
        let (bits, rest) = shape(name)?;
        let (rest, signed) = match rest.strip_suffix(['S', 'U']) {
            Some(cut) => (cut, rest.ends_with('S')),
            None => (rest, true),
        };
        let split = rest
            .char_indices()
            .find_map(|(i, _)| Some((i, shape(&rest[i..])?)));
        let (operation, from) = match split {
            Some((i, (from, ""))) => (&rest[..i], from),
            _ => (rest, bits),
        };
        Some(Name {
            bits,
            operation,
            from,
            signed,
        })
    }

    /// The operand's lanes as integers.
    fn read(&self, v: u128) -> Vec<i128> {
        read(v, self.from, self.signed)
    }

    /// The result's lanes, modulo 2^bits.
    fn write(&self, lanes: &[i128]) -> u128 {
        assert_eq!(lanes.len() as u32 * self.bits, 128, "{}", self.operation);
        let masked = lanes
            .iter()
            .map(|x| x.cast_unsigned() & ((1 << self.bits) - 1));
        masked.rev().fold(0, |v, x| v << self.bits | x)
    }

    /// `sat`, by the sign that the name says, to the width of the result.
    fn saturate(&self, x: i128) -> i128 {
        let top = 1i128 << (self.bits - 1);
        if self.signed {
            x.clamp(-top, top - 1)
        } else {
            x.clamp(0, 2 * top - 1)
        }
    }
}

fn shape(text: &str) -> Option<(u32, &str)> {
    let shapes = [("I8x16", 8), ("I16x8", 16), ("I32x4", 32), ("I64x2", 64)];
    shapes
        .iter()
        .find_map(|(name, bits)| Some((*bits, text.strip_prefix(name)?)))
}

fn read(v: u128, bits: u32, signed: bool) -> Vec<i128> {
    let lane = |i| ((v >> (i * bits)) & ((1 << bits) - 1)) as i128;
    let top = 1i128 << (bits - 1);
    let value = |x| if signed && x >= top { x - 2 * top } else { x };
    (0..128 / bits).map(|i| value(lane(i))).collect()
}

fn defined_unary(name: &Name<'_>, a: u128) -> Option<u128> {
    let lanes = name.read(a);
    let half = lanes.len() / 2;
    let result: Vec<i128> = match name.operation {
        "Abs" => lanes.iter().map(|x| x.abs()).collect(),
        "Neg" => lanes.iter().map(|x| -x).collect(),
        "Popcnt" => lanes
            .iter()
            .map(|x| ((x & 0xff).count_ones()).into())
            .collect(),
        "ExtAddPairwise" => lanes.chunks(2).map(|x| x[0] + x[1]).collect(),
        "ExtendLow" => lanes[..half].to_vec(),
        "ExtendHigh" => lanes[half..].to_vec(),
        _ => return None,
    };
    Some(name.write(&result))
}

fn defined_binary(name: &Name<'_>, a: u128, b: u128) -> Option<u128> {
    let (x, y) = (name.read(a), name.read(b));
    let half = x.len() / 2;
    let each = |f: &dyn Fn(i128, i128) -> i128| {
        x.iter().zip(&y).map(|(x, y)| f(*x, *y)).collect::<Vec<_>>()
    };
    let relation = |f: fn(&i128, &i128) -> bool| each(&|x, y| if f(&x, &y) { -1 } else { 0 });
    let result = match name.operation {
        "Add" => each(&|x, y| x + y),
        "Sub" => each(&|x, y| x - y),
        "Mul" => each(&|x, y| x * y),
        "AddSat" => each(&|x, y| name.saturate(x + y)),
        "SubSat" => each(&|x, y| name.saturate(x - y)),
        "Min" => each(&|x, y| if x < y { x } else { y }),
        "Max" => each(&|x, y| if x > y { x } else { y }),
        "Avgr" => each(&|x, y| (x + y + 1) / 2),
        "Q15MulrSat" | "RelaxedQ15mulr" => {
            each(&|x, y| name.saturate((x * y + 0x4000).div_euclid(0x8000)))
        }
        "Eq" => relation(i128::eq),
        "Ne" => relation(i128::ne),
        "Lt" => relation(i128::lt),
        "Gt" => relation(i128::gt),
        "Le" => relation(i128::le),
        "Ge" => relation(i128::ge),
        "ExtMulLow" => each(&|x, y| x * y)[..half].to_vec(),
        "ExtMulHigh" => each(&|x, y| x * y)[half..].to_vec(),
        "Dot" => each(&|x, y| x * y).chunks(2).map(|x| x[0] + x[1]).collect(),
        // The operands are always signed; the name says how to saturate.
        "Narrow" => {
            let signed = [a, b].map(|v| read(v, name.from, true)).concat();
            signed.into_iter().map(|x| name.saturate(x)).collect()
        }
        _ => return None,
    };
    Some(name.write(&result))
}

#[test]
fn unary_and_tests() {
    let mut count = 0;
    for &op in VectorOp::ALL {
        let text = format!("{op:?}");
        let Some(name) = Name::parse(&text) else {
            continue;
        };
        for a in samples() {
            let lanes = name.read(a);
            match (op.shape(), name.operation) {
                (Shape::Unary, _) => {
                    let Some(wanted) = defined_unary(&name, a) else {
                        continue;
                    };
                    assert_eq!(unary(op, a), wanted, "{op:?} {a:x}");
                }
                (Shape::Test, "AllTrue") => {
                    assert_eq!(
                        test(op, a) == 1,
                        lanes.iter().all(|x| *x != 0),
                        "{op:?} {a:x}"
                    );
                }
                (Shape::Test, "Bitmask") => {
                    let bits = lanes.iter().rev().map(|x| u32::from(*x < 0));
                    assert_eq!(test(op, a), bits.fold(0, |m, x| 2 * m + x), "{op:?} {a:x}");
                }
                _ => continue,
            }
            count += 1;
        }
    }
    // Four absolute values, four negations, a count, four sums, twelve extensions, eight tests.
    assert_eq!(count, (4 + 4 + 1 + 4 + 12 + 8) * samples().len());
}

#[test]
fn binary_and_dot() {
    let (samples, mut count) = (samples(), 0);
    for &op in VectorOp::ALL {
        let text = format!("{op:?}");
        let Some(name) = Name::parse(&text) else {
            continue;
        };
        if op.shape() != Shape::Binary || defined_binary(&name, 0, 0).is_none() {
            continue;
        }
        count += 1;
        for &a in &samples {
            for &b in &samples {
                let wanted = defined_binary(&name, a, b);
                assert_eq!(Some(binary(op, a, b)), wanted, "{op:?} {a:x} {b:x}");
            }
        }
    }
    // Relations; sums, differences, products; saturating; averages; minima and maxima; Q15;
    // extending products; a dot product; narrowings.
    assert_eq!(
        count,
        (3 * 10 + 6) + (4 + 4 + 3) + 8 + 2 + 12 + 2 + 12 + 1 + 4
    );
}

#[test]
fn shifts() {
    for &op in VectorOp::ALL {
        let text = format!("{op:?}");
        let Some(name) = Name::parse(&text) else {
            continue;
        };
        if op.shape() != Shape::Shift {
            continue;
        }
        for a in samples() {
            for by in [
                0,
                1,
                3,
                7,
                8,
                9,
                15,
                16,
                31,
                32,
                33,
                63,
                64,
                127,
                128,
                0x8000_0001,
                u32::MAX,
            ] {
                let k = by % name.bits;
                let lanes = name.read(a).into_iter();
                let lanes: Vec<_> = match name.operation {
                    "Shl" => lanes.map(|x| x << k).collect(),
                    _ => lanes.map(|x| x.div_euclid(1 << k)).collect(),
                };
                assert_eq!(shift(op, a, by), name.write(&lanes), "{op:?} {a:x} {by}");
            }
        }
    }
}

#[test]
fn lanes_in_and_out() {
    for &op in VectorOp::ALL {
        let text = format!("{op:?}").replace('F', "I");
        let Some(name) = Name::parse(&text) else {
            continue;
        };
        let mask = (1u128 << name.bits) - 1;
        for v in samples() {
            for lane in 0..(128 / name.bits) as u8 {
                let bits = u32::from(lane) * name.bits;
                let other = (v >> 60) as u64;
                match (op.shape(), name.operation) {
                    (Shape::Splat, _) => {
                        let wanted = u128::from(other) & mask;
                        assert!(
                            read(splat(op, other), name.bits, false)
                                .iter()
                                .all(|x| x.cast_unsigned() == wanted)
                        );
                    }
                    (Shape::Replace, _) => {
                        let wanted = v & !(mask << bits) | (u128::from(other) & mask) << bits;
                        assert_eq!(replace(op, lane, v, other), wanted, "{op:?}");
                    }
                    (Shape::Extract, _) => {
                        let value = read(v, name.bits, text.ends_with('S'))[usize::from(lane)];
                        let kept = if name.bits == 64 {
                            u64::MAX
                        } else {
                            u32::MAX.into()
                        };
                        assert_eq!(extract(op, lane, v), value as u64 & kept, "{op:?}");
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn whole_vectors() {
    for a in samples() {
        assert_eq!(unary(VectorOp::V128Not, a), a ^ u128::MAX);
        assert_eq!(
            test(VectorOp::V128AnyTrue, a),
            u32::from(a.count_ones() > 0)
        );
        for b in samples() {
            assert_eq!(binary(VectorOp::V128And, a, b), a & b);
            assert_eq!(binary(VectorOp::V128Or, a, b), a | b);
            assert_eq!(binary(VectorOp::V128Xor, a, b), a ^ b);
            assert_eq!(binary(VectorOp::V128AndNot, a, b), a & (b ^ u128::MAX));
            let mask = a.rotate_left(37) ^ b;
            let select = (0..128).fold(0, |v, i| {
                v | (if mask >> i & 1 == 1 { a } else { b }) & 1 << i
            });
            assert_eq!(ternary(VectorOp::V128Bitselect, a, b, mask), select);
            let (x, j) = (a.to_le_bytes(), b.to_le_bytes());
            let swizzled = j.map(|j| *x.get(usize::from(j)).unwrap_or(&0));
            assert_eq!(binary(VectorOp::I8x16Swizzle, a, b).to_le_bytes(), swizzled);
            let indices = j.map(|j| j % 32);
            let both = [x, j].concat();
            let shuffled = indices.map(|j| both[usize::from(j)]);
            assert_eq!(shuffle(indices, a, b).to_le_bytes(), shuffled);
        }
    }
}
