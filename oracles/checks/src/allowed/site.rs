//! What a call runs: one operator on known operands.
//!
//! Both are read from the module and the call, and from nothing else, so that a case says by itself
//! what is judged. A function that can be read is straight code of three parts: instructions that
//! make operands of parameters, constants and the module's data; the operator; and instructions
//! that make integers of its result.

use assay_engine::{Call, Program};
use assay_reference::relaxed::{self, Alternative, Origin, Parameter};
use assay_reference::scalar;
use assay_reference::vector::VectorOp;
use std::collections::BTreeMap;
use wasmparser::{
    DataKind, ExternalKind, FunctionBody, MemArg, Operator, Parser, Payload, TypeRef,
};

/// Why a call cannot be judged: a fault of whoever made the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The module does not decode.
    #[error("the module does not decode: {0}")]
    Module(String),
    /// No function has this export.
    #[error("there is no function {0:?}")]
    Export(String),
    /// A function is not one operator on known operands.
    #[error("{export}: {operator} has no place in a function that is one operator")]
    Form {
        /// The export.
        export: String,
        /// The instruction at which that shows.
        operator: String,
    },
}

/// One call of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The operator, named as in `wasmparser`.
    pub operator: String,
    /// Its operands; those that are narrower than 128 bits are zero-extended.
    pub operands: Vec<u128>,
    /// All that it may give for them.
    pub allowed: Vec<Alternative>,
    /// The parameter that its alternatives are the values of, where it is relaxed.
    pub parameter: Option<Parameter>,
}

impl Site {
    /// The width of its result in bits.
    pub fn width(&self) -> u32 {
        let expected = self.allowed.first().map(|one| one.expected);
        expected.map_or(0, |expected| expected.lane_bits() * expected.lane_count())
    }
}

/// The calls of a program, in order.
///
/// # Errors
///
/// See [`Unreadable`].
pub fn sites(program: &Program) -> Result<Vec<Site>, Unreadable> {
    let wasm = program.modules.last().map_or(&[][..], |main| &main.wasm);
    let module = Module::read(wasm).map_err(|error| Unreadable::Module(error.to_string()))?;
    let calls = program.calls.iter();
    calls.map(|call| module.site(call)).collect()
}

/// What is needed of a module.
#[derive(Default)]
struct Module<'a> {
    /// The bodies of functions, by the names of their exports.
    functions: BTreeMap<&'a str, FunctionBody<'a>>,
    /// The content of memory 0, as far as data reaches.
    data: Vec<u8>,
}

