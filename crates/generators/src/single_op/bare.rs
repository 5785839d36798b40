//! Operators whose results the specification leaves open, with nothing around them.
//!
//! Each function lifts integers to the operands of one operator, applies it, and lowers all bits of
//! the result to integers; no NaN is made canonical. What an engine gives is thus what its operator
//! gave, and the operands can be read from the module and the call. There is no fuel and no shim:
//! the code is straight, and nothing in it traps.
//!
//! Operands come from parameters, from constants, which compilers may fold, and from memory, which
//! they may fold into the instruction of the processor; and one operand may be another one again.

use super::ops::{numeric, simd};
use super::pool::Pool;
use super::row::{Row, Shape};
use super::world::{Code, constant};
use arbitrary::{Result, Unstructured};
use assay_engine::{Call, Features, Module, Program, Value};
use assay_module::{Type, lower};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    Instruction, MemArg, MemorySection, MemoryType, TypeSection, ValType,
};

/// How many operators a program has.
const OPERATORS: usize = 4;
/// How many calls are made of a function that has parameters.
const CALLS: usize = 8;

/// How many calls the probe makes of each operator, and the bytes that all of them take.
const PROBE_CALLS: usize = 32;
const PROBE_BYTES: u64 = 1 << 16;
/// Eight times -128: what only a sum of products of these tells is too rare to be left to chance.
const LEAST_BYTES: u64 = 0x8080_8080_8080_8080;

/// Every operator that is exercised bare, with the features that it needs.
pub fn bare_operators() -> impl Iterator<Item = (&'static str, Features)> {
    let rows = simd::RELAXED.iter().chain(floats());
    rows.map(|row| (row.name, row.features))
}

/// Makes a program of such functions, each of them called on several operands.
///
/// # Errors
///
/// Where the bytes cannot be interpreted; running out of them is no error.
pub fn bare(u: &mut Unstructured<'_>, features: Features) -> Result<Program> {
    let mut unit = Unit::default();
    let mut calls = Vec::new();
    for _ in 0..OPERATORS {
        let row = pick(u, features)?;
        for known in [false, true] {
            let function = unit.function(u, row, known)?;
            let count = if function.params.is_empty() { 1 } else { CALLS };
            for _ in 0..count {
                calls.push(function.call(u)?);
            }
        }
    }
    Ok(unit.program(calls))
}

/// A program that runs each relaxed operator on many operands, always the same ones. What an engine
/// gives for them tells which alternative of each operator it takes.
///
/// # Errors
///
/// None: there are bytes enough.
pub fn probe() -> Result<Program> {
    let bytes: Vec<u8> = (0..PROBE_BYTES)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) % 251) as u8)
        .collect();
    let u = &mut Unstructured::new(&bytes);
    let mut unit = Unit::default();
    let mut calls = Vec::new();
    for row in simd::RELAXED {
        let function = unit.function(u, row, false)?;
        calls.push(function.call_with(LEAST_BYTES));
        for _ in 0..PROBE_CALLS {
            calls.push(function.call(u)?);
        }
    }
    Ok(unit.program(calls))
}

/// Half of the operators are relaxed, where there are such.
fn pick(u: &mut Unstructured<'_>, features: Features) -> Result<&'static Row> {
    let allowed = |row: &&Row| features.contains(row.features);
    let relaxed: Vec<&Row> = simd::RELAXED.iter().filter(allowed).collect();
    if !relaxed.is_empty() && u.arbitrary()? {
        return u.choose(&relaxed).copied();
    }
    let floats: Vec<&Row> = floats().filter(allowed).collect();
    u.choose(&floats).copied()
}

/// The operators that give floats: most may give a NaN whose bits are open, and the others must
/// leave those of their operands alone.
fn floats() -> impl Iterator<Item = &'static Row> {
    let rows = [numeric::FLOAT, numeric::CONVERSION, simd::ARITHMETIC];
    rows.into_iter().flatten().filter(|row| gives_floats(row))
}

