//! What code is made of before it is known which index each function has.

use super::model::Tail;
use super::setting::{Setting, Ty};
use wasm_encoder::Instruction as I;

/// A function that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Callee {
    /// One of the modules', by its number.
    Own(u32),
    /// One of the host's.
    Host(u32),
}

/// The type of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// No parameters, no results.
    Start,
    /// A number, and what every function gives.
    Level,
    /// That of one of the host's functions.
    Host(u32),
    /// That of all functions that the host calls.
    Export,
    /// One of the setting's.
    Own(u32),
}

/// A part of the code.
#[derive(Clone, Debug)]
pub enum Piece {
    /// An instruction.
    Plain(I<'static>),
    /// `call`, `return_call` or `ref.func`.
    Call(Callee),
    ReturnCall(Callee),
    Ref(Callee),
    /// `call_indirect`, `call_ref`, their tail calls, or a cast to the type of a function.
    Indirect(Sig, Tail),
    ByReference(Sig, Tail),
    Cast(Sig),
    /// The null of the type of a function.
    Null(Sig),
    /// An instruction that may be in a stack comes next.
    Mark,
}

impl Setting {
    /// The parameters of a type.
    pub fn params(&self, sig: Sig) -> Vec<Ty> {
        match sig {
            Sig::Start => Vec::new(),
            Sig::Level => vec![Ty::I32],
            Sig::Host(number) => self.host(number).0,
            Sig::Export => self.params.clone(),
            Sig::Own(number) => {
                let own = self.signatures.get(number as usize);
                own.cloned().unwrap_or_default()
            }
        }
    }

    /// The results of a type.
    pub fn results(&self, sig: Sig) -> Vec<Ty> {
        match sig {
            Sig::Start => Vec::new(),
            Sig::Host(number) => self.host(number).1,
            _ => self.all_results(),
        }
    }
}
