//! Translation of bodies into [`Code`], in one pass over valid code.
//!
//! The translator knows the height of the stack at every instruction, so that branches, locals and
//! fields become plain numbers. Code that nothing reaches is not translated: there the height
//! would be unknown.

mod block;
mod control;
mod exceptions;
mod objects;
mod plain;
mod stack;

use super::code::{Code, Op, Silent};
use super::{ConstExpr, ModuleData, ModuleError};
use crate::coverage;
use crate::types::{TypeIndex, val_type_of};
use block::Block;
use stack::Heights;
use std::ops::Range;
use wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader};

type Result<T> = std::result::Result<T, ModuleError>;

/// Translates a function's body.
pub(super) fn function(module: &ModuleData, ty: TypeIndex, range: &Range<usize>) -> Result<Code> {
    let features = assay_module::wasm_features(module.features);
    let reader = BinaryReader::new_features(module.bytes(range), range.start, features);
    let body = FunctionBody::new(reader);
    let ty = module.spaces.func_type(ty)?;
    let mut translator = Translator::new(module);
    for param in &ty.params {
        translator.add_local(param.slots());
    }
    translator.code.params = translator.stack.height();
    for locals in body.get_locals_reader()? {
        let (count, ty) = locals?;
        let width = val_type_of(ty)?.slots();
        for _ in 0..count {
            translator.add_local(width);
        }
    }
    translator.code.locals = translator.stack.height();
    translator
        .blocks
        .push(Block::function(translator.stack.height(), ty));
    translator.run(body.get_operators_reader()?)?;
    Ok(translator.finish())
}

/// Translates a constant expression; a lone constant is its value.
pub(super) fn constant(module: &ModuleData, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut reader = expr.get_operators_reader();
    let first = reader.read()?;
    let value = match first {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => Some(value.cast_unsigned()),
        Operator::F32Const { value } => Some(value.bits().into()),
        Operator::F64Const { value } => Some(value.bits()),
        Operator::RefNull { .. } => Some(0),
        _ => None,
    };
    if let (Some(value), Operator::End) = (value, reader.read()?) {
        return Ok(ConstExpr::Value([value, 0], coverage::number_of(&first)));
    }
    let mut translator = Translator::new(module);
    translator.blocks.push(Block::expression());
    translator.run(expr.get_operators_reader())?;
    Ok(ConstExpr::Code(Box::new(translator.finish())))
}

/// A translation under way.
struct Translator<'m> {
    module: &'m ModuleData,
    code: Code,
    ops: Vec<Op>,
    origins: Vec<u32>,
    operators: Vec<u16>,
    silent: Vec<Silent>,
    /// The number of the present instruction.
    number: u16,
    /// Where the present instruction is.
    origin: u32,
    /// The first slot of each local, and how many slots it takes.
    locals: Vec<(u32, u32)>,
    stack: Heights,
    blocks: Vec<Block>,
    /// Whether the present instruction can be reached.
    live: bool,
    /// How many blocks have begun in code that cannot be reached.
    skipped: u32,
}

impl<'m> Translator<'m> {
    fn new(module: &'m ModuleData) -> Self {
        Self {
            module,
            code: Code::default(),
            ops: Vec::new(),
            origins: Vec::new(),
            operators: Vec::new(),
            silent: Vec::new(),
            number: coverage::NONE,
            origin: 0,
            locals: Vec::new(),
            stack: Heights::default(),
            blocks: Vec::new(),
            live: true,
            skipped: 0,
        }
    }

    fn add_local(&mut self, width: u32) {
        self.locals.push((self.stack.height(), width));
        self.stack.reserve(width);
    }

    fn run(&mut self, mut reader: OperatorsReader<'_>) -> Result<()> {
        while !reader.eof() {
            self.origin = reader.original_position() as u32;
            let operator = reader.read()?;
            if self.live || self.revives(&operator) {
                self.operator(&operator)?;
            }
        }
        Ok(())
    }

    fn operator(&mut self, operator: &Operator<'_>) -> Result<()> {
        let number = coverage::number_of(operator);
        // What these emit is the way out of the part before them.
        let divides = matches!(
            operator,
            Operator::Else | Operator::Catch { .. } | Operator::CatchAll
        );
        self.number = if divides { coverage::NONE } else { number };
        let before = self.here();
        let label = divides || self.is_label(operator);
        self.translate(operator)?;
        if divides || self.here() == before {
            self.silent.push(Silent {
                pc: self.here(),
                operator: number,
                label,
            });
        }
        Ok(())
    }

    /// Whether branches land on an operator that is about to be translated.
    fn is_label(&self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Loop { .. } => true,
            Operator::End | Operator::Delegate { .. } => {
                self.blocks.last().is_some_and(Block::is_branched_to)
            }
            _ => false,
        }
    }

    fn translate(&mut self, operator: &Operator<'_>) -> Result<()> {
        let known = self.control(operator)?
            || self.exceptions(operator)?
            || self.plain(operator)?
            || self.objects(operator)?;
        if known {
            return Ok(());
        }
        Err(ModuleError::unsupported(&format!("{operator:?}")))
    }

    /// Emits an operation.
    fn emit(&mut self, op: Op) {
        self.ops.push(op);
        self.origins.push(self.origin);
        self.operators.push(self.number);
    }

    /// The number of the next operation.
    fn here(&self) -> u32 {
        self.ops.len() as u32
    }

    fn finish(mut self) -> Code {
        self.code.ops = self.ops.into();
        self.code.origins = self.origins.into();
        self.code.operators = self.operators.into();
        self.code.silent = self.silent.into();
        self.code.frame = self.stack.highest();
        self.code
    }
}
