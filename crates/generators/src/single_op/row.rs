//! A row of the tables: one operator, and what it takes to exercise it.

use super::{body::Body, pool::Pool};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{Instruction, MemArg, ValType};

/// One operator.
pub struct Row {
    /// Its name, as in `wasmparser::Operator`.
    pub name: &'static str,
    /// All features that it needs.
    pub features: Features,
    /// How to exercise it.
    pub shape: Shape,
}

/// How to exercise an operator.
pub enum Shape {
    /// No immediates: only operands and results.
    Plain(Instruction<'static>, &'static [Pool], &'static [ValType]),
    /// An immediate that is the index of one of so many lanes.
    Lane(
        fn(u8) -> Instruction<'static>,
        u8,
        &'static [Pool],
        &'static [ValType],
    ),
    /// An access to memory; the address comes before the operands listed.
    Access(Access, &'static [Pool], &'static [ValType]),
    /// Anything else has code of its own.
    Build(fn(&mut Body<'_, '_>) -> Result<()>),
}

/// An access to memory.
pub struct Access {
    /// The instruction.
    pub make: Make,
    /// How many bytes it accesses.
    pub width_bytes: u8,
    /// Atomic accesses have the natural alignment, and trap at other addresses.
    pub atomic: bool,
}

/// Makes the instruction of a memory access.
pub enum Make {
    /// A plain access.
    Plain(fn(MemArg) -> Instruction<'static>),
    /// One lane of a vector; there are 16 bytes divided by the width.
    Lane(fn(MemArg, u8) -> Instruction<'static>),
}

/// Rows of operators without immediates, by operands and results.
macro_rules! plain {
    ($features:expr; $($params:tt $results:tt: $($op:ident)*;)*) => {
        &[$($($crate::single_op::row::Row {
            name: stringify!($op),
            features: $features,
            shape: $crate::single_op::row::Shape::Plain(
                wasm_encoder::Instruction::$op,
                $crate::single_op::row::pools!($params),
                $crate::single_op::row::types!($results),
            ),
        },)*)*]
    };
}

/// Rows of operators with one lane immediate, by lane count, operands and results.
macro_rules! lanes {
    ($features:expr; $($lanes:literal $params:tt $results:tt: $($op:ident)*;)*) => {
        &[$($($crate::single_op::row::Row {
            name: stringify!($op),
            features: $features,
            shape: $crate::single_op::row::Shape::Lane(
                wasm_encoder::Instruction::$op,
                $lanes,
                $crate::single_op::row::pools!($params),
                $crate::single_op::row::types!($results),
            ),
        },)*)*]
    };
}

/// Rows of memory accesses, by atomicity, width, further operands and results.
macro_rules! accesses {
    ($features:expr, $atomic:literal; $($width:literal $params:tt $results:tt: $($op:ident)*;)*) => {
        &[$($($crate::single_op::row::Row {
            name: stringify!($op),
            features: $features,
            shape: $crate::single_op::row::Shape::Access(
                $crate::single_op::row::Access {
                    make: $crate::single_op::row::Make::Plain(wasm_encoder::Instruction::$op),
                    width_bytes: $width,
                    atomic: $atomic,
                },
                $crate::single_op::row::pools!($params),
                $crate::single_op::row::types!($results),
            ),
        },)*)*]
    };
}

/// Rows of memory accesses of one lane, by width, further operands and results.
macro_rules! lane_accesses {
    ($features:expr; $($width:literal $params:tt $results:tt: $($op:ident)*;)*) => {
        &[$($($crate::single_op::row::Row {
            name: stringify!($op),
            features: $features,
            shape: $crate::single_op::row::Shape::Access(
                $crate::single_op::row::Access {
                    make: $crate::single_op::row::Make::Lane(|memarg, lane| {
                        wasm_encoder::Instruction::$op { memarg, lane }
                    }),
                    width_bytes: $width,
                    atomic: false,
                },
                $crate::single_op::row::pools!($params),
                $crate::single_op::row::types!($results),
            ),
        },)*)*]
    };
}

/// Rows of operators that have code of their own.
macro_rules! builds {
    ($($features:expr => $($op:ident: $build:expr,)*;)*) => {
        &[$($($crate::single_op::row::Row {
            name: stringify!($op),
            features: $features,
            shape: $crate::single_op::row::Shape::Build($build),
        },)*)*]
    };
}

macro_rules! pools {
    ([$($pool:ident)*]) => { &[$($crate::single_op::pool::Pool::$pool),*] };
}

macro_rules! types {
    ([$($ty:ident)*]) => { &[$(wasm_encoder::ValType::$ty),*] };
}

pub(in crate::single_op) use {accesses, builds, lane_accesses, lanes, plain, pools, types};
