//! What V8 gets wrong.

use assay_checks::Difference;
use assay_checks::differential::Frames;
use assay_engine::{Frame, Program};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// Whether a frame that is told wrong, or missing, is at a call inside a `try_table`, which may be one of a
/// function that it was inlined into.
///
/// TurboFan does not say where such a call is. So its place is that which was said last, of any call before it:
/// in another function, where that was inlined; or none, which is -1, and counts from the start of the body.
pub(super) fn place_of_call_in_try(difference: &Difference, program: &Program) -> bool {
    let Some(frames) = &difference.frames else {
        return false;
    };
    let wrong = wrong(frames);
    let sites: Vec<_> = wrong.iter().filter_map(|it| site(it, program)).collect();
    let last_in_try = sites.iter().rposition(|site| site.in_try);
    let calls = last_in_try.and_then(|last| sites.get(..=last));
    calls.is_some_and(|calls| calls.iter().any(|site| site.is_call))
}

/// The frames that are active, but for those that are told right, at either end of the stack.
fn wrong(Frames { there, told, .. }: &Frames) -> Vec<Frame> {
    let mut there: Vec<_> = there.iter().filter(|frame| !frame.gone).copied().collect();
    let mut told = told.as_slice();
    while let (Some(last), [rest @ .., frame]) = (there.last(), told)
        && is_told(last, frame)
    {
        there.pop();
        told = rest;
    }
    let right = there
        .iter()
        .zip(told)
        .take_while(|(it, told)| is_told(it, told));
    let right = right.count();
    there.split_off(right)
}

/// Whether the second frame is the first one, as far as it is told.
fn is_told(frame: &Frame, told: &Frame) -> bool {
    let same = |a: Option<u32>, b: Option<u32>| a == b || b.is_none();
    frame.function == told.function
        && same(frame.offset, told.offset)
        && same(frame.module, told.module)
}

/// The instruction at which a frame is.
struct Site {
    /// Whether it calls: a function, or the engine itself.
    is_call: bool,
    in_try: bool,
}

fn site(frame: &Frame, program: &Program) -> Option<Site> {
    let module = program.modules.get(frame.module? as usize)?;
    let at = frame.offset? as usize;
    let payloads = Parser::new(0).parse_all(&module.wasm).map_while(Result::ok);
    let mut bodies = payloads.filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    site_in(&bodies.find(|body| body.range().contains(&at))?, at)
}

fn site_in(body: &FunctionBody<'_>, at: usize) -> Option<Site> {
    let operators = body.get_operators_reader().ok()?;
    let mut scopes = Vec::new();
    for (operator, offset) in operators.into_iter_with_offsets().map_while(Result::ok) {
        if offset == at {
            return Some(Site {
                is_call: matches!(
                    operator,
                    Operator::Call { .. }
                        | Operator::CallIndirect { .. }
                        | Operator::CallRef { .. }
                        | Operator::ThrowRef
                ),
                in_try: scopes.contains(&true),
            });
        }
        match operator {
            Operator::TryTable { .. } => scopes.push(true),
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                scopes.push(false);
            }
            Operator::End => drop(scopes.pop()),
            _ => {}
        }
    }
    None
}
