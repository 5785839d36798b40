//! The instructions, one module for each family of chapter 4, section "Instructions".
//!
//! Each module opens with its section of the specification and what that leaves to say. The
//! arithmetic families are pure functions from slots to slots. The others take a `Context`: the
//! store, the current instance, and the operands.
//!
//! Control instructions are not here, for they are the machine's: blocks, branches and `br_table`
//! are resolved by the translation (`module/translate/control.rs`) and taken by the loop
//! (`machine/run.rs`), calls are in `machine/call.rs`, and `try_table` in `machine/unwind.rs`.
//! Parametric and variable instructions are a line each of the loop, or of `machine/cold.rs` for
//! vectors.

pub mod atomic;
pub mod bulk;
pub mod cast;
pub mod conversion;
pub mod exception;
pub mod expected;
pub mod gc_array;
pub mod gc_struct;
pub mod memory;
pub mod numeric;
pub mod reference;
pub mod relaxed;
pub mod scalar;
pub mod table;
pub mod vector;

/// A number in a slot: 32-bit numbers lie in the low half, the high half is zero.
pub(crate) trait Bits {
    fn of(slot: u64) -> Self;
    fn slot(self) -> u64;
}

macro_rules! bits {
    ($($ty:ty: |$slot:ident| $of:expr, |$value:ident| $to:expr;)*) => {
        $(impl Bits for $ty {
            #[inline(always)]
            fn of($slot: u64) -> Self {
                $of
            }
            #[inline(always)]
            fn slot(self) -> u64 {
                let $value = self;
                $to
            }
        })*
    };
}

bits! {
    u32: |slot| slot as u32, |value| u64::from(value);
    i32: |slot| slot as i32, |value| u64::from(value as u32);
    u64: |slot| slot, |value| value;
    i64: |slot| slot as i64, |value| value as u64;
    f32: |slot| f32::from_bits(slot as u32), |value| u64::from(value.to_bits());
    f64: |slot| f64::from_bits(slot), |value| value.to_bits();
    bool: |slot| slot != 0, |value| u64::from(value);
}

/// Declares a family of pure instructions: an enumeration whose variants are named as the
/// decoder's are, the way to it from there, and the function that runs one. A `trapping` family
/// gives a `Result`.
macro_rules! family {
    (
        $(#[$doc:meta])*
        $mode:ident enum $name:ident, fn $run:ident/1;
        $($op:ident($x:ident: $ty:ty) => $body:expr;)*
    ) => {
        $crate::instructions::family_names!($(#[$doc])* $name: $($op)*);

        /// Runs one instruction of the family.
        #[inline(always)]
        pub(crate) fn $run(
            op: $name,
            operand: u64,
        ) -> $crate::instructions::family_result!($mode) {
            match op {
                $($name::$op => {
                    let $x = <$ty as $crate::instructions::Bits>::of(operand);
                    $crate::instructions::family_result!($mode $body)
                })*
            }
        }
    };
    (
        $(#[$doc:meta])*
        $mode:ident enum $name:ident, fn $run:ident/2;
        $($op:ident($x:ident: $tx:ty, $y:ident: $ty:ty) => $body:expr;)*
    ) => {
        $crate::instructions::family_names!($(#[$doc])* $name: $($op)*);

        /// Runs one instruction of the family.
        #[inline(always)]
        pub(crate) fn $run(
            op: $name,
            first: u64,
            second: u64,
        ) -> $crate::instructions::family_result!($mode) {
            match op {
                $($name::$op => {
                    let $x = <$tx as $crate::instructions::Bits>::of(first);
                    let $y = <$ty as $crate::instructions::Bits>::of(second);
                    $crate::instructions::family_result!($mode $body)
                })*
            }
        }
    };
}

/// The result type of a family, and the result of one of its instructions.
macro_rules! family_result {
    (total) => { u64 };
    (trapping) => { Result<u64, assay_engine::Trap> };
    (total $body:expr) => { $crate::instructions::Bits::slot($body) };
    (trapping $body:expr) => { $body.map($crate::instructions::Bits::slot) };
}

/// The enumeration of a family.
macro_rules! family_names {
    ($(#[$doc:meta])* $name:ident: $($op:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum $name { $($op,)* }

        impl $name {
            /// The instruction, if it is of this family.
            pub(crate) fn of(operator: &wasmparser::Operator<'_>) -> Option<Self> {
                match operator {
                    $(wasmparser::Operator::$op { .. } => Some(Self::$op),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {family, family_names, family_result};
