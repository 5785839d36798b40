//! What wasmi gets wrong, told by running it once more on a program that avoids it.

use assay_checks::Difference;
use assay_checks::differential::{Comparison, compare};
use assay_engine::{Engine, Program};
use assay_wasmi::WasmiEngine;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, CodeSection};
use wasmparser::{CompositeInnerType, FunctionBody, Operator, Parser, TypeSectionReader};

/// Whether the difference goes away when no `select` can be fused with the comparison before it.
///
/// wasmi drops an `i32.eqz`, or a comparison with 0, that a `select` follows, and lets the `select`
/// test the operand itself. Where that operand is a local or another slot of the frame, the
/// `select` is still told to test the accumulator, in which there is whatever was computed before.
///
/// An empty block between the two keeps them apart and changes nothing else. So the bug is the
/// cause if, with such blocks, wasmi itself differs from what it did in the very same way as the
/// subject.
pub(super) fn select_after_eqz(difference: &Difference, program: &Program) -> bool {
    let is_select = |operator: &Operator<'_>, _: &[bool]| {
        matches!(operator, Operator::Select | Operator::TypedSelect { .. })
    };
    without(program, is_select).is_some_and(|of_wasmi| of_wasmi == *difference)
}

/// Whether the difference goes away when there are no locals under the parameters of a `loop`.
///
/// Before a `loop`, wasmi moves the last parameter to the accumulator and only then saves the
/// locals that were pushed before. Where the accumulator held such a local, the parameter is
/// saved in its place.
///
/// An empty block before the `loop` saves all operands in time. The same blocks avoid what
/// [`parameters_over_local`] tells of the other blocks, so that for a `loop` this is the one row.
pub(super) fn loop_over_local(difference: &Difference, program: &Program) -> bool {
    let is_loop = |operator: &Operator<'_>, with_parameters: &[bool]| match operator {
        Operator::Loop { blockty } => has_parameters(*blockty, with_parameters),
        _ => false,
    };
    without(program, is_loop).is_some_and(|of_wasmi| of_wasmi == *difference)
}

/// Whether the difference goes away when there are no locals under the parameters of a `block` or
/// an `if`.
///
/// Before a block, wasmi saves the locals that were pushed, but for as many as the block has
/// parameters. It counts locals alone: where a parameter is none, a local under the parameters is
/// left out, and saved at the first need within the block, which may be on one of two paths.
///
/// On the other path a slot is read that nothing has been written to, so what wasmi gives may not
/// be the same twice.
pub(super) fn parameters_over_local(difference: &Difference, program: &Program) -> bool {
    let is_block = |operator: &Operator<'_>, with_parameters: &[bool]| match operator {
        Operator::Block { blockty } | Operator::If { blockty } => {
            has_parameters(*blockty, with_parameters)
        }
        _ => false,
    };
    without(program, is_block).is_some_and(|of_wasmi| {
        of_wasmi.place == difference.place
            && of_wasmi.what == difference.what
            && of_wasmi.subject == difference.subject
    })
}

/// How wasmi differs from itself with an empty block before some operators, which `avoid` tells of
/// an operator and the types that have parameters. `None` if it does not, or nothing was put.
fn without(
    program: &Program,
    avoid: impl Fn(&Operator<'_>, &[bool]) -> bool,
) -> Option<Difference> {
    differs_from_itself(program, &with_blocks(program, avoid)?)
}

/// How wasmi differs on a program from what it does on one that means the same.
pub(super) fn differs_from_itself(program: &Program, apart: &Program) -> Option<Difference> {
    // Each on a stack of its own: the right run leaves right values where the wrong one may look.
    let wrong = WasmiEngine::new().run(program).ok()?;
    let right = WasmiEngine::new().run(apart).ok()?;
    match compare(program, &[], &right, &wrong).end {
        Comparison::Differs(of_wasmi) => Some(of_wasmi),
        _ => None,
    }
}

fn has_parameters(ty: wasmparser::BlockType, with_parameters: &[bool]) -> bool {
    match ty {
        wasmparser::BlockType::FuncType(index) => {
            with_parameters.get(index as usize).copied().unwrap_or(true)
        }
        _ => false,
    }
}

/// The program with an empty block before each operator to avoid; `None` where there is none.
fn with_blocks(
    program: &Program,
    avoid: impl Fn(&Operator<'_>, &[bool]) -> bool,
) -> Option<Program> {
    let mut apart = program.clone();
    let mut blocks = 0;
    for module in &mut apart.modules {
        let mut keeper = KeepApart {
            avoid: &avoid,
            with_parameters: Vec::new(),
            blocks: 0,
        };
        let mut encoded = wasm_encoder::Module::new();
        keeper
            .parse_core_module(&mut encoded, Parser::new(0), &module.wasm)
            .ok()?;
        module.wasm = encoded.finish();
        blocks += keeper.blocks;
    }
    (blocks > 0).then_some(apart)
}

/// How many parameters each type has.
pub(super) fn parameters(section: TypeSectionReader<'_>) -> wasmparser::Result<Vec<u32>> {
    let mut parameters = Vec::new();
    for group in section {
        parameters.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
            CompositeInnerType::Func(ty) => ty.params().len() as u32,
            _ => 0,
        }));
    }
    Ok(parameters)
}

/// Puts an empty block before each operator to avoid.
struct KeepApart<A> {
    avoid: A,
    /// Whether each type of the module is that of a function with parameters.
    with_parameters: Vec<bool>,
    /// How many blocks were put.
    blocks: usize,
}

impl<A: Fn(&Operator<'_>, &[bool]) -> bool> Reencode for KeepApart<A> {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let parameters = parameters(section.clone())?;
        let some = parameters.iter().map(|parameters| *parameters > 0);
        self.with_parameters.extend(some);
        utils::parse_type_section(self, types, section)
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let mut f = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if (self.avoid)(&operator, &self.with_parameters) {
                f.instructions().block(BlockType::Empty).end();
                self.blocks += 1;
            }
            f.instruction(&utils::instruction(self, operator)?);
        }
        code.function(&f);
        Ok(())
    }
}
