//! Valid modules that JavaScriptCore refuses, recognised by the very decision that it takes.

use assay_checks::{Difference, What};
use assay_engine::{Outcome, Phase, Program};
use wasmparser::{
    AbstractHeapType, ConstExpr, ElementItems, FuncToValidate, FuncValidator,
    FuncValidatorAllocations, FunctionBody, HeapType, Operator, OperatorsReader, Parser, Payload,
    RefType, TableInit, TypeRef, ValType, ValidPayload, Validator, ValidatorResources,
    WasmFeatures,
};

/// In dead code, a `br_on_null` or `br_on_non_null` to a label outside of as many blocks as
/// JavaScriptCore counts.
pub(super) fn dead_br_on_null(difference: &Difference, program: &Program) -> bool {
    refuses(difference, program, Refusal::DeadBrOnNull)
}

/// As [`dead_br_on_null`], for `br_on_cast` and `br_on_cast_fail`.
pub(super) fn dead_br_on_cast(difference: &Difference, program: &Program) -> bool {
    refuses(difference, program, Refusal::DeadBrOnCast)
}

/// An `any.convert_extern` of a reference whose heap type is `noextern`.
pub(super) fn convert_noextern(difference: &Difference, program: &Program) -> bool {
    refuses(difference, program, Refusal::ConvertNoextern)
}

/// Whether JavaScriptCore refused a module, and for this reason.
fn refuses(difference: &Difference, program: &Program, why: Refusal) -> bool {
    let compile = Phase::Compile;
    difference.what == What::Rejection(compile)
        && difference.oracle == Outcome::Rejected(compile).to_string()
        && program
            .modules
            .iter()
            .find_map(|module| refusal(&module.wasm))
            == Some(why)
}

/// Why JavaScriptCore refuses a module that is valid. The first reason in a module is the one that
/// it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    DeadBrOnNull,
    DeadBrOnCast,
    ConvertNoextern,
}

/// Why JavaScriptCore refuses a valid module, as far as the known reasons go; `None` where none
/// of them applies, and where the module is not valid.
fn refusal(wasm: &[u8]) -> Option<Refusal> {
    let features = WasmFeatures::all();
    let mut validator = Validator::new_with_features(features);
    let mut functions = Vec::new();
    let mut globals = Vec::new();
    let mut found = None;
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(wasm) {
        let payload = payload.ok()?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload).ok()? {
            functions.push((function, body));
        }
        found = found.or(in_constants(&payload, &mut globals));
    }
    let mut allocations = FuncValidatorAllocations::default();
    for (function, body) in functions {
        let (here, back) = in_function(function, &body, allocations)?;
        found = found.or(here);
        allocations = back;
    }
    found
}

/// Looks at the constant expressions that can make a reference. `globals` gets the types of all
/// globals, imported ones first.
fn in_constants(payload: &Payload<'_>, globals: &mut Vec<ValType>) -> Option<Refusal> {
    let mut found = None;
    match payload {
        Payload::ImportSection(section) => {
            for import in section.clone().into_imports().flatten() {
                if let TypeRef::Global(global) = import.ty {
                    globals.push(global.content_type);
                }
            }
        }
        Payload::TableSection(section) => {
            for table in section.clone().into_iter().flatten() {
                if let TableInit::Expr(init) = table.init {
                    found = found.or(in_constant(&init, globals));
                }
            }
        }
        Payload::GlobalSection(section) => {
            for global in section.clone().into_iter().flatten() {
                found = found.or(in_constant(&global.init_expr, globals));
                globals.push(global.ty.content_type);
            }
        }
        Payload::ElementSection(section) => {
            for element in section.clone().into_iter().flatten() {
                if let ElementItems::Expressions(_, items) = element.items {
                    for item in items.into_iter().flatten() {
                        found = found.or(in_constant(&item, globals));
                    }
                }
            }
        }
        _ => {}
    }
    found
}

/// In a constant expression, what makes the operand stands right before its user.
fn in_constant(expression: &ConstExpr<'_>, globals: &[ValType]) -> Option<Refusal> {
    let mut top = None;
    for operator in expression.get_operators_reader() {
        match operator.ok()? {
            Operator::AnyConvertExtern if top.is_some_and(is_noextern) => {
                return Some(Refusal::ConvertNoextern);
            }
            Operator::RefNull { hty } => {
                top = RefType::new(true, hty).map(ValType::Ref);
            }
            Operator::GlobalGet { global_index } => {
                top = globals.get(usize::try_from(global_index).ok()?).copied();
            }
            _ => top = None,
        }
    }
    None
}

fn is_noextern(value: ValType) -> bool {
    let noextern = HeapType::Abstract {
        shared: false,
        ty: AbstractHeapType::NoExtern,
    };
    value
        .as_reference_type()
        .is_some_and(|reference| reference.heap_type() == noextern)
}

/// Looks at one function. `None` where it is not valid.
fn in_function(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> Option<(Option<Refusal>, FuncValidatorAllocations)> {
    let mut validator = function.into_validator(allocations);
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).ok()?;
    let mut blocks = Blocks {
        counted: 1,
        dead: 0,
    };
    let mut found = None;
    for operator in OperatorsReader::new(reader).into_iter_with_offsets() {
        let (operator, offset) = operator.ok()?;
        found = found.or(blocks.refuses(&operator, &validator));
        blocks.step(&operator);
        validator.op(offset, &operator).ok()?;
    }
    Some((found, validator.into_allocations()))
}

/// How JavaScriptCore counts blocks. In dead code it leaves those out that it enters, and takes
/// them into account for some branches only.
struct Blocks {
    /// The blocks that were entered while alive, and the function itself.
    counted: u32,
    /// 0 in live code; in dead code one more than the blocks that were entered since it died.
    dead: u32,
}

impl Blocks {
    fn refuses(
        &self,
        operator: &Operator<'_>,
        validator: &FuncValidator<ValidatorResources>,
    ) -> Option<Refusal> {
        match *operator {
            Operator::BrOnNull { relative_depth } | Operator::BrOnNonNull { relative_depth }
                if relative_depth >= self.counted =>
            {
                Some(Refusal::DeadBrOnNull)
            }
            Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. }
                if relative_depth >= self.counted =>
            {
                Some(Refusal::DeadBrOnCast)
            }
            Operator::AnyConvertExtern if self.dead == 0 => {
                let operand = validator.get_operand_type(0).flatten()?;
                is_noextern(operand).then_some(Refusal::ConvertNoextern)
            }
            _ => None,
        }
    }

    fn step(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => {
                if self.dead == 0 {
                    self.counted += 1;
                } else {
                    self.dead += 1;
                }
            }
            Operator::Else if self.dead == 1 => self.dead = 0,
            Operator::End => match self.dead {
                0 | 1 => (self.counted, self.dead) = (self.counted.saturating_sub(1), 0),
                _ => self.dead -= 1,
            },
            Operator::Unreachable
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef => self.dead = self.dead.max(1),
            _ => {}
        }
    }
}
