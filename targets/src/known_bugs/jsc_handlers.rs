//! What JavaScriptCore gets wrong about handlers.

use assay_checks::{Difference, What};
use assay_engine::{Outcome, Program, Trap};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// Whether a function makes a tail call inside a `try_table`, and JavaScriptCore comes to what is behind a call that
/// does not return.
///
/// Where its optimiser inlines such a function, the tail call becomes a call within the handler, which then catches
/// what the callee throws, though its function is gone.
pub(super) fn handler_of_tail_caller(difference: &Difference, program: &Program) -> bool {
    let unreachable = Outcome::Trapped(Trap::Unreachable.into()).to_string();
    difference.what == What::Outcome
        && difference.oracle == unreachable
        && leaves_try_by_tail_call(program)
}

fn leaves_try_by_tail_call(program: &Program) -> bool {
    program.modules.iter().any(|module| {
        let payloads = Parser::new(0).parse_all(&module.wasm).map_while(Result::ok);
        let mut bodies = payloads.filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        bodies.any(|body| leaves_try(&body))
    })
}

fn leaves_try(body: &FunctionBody<'_>) -> bool {
    let Ok(operators) = body.get_operators_reader() else {
        return false;
    };
    // Whether each of the blocks that are open is a `try_table`.
    let mut scopes = Vec::new();
    for operator in operators.into_iter().map_while(Result::ok) {
        match operator {
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
                if scopes.contains(&true) =>
            {
                return true;
            }
            Operator::TryTable { .. } => scopes.push(true),
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                scopes.push(false);
            }
            Operator::End => drop(scopes.pop()),
            _ => {}
        }
    }
    false
}
