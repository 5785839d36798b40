//! A script as text.

use super::{Claim, END, Script, ScriptCall, row};
use crate::modules::{self, Facts};
use crate::text::{Pattern, argument, quoted, quoted_bytes};
use assay_engine::{Outcome, Shim, Value, names};

/// What stands above every script.
const ABOVE: &str = "\
;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
";

/// What stands above a script that is only half of the story.
const NEEDS_HOST: &str = "\
;; The main module imports host functions from \"assay:host\", which a script cannot carry: they
;; are in the header, and a runner of scripts alone cannot instantiate the module.
";

/// The script as text, ending with [`END`].
pub(crate) fn write(script: &Script, shim: Option<&Shim>) -> String {
    let facts = Facts::of(&script.main);
    let mut text = String::from(ABOVE);
    if facts.host {
        text.push_str(NEEDS_HOST);
    }
    for (name, wasm) in &script.registered {
        line(&mut text, &format!("\n{}", module_text(wasm)));
        line(&mut text, &format!("(register {})", quoted(name)));
    }
    line(&mut text, &format!("\n{}", start_text(script)));
    if let (Some(shim), Claim::Nothing) = (shim, &script.start) {
        let look = look_text(shim, &facts, script.start_slots.as_deref());
        line(&mut text, &look);
    }
    if !script.calls.is_empty() {
        text.push('\n');
    }
    for call in &script.calls {
        let name = shim.and_then(|shim| name_of(call, shim));
        let comment = name.map_or(String::new(), |name| format!(" ;; {}", quoted(name)));
        line(&mut text, &(call_line(call, &facts, shim) + &comment));
        if let (Some(shim), Some(slots)) = (shim, &call.slots)
            && !matches!(call.claim, Claim::Tells(_))
        {
            line(&mut text, &look_text(shim, &facts, Some(slots)));
        }
    }
    line(&mut text, &format!("\n{END}"));
    text
}

/// The name of the function that a call of the shim is for.
fn name_of<'a>(call: &ScriptCall, shim: &'a Shim) -> Option<&'a str> {
    let number = Shim::number(&call.args)?;
    let name = shim.functions.get(usize::try_from(number).ok()?)?;
    Some(name)
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The module, readable where the text is exact.
fn module_text(wasm: &[u8]) -> String {
    match modules::exact_text(wasm) {
        Some(text) => text.trim_end().to_owned(),
        None => format!("(module binary{})", quoted_bytes(wasm)),
    }
}

/// The main module, in the assertion that its instantiation is expected to pass. Where an engine
/// refuses a module, its message is its own affair, and the empty text stands for any.
fn start_text(script: &Script) -> String {
    let module = module_text(&script.main);
    match &script.start {
        Claim::Traps(trap) => format!("(assert_trap\n{module}\n{})", quoted(trap)),
        Claim::Throws => format!("(assert_exception\n{module})"),
        Claim::Invalid if modules::decodes(&script.main) => {
            format!("(assert_invalid\n{module}\n\"\")")
        }
        Claim::Invalid => format!("(assert_malformed\n{module}\n\"\")"),
        Claim::Unlinkable => format!("(assert_unlinkable\n{module}\n\"\")"),
        _ => module,
    }
}

/// A call in the assertion that it is expected to pass.
fn call_line(call: &ScriptCall, facts: &Facts, shim: Option<&Shim>) -> String {
    let invoke = invoke_text(&call.export, &call.args, |n| facts.null_of(&call.export, n));
    match &call.claim {
        Claim::Returns(patterns) => assert_return(&invoke, patterns),
        Claim::Tells(outcome) => {
            let slots = call.slots.as_deref().unwrap_or_default();
            let row = shim.and_then(|shim| row::row(outcome, zeros(shim, facts), slots));
            row.map_or(invoke.clone(), |row| assert_row(&invoke, row))
        }
        Claim::Traps(trap) => format!("(assert_trap {invoke} {})", quoted(trap)),
        Claim::Throws => format!("(assert_exception {invoke})"),
        Claim::Exhausts => format!("(assert_exhaustion {invoke} \"call stack exhausted\")"),
        Claim::Nothing | Claim::Invalid | Claim::Unlinkable => invoke,
    }
}

/// A look at the state. Where nothing is expected of it, it is there all the same, for it refills
/// the fuel.
fn look_text(shim: &Shim, facts: &Facts, slots: Option<&[Value]>) -> String {
    let invoke = invoke_text(names::CALL, &shim.look(), |n| facts.null_of(names::CALL, n));
    let zeros = zeros(shim, facts);
    let row = slots.and_then(|slots| row::row(&Outcome::Returned(zeros.clone()), zeros, slots));
    row.map_or(invoke.clone(), |row| assert_row(&invoke, row))
}

/// What the shim returns before the status when there is nothing to tell.
fn zeros(shim: &Shim, facts: &Facts) -> Vec<Value> {
    (0..shim.results as usize)
        .map(|n| facts.zero_of(names::CALL, n))
        .collect()
}

fn assert_row(invoke: &str, row: Vec<Value>) -> String {
    let patterns: Vec<_> = row.into_iter().map(Pattern::Is).collect();
    assert_return(invoke, &patterns)
}

fn assert_return(invoke: &str, patterns: &[Pattern]) -> String {
    let results: String = patterns
        .iter()
        .map(|pattern| format!(" {}", pattern.text()))
        .collect();
    format!("(assert_return {invoke}{results})")
}

/// A call on its own, with null references of type `extern`.
pub(crate) fn call_text(export: &str, args: &[Value]) -> String {
    invoke_text(export, args, |_| "extern")
}

/// A call; `null` gives the heap type of a null passed as argument `n`.
fn invoke_text(export: &str, args: &[Value], null: impl Fn(usize) -> &'static str) -> String {
    let args = args
        .iter()
        .enumerate()
        .map(|(n, &arg)| format!(" {}", argument(arg, null(n))));
    format!("(invoke {}{})", quoted(export), args.collect::<String>())
}