fn gives_floats(row: &Row) -> bool {
    const COMPARISONS: [&str; 6] = ["Eq", "Ne", "Lt", "Gt", "Le", "Ge"];
    // These only carry bits from one type to another, as the lifting does.
    const CARRIERS: [&str; 2] = ["Reinterpret", "Splat"];
    row.name.starts_with('F')
        && !COMPARISONS.iter().any(|end| row.name.ends_with(end))
        && !CARRIERS.iter().any(|word| row.name.contains(word))
}

/// The module in the making.
#[derive(Default)]
struct Unit {
    types: TypeSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
    /// What lies in memory.
    data: Vec<u8>,
}

/// A function that is complete.
struct Bare {
    export: String,
    /// What its parameters are for, before they are lowered.
    params: Vec<Pool>,
}

impl Bare {
    fn call(&self, u: &mut Unstructured<'_>) -> Result<Call> {
        let mut args = Vec::new();
        for pool in &self.params {
            args.extend(lower(&[carried(pool.ty())], &[pool.draw(u)?]));
        }
        Ok(Call {
            export: self.export.clone(),
            args,
        })
    }

    /// A call with these bits as all halves of vectors.
    fn call_with(&self, half: u64) -> Call {
        Call {
            export: self.export.clone(),
            args: vec![Value::I64(half); 2 * self.params.len()],
        }
    }
}

impl Unit {
    /// Adds a function for an operator. Without `known`, each operand has parameters of its own.
    fn function(&mut self, u: &mut Unstructured<'_>, row: &Row, known: bool) -> Result<Bare> {
        let Shape::Plain(operator, operands, [result]) = &row.shape else {
            return Err(arbitrary::Error::IncorrectFormat);
        };
        let (mut params, mut slots) = (Vec::new(), Vec::new());
        let mut code = Code::new();
        let mut last: Option<(ValType, Code)> = None;
        for &pool in *operands {
            let again = last.filter(|(ty, _)| *ty == pool.ty());
            let operand = match (again, u.int_in_range(0..=7)?) {
                (Some((_, operand)), 0) if known => operand,
                (_, 1..=3) if known => vec![constant(pool.draw(u)?)],
                (_, 4 | 5) if known => self.load(u, pool)?,
                _ => {
                    params.push(pool);
                    lift(pool.ty(), &mut slots)
                }
            };
            code.extend(operand.iter().cloned());
            last = Some((pool.ty(), operand));
        }
        code.push(operator.clone());
        let (results, lowering) = lowering(*result, slots.len() as u32);
        code.extend(lowering);
        code.push(Instruction::End);
        let vector = *result == ValType::V128;
        let mut function = Function::new(vector.then_some((1, ValType::V128)));
        for instruction in &code {
            function.instruction(instruction);
        }
        let number = self.functions.len();
        let export = format!("{}/{number}", row.name);
        self.types.ty().function(slots, results);
        self.functions.function(number);
        self.exports.export(&export, ExportKind::Func, number);
        self.code.function(&function);
        Ok(Bare { export, params })
    }

    /// Code that loads a value from memory, mostly from an address that is a multiple of its width.
    fn load(&mut self, u: &mut Unstructured<'_>, pool: Pool) -> Result<Code> {
        let bits = pool.draw(u)?.bits().to_le_bytes();
        let (bytes, load): (usize, fn(MemArg) -> Instruction<'static>) = match pool.ty() {
            ValType::I32 => (4, Instruction::I32Load),
            ValType::I64 => (8, Instruction::I64Load),
            ValType::F32 => (4, Instruction::F32Load),
            ValType::F64 => (8, Instruction::F64Load),
            _ => (16, Instruction::V128Load),
        };
        if !u.ratio(1, 4)? {
            self.data.resize(self.data.len().next_multiple_of(bytes), 0);
        }
        let address = self.data.len() as i32;
        self.data.extend(&bits[..bytes]);
        let memarg = MemArg {
            offset: 0,
            align: 0,
            memory_index: 0,
        };
        Ok(vec![Instruction::I32Const(address), load(memarg)])
    }

