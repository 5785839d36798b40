//! Functions: those under test, those that they call, and those that help.

use super::{Code, Function, World, encode};
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use wasm_encoder::{Instruction, ValType};

impl World {
    /// Adds a function and gives its index.
    pub fn function(&mut self, ty: u32, locals: Vec<ValType>, code: Code) -> u32 {
        let index = self.next_function();
        self.functions.push(Function { ty, locals, code });
        index
    }

    /// The index that the next function will have.
    pub fn next_function(&self) -> u32 {
        self.functions.len() as u32 + self.import.map_or(0, |_| 1)
    }

    /// Adds a function unless there is one just like it, and gives its index.
    pub fn function_once(&mut self, ty: u32, locals: Vec<ValType>, code: Code) -> u32 {
        let written = encode::body(&locals, &code);
        let same = |f: &Function| f.ty == ty && encode::body(&f.locals, &f.code) == written;
        match self.functions.iter().position(same) {
            Some(index) => index as u32 + self.import.map_or(0, |_| 1),
            None => self.function(ty, locals, code),
        }
    }

    /// Code that mixes the value on the stack into an `i64` local, so that values of any types
    /// can leave by one. Vectors need a local of their own type to do so.
    pub fn mix(&self, ty: ValType, into: u32, vector: u32) -> Code {
        use Instruction::*;
        let mut code = match ty {
            ValType::I32 => vec![I64ExtendI32U],
            ValType::I64 => vec![],
            ValType::F32 => vec![I32ReinterpretF32, I64ExtendI32U],
            ValType::F64 => vec![I64ReinterpretF64],
            ValType::V128 => vec![
                LocalTee(vector),
                I64x2ExtractLane(0),
                I64Const(21),
                I64Rotl,
                LocalGet(vector),
                I64x2ExtractLane(1),
                I64Xor,
            ],
            ValType::Ref(_) => vec![RefIsNull, I64ExtendI32U],
        };
        code.extend([LocalGet(into), I64Const(7), I64Rotl, I64Xor, LocalSet(into)]);
        code
    }

    /// Adds a function under a name.
    pub fn export(&mut self, name: String, ty: u32, locals: Vec<ValType>, code: Code) {
        let index = self.function(ty, locals, code);
        self.exports.push((name, index));
    }

    /// A function of a type that somebody may call: an old one, the host's, or a new one.
    pub fn callee(&mut self, u: &mut Unstructured<'_>, ty: u32) -> Result<u32> {
        if self.import == Some(ty) && u.ratio(3, 4)? {
            return Ok(0);
        }
        let first = self.import.map_or(0, |_| 1);
        let known = (first..).zip(&self.functions).filter(|(_, f)| f.ty == ty);
        let known: Vec<u32> = known.map(|(index, _)| index).collect();
        if !known.is_empty() && u.ratio(4, 5)? {
            return u.choose(&known).copied();
        }
        let mut code = Vec::new();
        let (params, results) = self.signature_of(ty);
        match u.int_in_range(0..=15)? {
            0 => code.push(Instruction::Unreachable),
            1 if self.has(Features::EXCEPTIONS) => {
                let (tag, fields) = self.tag(u)?;
                for field in fields {
                    code.extend(self.value(u, field, 1)?);
                }
                code.push(Instruction::Throw(tag));
            }
            _ => {
                for &result in &results {
                    code.extend(self.answer(u, &params, result)?);
                }
            }
        }
        Ok(self.function(ty, Vec::new(), code))
    }

    /// What a callee returns: something of its parameters where the types allow.
    fn answer(
        &mut self,
        u: &mut Unstructured<'_>,
        params: &[ValType],
        result: ValType,
    ) -> Result<Code> {
        let same: Vec<u32> = (0..)
            .zip(params)
            .filter(|&(_, &param)| param == result)
            .map(|(i, _)| i)
            .collect();
        if same.is_empty() {
            return self.value(u, result, 1);
        }
        let mut code = vec![Instruction::LocalGet(*u.choose(&same)?)];
        let mix = match result {
            ValType::I32 => Instruction::I32Add,
            ValType::I64 => Instruction::I64Xor,
            _ => return Ok(code),
        };
        code.extend(self.value(u, result, 1)?);
        code.push(mix);
        Ok(code)
    }

    /// A reference to a function, which validation wants declared.
    pub fn ref_func(&mut self, function: u32) -> Instruction<'static> {
        self.referred.push(function);
        Instruction::RefFunc(function)
    }
}
