//! What wasmi gets wrong, told by running it once more on a program that avoids it.

use assay_checks::Difference;
use assay_checks::differential::{Comparison, compare};
use assay_engine::{Engine, Program};
use assay_wasmi::WasmiEngine;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{BlockType, CodeSection};
use wasmparser::{FunctionBody, Operator, Parser};

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
    let Some(apart) = with_selects_apart(program) else {
        return false;
    };
    let mut wasmi = WasmiEngine::new();
    match (wasmi.run(&apart), wasmi.run(program)) {
        (Ok(right), Ok(wrong)) => matches!(
            compare(program, &right, &wrong).end,
            Comparison::Differs(of_wasmi) if of_wasmi == *difference
        ),
        _ => false,
    }
}

/// The program with an empty block before each `select`; `None` where there is no `select`.
fn with_selects_apart(program: &Program) -> Option<Program> {
    let mut apart = program.clone();
    let mut selects = 0;
    for module in &mut apart.modules {
        let mut keeper = KeepApart { selects: 0 };
        let mut encoded = wasm_encoder::Module::new();
        keeper
            .parse_core_module(&mut encoded, Parser::new(0), &module.wasm)
            .ok()?;
        module.wasm = encoded.finish();
        selects += keeper.selects;
    }
    (selects > 0).then_some(apart)
}

/// Puts an empty block before each `select`.
struct KeepApart {
    /// How many there were.
    selects: usize,
}

impl Reencode for KeepApart {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let mut f = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if let Operator::Select | Operator::TypedSelect { .. } = operator {
                f.instructions().block(BlockType::Empty).end();
                self.selects += 1;
            }
            f.instruction(&utils::instruction(self, operator)?);
        }
        code.function(&f);
        Ok(())
    }
}
