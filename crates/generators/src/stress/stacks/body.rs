//! The code of a function, before it is known which index each function has.

use super::model::{FACTOR, Tail, Way, pushed};
pub use super::piece::{Callee, Piece, Sig};
use super::setting::{RESULTS, Setting, Shadow, Ty};
use crate::stress::numbers::SEED_VALUE;
use assay_engine::Features;
use wasm_encoder::{HeapType, Instruction as I, MemArg, ValType};

/// The globals, which all instances share: what no compiler knows, the digest, the shadow stack.
pub const SEED: u32 = 0;
pub const DIGEST: u32 = 1;
pub const SHADOW: u32 = 2;
/// Where the shadow stack is in the memory; what lies behind is anybody's.
const SHADOW_ADDRESS: i32 = 16;
/// The places of the table: none is in the first, the host's first function in the second.
pub const NULL_SLOT: u32 = 0;
pub const HOST_SLOT: u32 = 1;

/// How much a function keeps in locals from its beginning to its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keeps {
    /// How many values.
    pub count: u32,
    /// Of which type.
    pub ty: Option<Ty>,
}

/// The code of a function.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The types of its locals, parameters first, and how many those are.
    pub locals: Vec<ValType>,
    pub params: usize,
    /// The code without the last `end`.
    pub code: Vec<Piece>,
    /// What its first result differs from the digest by.
    pub word: u64,
    marks: u32,
    features: Features,
    shadow: Shadow,
    /// What every function gives, and whether this one does.
    results: Vec<Ty>,
    returns: bool,
    /// The locals that go into the first result.
    looked_at: Vec<(u32, Ty)>,
    /// The locals with the shadow stack before the function began, and with it on top.
    saved: u32,
    own: u32,
}

impl Body {
    /// A function that has begun: its number is on the shadow stack, and it keeps what it is to keep.
    /// With `resets`, the shadow stack was empty before it.
    pub fn new(setting: &Setting, function: u32, sig: Sig, keeps: Keeps, resets: bool) -> Self {
        let params = setting.params(sig);
        let mut body = Self {
            locals: params.iter().map(|ty| ty.encoded()).collect(),
            params: params.len(),
            code: Vec::new(),
            word: 0,
            marks: 0,
            features: setting.features,
            shadow: setting.shadow,
            results: setting.all_results(),
            returns: sig != Sig::Start,
            looked_at: Vec::new(),
            saved: 0,
            own: 0,
        };
        if sig != Sig::Level {
            for (place, ty) in (0..).zip(params) {
                body.look_at(place, ty, ty.bits(place));
            }
        }
        body.push_shadow(function, resets);
        body.keep(keeps);
        body
    }

    /// Adds an instruction.
    pub fn op(&mut self, instruction: I<'static>) -> &mut Self {
        self.code.push(Piece::Plain(instruction));
        self
    }

    /// Adds instructions.
    pub fn ops<const N: usize>(&mut self, instructions: [I<'static>; N]) -> &mut Self {
        self.code.extend(instructions.map(Piece::Plain));
        self
    }

    /// The next instruction may be in a stack: under this number.
    pub fn mark(&mut self) -> u32 {
        self.code.push(Piece::Mark);
        self.marks += 1;
        self.marks - 1
    }

    /// What the module may use.
    pub fn has(&self, features: Features) -> bool {
        self.features.contains(features)
    }

    /// A new local.
    pub fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        self.locals.len() as u32 - 1
    }

    /// A local goes into the first result.
    fn look_at(&mut self, local: u32, ty: Ty, bits: u128) {
        self.looked_at.push((local, ty));
        self.word ^= match ty {
            Ty::V128 => bits as u64 ^ (bits >> 64) as u64,
            Ty::Extern => 1,
            _ => bits as u64,
        };
    }

