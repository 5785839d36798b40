//! A script as text.

use super::{Claim, END, Script, ScriptCall, claim};
use crate::modules::{self, Facts, Manner};
use crate::text::{Pattern, argument, quoted, quoted_bytes};
use assay_engine::{Value, names};

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
pub(crate) fn write(script: &Script) -> String {
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
    let runs = is_running(&script.start);
    if runs {
        observation(&mut text, &facts, script.start_slots.as_deref());
    }
    for call in &script.calls {
        text.push('\n');
        claimed_call(&mut text, &facts, call);
        observation(&mut text, &facts, call.slots.as_deref());
    }
    line(&mut text, &format!("\n{END}"));
    text
}

/// Whether there is an instance after an instantiation of which this is claimed.
fn is_running(start: &Claim) -> bool {
    *start == Claim::Nothing
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
fn claimed_call(text: &mut String, facts: &Facts, call: &ScriptCall) {
    let invoke = invoke_text(&call.export, &call.args, |n| facts.null_of(&call.export, n));
    match &call.claim {
        Claim::Returns(patterns) => line(text, &assert_return(&invoke, patterns)),
        Claim::Catches {
            asserted,
            tag,
            payload,
        } => {
            let raw = if *asserted {
                raw_results(facts, &call.export, *tag)
            } else {
                None
            };
            line(
                text,
                &raw.map_or_else(|| invoke.clone(), |raw| assert_return(&invoke, &raw)),
            );
            if let Some(tag) = tag {
                let getter = invoke_text(&names::payload(*tag), &[], |_| "extern");
                line(text, &assert_return(&getter, payload));
            }
        }
        Claim::Traps(trap) => line(text, &format!("(assert_trap {invoke} {})", quoted(trap))),
        Claim::Throws => line(text, &format!("(assert_exception {invoke})")),
        Claim::Exhausts => line(
            text,
            &format!("(assert_exhaustion {invoke} \"call stack exhausted\")"),
        ),
        Claim::Nothing | Claim::Invalid | Claim::Unlinkable => line(text, &invoke),
    }
}

/// What a catching shim returns when it caught this tag.
fn raw_results(facts: &Facts, export: &str, tag: Option<u32>) -> Option<Vec<Pattern>> {
    let Manner::Catching { zeros } = facts.manner(export) else {
        return None;
    };
    let status = Value::I32(claim::status(tag)?);
    Some(
        zeros?
            .into_iter()
            .chain([status])
            .map(Pattern::Is)
            .collect(),
    )
}

/// The line that observes the state. Where nothing is expected of it, it is there all the same,
/// for it refills the fuel.
fn observation(text: &mut String, facts: &Facts, slots: Option<&[Value]>) {
    let invoke = invoke_text(names::OBSERVE, &[], |_| "extern");
    if let Some(slots) = slots {
        let slots: Vec<_> = slots.iter().map(|&slot| Pattern::Is(slot)).collect();
        line(text, &assert_return(&invoke, &slots));
    } else if facts.exports(names::OBSERVE) {
        line(text, &invoke);
    }
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
