//! What one engine did with one call.

use crate::Value;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of a call, or of an instantiation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// It returned these values; an instantiation returns none.
    Returned(Vec<Value>),
    /// It trapped, with one of these traps.
    Trapped(Traps),
    /// An exception left it uncaught, or reached the shim that catches for the host.
    Threw {
        /// The index of the exception's tag among the main module's tags; `None` when it is none
        /// of them.
        tag: Option<u32>,
        /// The exception's fields.
        payload: Vec<Value>,
    },
    /// It ran into a limit. Never equal to a trap: which limit is hit first, and when, is the
    /// engine's own affair (Core specification, appendix A.3, "Implementation Limitations"),
    /// except for fuel, which the module itself counts.
    Exhausted(Resource),
    /// The engine refused the module.
    Rejected(Phase),
}

/// What a program can run out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// The fuel that the module counts for itself.
    Fuel,
    /// The time allowed for the program.
    Time,
    /// The call stack.
    Stack,
    /// Memory, tables or the garbage-collected heap.
    Memory,
}

/// The step at which an engine refused a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Decoding, validation or compilation.
    Compile,
    /// Matching of the imports.
    Link,
}

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The traps of the specification, and the host's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[repr(u8)]
        pub enum Trap { $($(#[$doc])* $name,)* }

        impl Trap {
            /// Every trap there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What the official test suite calls it, as in `assert_trap`.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

traps! {
    /// `unreachable` was executed.
    Unreachable = "unreachable",
    /// Integer division or remainder by zero.
    IntegerDivideByZero = "integer divide by zero",
    /// A signed division, or a conversion from a float, that does not fit.
    IntegerOverflow = "integer overflow",
    /// A conversion of a NaN to an integer.
    InvalidConversionToInteger = "invalid conversion to integer",
    /// A memory access, or `memory.{init,copy,fill}` or a data segment, out of bounds.
    OutOfBoundsMemoryAccess = "out of bounds memory access",
    /// A `table.*` access, or an element segment, out of bounds.
    OutOfBoundsTableAccess = "out of bounds table access",
    /// An indirect call whose index lies outside of the table.
    UndefinedElement = "undefined element",
    /// An indirect call of a null element.
    UninitializedElement = "uninitialized element",
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch = "indirect call type mismatch",
    /// An access through a null structure, array, function, `i31` or exception reference, or
    /// `ref.as_non_null` of null.
    NullReference = "null reference",
    /// An array access out of bounds.
    OutOfBoundsArrayAccess = "out of bounds array access",
    /// `ref.cast` of a value of another type.
    CastFailure = "cast failure",
    /// An atomic access to an address that is not a multiple of its width.
    UnalignedAtomic = "unaligned atomic",
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory = "expected shared memory",
    /// A host function trapped ([`Action::Trap`](crate::Action::Trap)).
    Host = "host trap",
}

/// The traps that an engine's report may mean; most engines tell them all apart, and give one.
///
/// V8, for one, reports a null element and a function of another type with the same words. Two
/// reports agree when they have a trap in common, see [`Traps::agree`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Trap>", into = "Vec<Trap>")]
pub struct Traps(u32);

impl Traps {
    /// The set of these traps.
    pub const fn any_of(traps: &[Trap]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < traps.len() {
            bits |= 1 << traps[i] as u32;
            i += 1;
        }
        Self(bits)
    }

    /// Whether both may speak of the same trap.
    pub fn agree(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `trap` is among them.
    pub fn contains(self, trap: Trap) -> bool {
        self.agree(trap.into())
    }

    /// The traps in the set.
    pub fn iter(self) -> impl Iterator<Item = Trap> {
        Trap::ALL
            .iter()
            .copied()
            .filter(move |&trap| self.contains(trap))
    }
}

impl From<Trap> for Traps {
    fn from(trap: Trap) -> Self {
        Self::any_of(&[trap])
    }
}

impl From<Vec<Trap>> for Traps {
    fn from(traps: Vec<Trap>) -> Self {
        Self::any_of(&traps)
    }
}

impl From<Traps> for Vec<Trap> {
    fn from(traps: Traps) -> Self {
        traps.iter().collect()
    }
}

impl fmt::Debug for Traps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Traps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, trap) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            f.write_str(trap.text())?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(values) => write!(f, "returned {}", List(values)),
            Self::Trapped(traps) => write!(f, "trapped: {traps}"),
            Self::Threw {
                tag: Some(tag),
                payload,
            } => write!(f, "threw tag {tag} {}", List(payload)),
            Self::Threw { tag: None, payload } => {
                write!(f, "threw a foreign tag {}", List(payload))
            }
            Self::Exhausted(resource) => write!(f, "exhausted its {resource:?}"),
            Self::Rejected(phase) => write!(f, "was rejected at {phase:?}"),
        }
    }
}

/// Values between parentheses.
struct List<'a>(&'a [Value]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, value) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            value.fmt(f)?;
        }
        f.write_str(")")
    }
}