    fn program(self, calls: Vec<Call>) -> Program {
        let main = Module {
            name: "main".into(),
            wasm: self.finish(),
        };
        Program {
            modules: vec![main],
            calls,
            ..Program::default()
        }
    }

    fn finish(self) -> Vec<u8> {
        let mut memories = MemorySection::new();
        let mut data = DataSection::new();
        if !self.data.is_empty() {
            memories.memory(MemoryType {
                minimum: 1,
                maximum: Some(1),
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
            data.active(0, &ConstExpr::i32_const(0), self.data);
        }
        let mut module = wasm_encoder::Module::new();
        module
            .section(&self.types)
            .section(&self.functions)
            .section(&memories)
            .section(&self.exports)
            .section(&self.code)
            .section(&data);
        module.finish()
    }
}

/// The type of a number or vector at the boundary.
fn carried(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 | ValType::Ref(_) => Type::V128,
    }
}

/// Code that makes an operand of new parameters.
fn lift(ty: ValType, params: &mut Vec<ValType>) -> Code {
    let first = params.len() as u32;
    let get = Instruction::LocalGet;
    match ty {
        ValType::I32 | ValType::I64 => {
            params.push(ty);
            vec![get(first)]
        }
        ValType::F32 => {
            params.push(ValType::I32);
            vec![get(first), Instruction::F32ReinterpretI32]
        }
        ValType::F64 => {
            params.push(ValType::I64);
            vec![get(first), Instruction::F64ReinterpretI64]
        }
        ValType::V128 | ValType::Ref(_) => {
            params.extend([ValType::I64; 2]);
            let high = Instruction::I64x2ReplaceLane(1);
            vec![get(first), Instruction::I64x2Splat, get(first + 1), high]
        }
    }
}

/// The types that carry a result, and the code that makes them of it with a `v128` local.
fn lowering(ty: ValType, local: u32) -> (Vec<ValType>, Code) {
    match ty {
        ValType::I32 | ValType::I64 => (vec![ty], vec![]),
        ValType::F32 => (vec![ValType::I32], vec![Instruction::I32ReinterpretF32]),
        ValType::F64 => (vec![ValType::I64], vec![Instruction::I64ReinterpretF64]),
        ValType::V128 | ValType::Ref(_) => {
            let halves = vec![
                Instruction::LocalTee(local),
                Instruction::I64x2ExtractLane(0),
                Instruction::LocalGet(local),
                Instruction::I64x2ExtractLane(1),
            ];
            (vec![ValType::I64; 2], halves)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_module::wasm_features;
    use rand::{Rng, SeedableRng, rngs::StdRng};
    use std::collections::BTreeSet;
    use wasmparser::Validator;

    fn program(seed: u64, features: Features) -> Program {
        let mut bytes = vec![0; 4096];
        StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
        bare(&mut Unstructured::new(&bytes), features).expect("bytes are enough")
    }

    #[test]
    fn every_operator_is_generated_and_every_module_is_valid() {
        let mut seen = BTreeSet::new();
        for seed in 0..2000 {
            let features = match seed % 4 {
                0 => Features::empty(),
                1 => Features::SIMD,
                _ => Features::SIMD | Features::RELAXED_SIMD,
            };
            let program = program(seed, features);
            let wasm = &program.main().wasm;
            let mut validator = Validator::new_with_features(wasm_features(features));
            assert!(validator.validate_all(wasm).is_ok(), "seed {seed}");
            let names = program
                .calls
                .iter()
                .map(|call| call.export.split('/').next());
            seen.extend(names.flatten().map(str::to_owned));
        }
        let all: BTreeSet<String> = bare_operators().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(seen, all);
        // 20 relaxed; of scalars 28 and 10 conversions; of vectors 30, two conversions between floats
        // and four from integers.
        assert_eq!(all.len(), 94);
    }
}