    /// Pushes a number of this type, one that a compiler knows or one that it does not.
    pub fn push_i64(&mut self, number: u64, opaque: bool) -> &mut Self {
        if opaque {
            let other = I::I64Const((number ^ SEED_VALUE).cast_signed());
            self.ops([I::GlobalGet(SEED), other, I::I64Xor])
        } else {
            self.op(I::I64Const(number.cast_signed()))
        }
    }

    /// The same with 32 bits.
    pub fn push_i32(&mut self, number: u32, opaque: bool) -> &mut Self {
        if opaque {
            self.push_i64(number.into(), true).op(I::I32WrapI64)
        } else {
            self.op(I::I32Const(number.cast_signed()))
        }
    }

    fn keep(&mut self, keeps: Keeps) {
        let Some(ty) = keeps.ty else { return };
        for place in 0..keeps.count {
            let word = u64::from(place + 1).wrapping_mul(FACTOR) >> 5;
            let bits = match ty {
                Ty::I32 | Ty::F32 => u128::from(word as u32),
                Ty::V128 => u128::from(word) << 64 | u128::from(word),
                _ => u128::from(word),
            };
            let local = self.local(ty.encoded());
            self.push_i64(word, true);
            match ty {
                Ty::I32 => _ = self.op(I::I32WrapI64),
                Ty::F32 => _ = self.ops([I::I32WrapI64, I::F32ReinterpretI32]),
                Ty::F64 => _ = self.op(I::F64ReinterpretI64),
                Ty::V128 => _ = self.op(I::I64x2Splat),
                Ty::I64 | Ty::Extern => {}
            }
            self.op(I::LocalSet(local));
            // Both lanes of a vector are the same, and would cancel each other out.
            self.looked_at.push((local, ty));
            self.word ^= match ty {
                Ty::V128 => 0,
                _ => bits as u64,
            };
        }
    }

    fn push_shadow(&mut self, function: u32, resets: bool) {
        if self.shadow == Shadow::No {
            return;
        }
        self.saved = self.local(ValType::I64);
        self.own = self.local(ValType::I64);
        if resets {
            self.op(I::I64Const(0));
        } else {
            self.get_shadow();
        }
        self.ops([
            I::LocalTee(self.saved),
            I::I64Const(FACTOR.cast_signed()),
            I::I64Mul,
            I::I64Const(pushed(function).cast_signed()),
            I::I64Xor,
            I::LocalSet(self.own),
        ]);
        self.restore();
    }

    /// Pushes what is on the shadow stack.
    fn get_shadow(&mut self) {
        match self.shadow {
            Shadow::No => {}
            Shadow::Global => _ = self.op(I::GlobalGet(SHADOW)),
            Shadow::Memory => _ = self.ops([I::I32Const(SHADOW_ADDRESS), I::I64Load(at(0))]),
        }
    }

    fn set_shadow(&mut self, local: u32) {
        match self.shadow {
            Shadow::No => {}
            Shadow::Global => _ = self.ops([I::LocalGet(local), I::GlobalSet(SHADOW)]),
            Shadow::Memory => {
                self.ops([
                    I::I32Const(SHADOW_ADDRESS),
                    I::LocalGet(local),
                    I::I64Store(at(0)),
                ]);
            }
        }
    }

    /// Makes the shadow stack what it is while the function is the innermost one.
    pub fn restore(&mut self) {
        self.set_shadow(self.own);
    }

    /// Takes the function from the shadow stack.
    pub fn pop_shadow(&mut self) {
        self.set_shadow(self.saved);
    }

    /// Pushes the arguments of a function of the host's: the shadow stack first.
    pub fn push_host_arguments(&mut self, params: &[Ty]) {
        let mut shadow = self.shadow != Shadow::No;
        for (place, &ty) in (0..).zip(params) {
            if ty == Ty::I64 && shadow {
                self.get_shadow();
                shadow = false;
            } else {
                self.op(ty.constant(place));
            }
        }
    }