impl<'a> Module<'a> {
    fn read(wasm: &'a [u8]) -> wasmparser::Result<Self> {
        let (mut module, mut exports) = (Self::default(), Vec::new());
        let (mut imported, mut bodies) = (0, Vec::new());
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.push((export.name, export.index as usize));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment?;
                        module.initialise(&segment.kind, segment.data)?;
                    }
                }
                _ => {}
            }
        }
        let defined = |(name, index): (&'a str, usize)| {
            let body: &FunctionBody<'a> = bodies.get(index.checked_sub(imported)?)?;
            Some((name, body.clone()))
        };
        module.functions = exports.into_iter().filter_map(defined).collect();
        Ok(module)
    }

    /// Writes an active segment of memory 0 whose place is a constant below 64 KiB.
    fn initialise(&mut self, kind: &DataKind<'a>, bytes: &[u8]) -> wasmparser::Result<()> {
        let DataKind::Active {
            memory_index: 0,
            offset_expr,
        } = kind
        else {
            return Ok(());
        };
        if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
            && let Ok(start) = u16::try_from(value)
        {
            let (start, end) = (usize::from(start), usize::from(start) + bytes.len());
            self.data.resize(self.data.len().max(end), 0);
            self.data[start..end].copy_from_slice(bytes);
        }
        Ok(())
    }

    fn site(&self, call: &Call) -> Result<Site, Unreadable> {
        let body = self.functions.get(call.export.as_str());
        let body = body.ok_or_else(|| Unreadable::Export(call.export.clone()))?;
        let reader = body.get_operators_reader();
        let operators: wasmparser::Result<Vec<_>> = reader.and_then(|r| r.into_iter().collect());
        let operators = operators.map_err(|error| Unreadable::Module(error.to_string()))?;
        let form = |operator: &Operator<'_>| Unreadable::Form {
            export: call.export.clone(),
            operator: format!("{operator:?}"),
        };
        let mut stack = Vec::new();
        let mut rest = operators.iter();
        let operator = loop {
            let operator = rest.next().unwrap_or(&Operator::End);
            if self.lift(operator, call, &mut stack).is_none() {
                break operator;
            }
        };
        let allowed = allowed(operator, &stack);
        if allowed.is_empty() {
            return Err(form(operator));
        }
        let rest: Vec<&Operator<'_>> = rest.collect();
        if !is_lowering(&rest) {
            return Err(form(rest.first().unwrap_or(&operator)));
        }
        Ok(Site {
            operator: format!("{operator:?}"),
            operands: stack,
            allowed,
            parameter: VectorOp::of(operator).and_then(|(op, _)| relaxed::parameter(op)),
        })
    }

    /// Takes an instruction that makes operands; `None` where it is none.
    fn lift(&self, operator: &Operator<'_>, call: &Call, stack: &mut Vec<u128>) -> Option<()> {
        const LOW: u128 = u64::MAX as u128;
        let value = match *operator {
            Operator::LocalGet { local_index } => call.args.get(local_index as usize)?.bits(),
            Operator::I32Const { value } => value.cast_unsigned().into(),
            Operator::I64Const { value } => value.cast_unsigned().into(),
            Operator::F32Const { value } => value.bits().into(),
            Operator::F64Const { value } => value.bits().into(),
            Operator::V128Const { value } => value.i128().cast_unsigned(),
            Operator::F32ReinterpretI32 | Operator::F64ReinterpretI64 => stack.pop()?,
            Operator::I64x2Splat => {
                let x = stack.pop()? & LOW;
                x << 64 | x
            }
            Operator::I64x2ReplaceLane { lane } => {
                let (x, vector) = (stack.pop()? & LOW, stack.pop()?);
                let at = u32::from(lane % 2) * 64;
                vector & !(LOW << at) | x << at
            }
            Operator::I32Load { memarg } | Operator::F32Load { memarg } => {
                self.load(memarg, 4, stack.pop()?)?
            }
            Operator::I64Load { memarg } | Operator::F64Load { memarg } => {
                self.load(memarg, 8, stack.pop()?)?
            }
            Operator::V128Load { memarg } => self.load(memarg, 16, stack.pop()?)?,
            _ => return None,
        };
        stack.push(value);
        Some(())
    }

    fn load(&self, memarg: MemArg, bytes: usize, address: u128) -> Option<u128> {
        let start = usize::try_from(address.checked_add(memarg.offset.into())?).ok()?;
        let found = self.data.get(start..start.checked_add(bytes)?)?;
        let mut all = [0; 16];
        all[..bytes].copy_from_slice(found);
        (memarg.memory == 0).then(|| u128::from_le_bytes(all))
    }
}

/// All that an operator may give, if it is known here.
fn allowed(operator: &Operator<'_>, operands: &[u128]) -> Vec<Alternative> {
    if let Some((op, _)) = VectorOp::of(operator) {
        return relaxed::allowed(op, operands);
    }
    let operands: Vec<u64> = operands.iter().map(|&bits| bits as u64).collect();
    let origin = Origin::Specification;
    let expected = scalar::expected(operator, &operands);
    let only = expected.map(|expected| Alternative { origin, expected });
    only.into_iter().collect()
}

/// Whether these instructions make integers of a result, the low half of a vector first, and end
/// the function.
fn is_lowering(operators: &[&Operator<'_>]) -> bool {
    use Operator as O;
    match operators {
        [O::End] | [O::I32ReinterpretF32 | O::I64ReinterpretF64, O::End] => true,
        [
            O::LocalTee { local_index: a },
            O::I64x2ExtractLane { lane: 0 },
            O::LocalGet { local_index: b },
            O::I64x2ExtractLane { lane: 1 },
            O::End,
        ] => a == b,
        _ => false,
    }
}