    /// Pushes the arguments of any other function.
    pub fn push_arguments(&mut self, params: &[Ty]) {
        for (place, &ty) in (0..).zip(params) {
            self.op(ty.constant(place));
        }
    }

    /// Mixes the `i64` on the stack into the digest.
    pub fn note(&mut self) {
        if self.shadow == Shadow::No {
            self.op(I::Drop);
        } else {
            self.ops([
                I::GlobalGet(DIGEST),
                I::I64Const(FACTOR.cast_signed()),
                I::I64Mul,
                I::I64Xor,
                I::GlobalSet(DIGEST),
            ]);
        }
    }

    /// Takes what a call gives from the stack, and mixes the first of it into the digest.
    pub fn take(&mut self, results: &[Ty]) {
        for _ in results.iter().skip(1) {
            self.op(I::Drop);
        }
        match results.first() {
            Some(Ty::I32) => _ = self.op(I::I64ExtendI32U),
            Some(_) => {}
            None => return,
        }
        self.note();
    }

    /// The same for what every function gives.
    pub fn take_results(&mut self) {
        self.take(&self.results.clone());
    }

    /// Calls a function whose arguments are on the stack. Gives the mark of a call that is no tail call.
    pub fn call(&mut self, callee: Callee, sig: Sig, way: Way, tail: Tail, from: From) -> u32 {
        match (way, from) {
            (Way::Direct, _) => {}
            (Way::Indirect, From::Table(slot)) => _ = self.op(I::I32Const(slot.cast_signed())),
            (Way::Reference, From::Table(slot)) => {
                self.ops([I::I32Const(slot.cast_signed()), I::TableGet(0)]);
                self.code.push(Piece::Cast(sig));
            }
            (Way::Indirect | Way::Reference, From::Index) => self.code.push(Piece::Ref(callee)),
        }
        let mark = self.mark();
        self.code.push(match (way, tail) {
            (Way::Direct, Tail::No) => Piece::Call(callee),
            (Way::Direct, Tail::Yes) => Piece::ReturnCall(callee),
            (Way::Indirect, tail) => Piece::Indirect(sig, tail),
            (Way::Reference, tail) => Piece::ByReference(sig, tail),
        });
        mark
    }

    /// Pushes the results and takes the function from the shadow stack: what comes before its end, or
    /// before `return`.
    pub fn finish(&mut self) {
        self.pop_shadow();
        if !self.returns {
            return;
        }
        if self.shadow == Shadow::No {
            self.op(I::I64Const(0));
        } else {
            self.op(I::GlobalGet(DIGEST));
        }
        for (local, ty) in self.looked_at.clone() {
            self.op(I::LocalGet(local));
            match ty {
                Ty::I64 => {}
                Ty::I32 => _ = self.op(I::I64ExtendI32U),
                Ty::F32 => _ = self.ops([I::I32ReinterpretF32, I::I64ExtendI32U]),
                Ty::F64 => _ = self.op(I::I64ReinterpretF64),
                Ty::V128 => {
                    self.ops([
                        I::I64x2ExtractLane(0),
                        I::I64Xor,
                        I::LocalGet(local),
                        I::I64x2ExtractLane(1),
                    ]);
                }
                Ty::Extern => _ = self.ops([I::RefIsNull, I::I64ExtendI32U]),
            }
            self.op(I::I64Xor);
        }
        for (place, ty) in (RESULTS..).zip(self.results.clone().into_iter().skip(1)) {
            self.op(ty.constant(place));
        }
    }
}

/// From where a function that is not called by its index is taken.
#[derive(Clone, Copy, Debug)]
pub enum From {
    /// From this place in the table.
    Table(u32),
    /// From where its index says.
    Index,
}

/// An access without alignment, at this offset.
pub fn at(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        memory_index: 0,
    }
}

/// The heap type of exceptions.
pub const EXN: HeapType = HeapType::Abstract {
    shared: false,
    ty: wasm_encoder::AbstractHeapType::Exn,
};
