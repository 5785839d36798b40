//! Blocks, and ways out of them.

use super::super::value::Ty;
use super::super::world::{Entry, World};
use crate::stress::Choices;
use crate::stress::naming::distinct;
use crate::stress::scopes::{Blocks, Clause, Kind, Label};

/// How many clauses there are at most.
const MAX_CLAUSES: u32 = 5;

/// `try_table`
pub fn try_table(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let count = c.below(MAX_CLAUSES + 1);
    let clauses: Vec<Clause> = (0..count).map(|_| clause(w, c)).collect();
    let below = c.once_in(4).then(|| distinct(c.id(), 0) as u64);
    if let Some(word) = below {
        let operand = w.fresh(Ty::I64, word.into(), false, true);
        w.push(&operand);
    }
    corners(w, &clauses);
    w.open(clauses, below);
    Some(())
}

fn clause(w: &World, c: &mut Choices<'_, '_>) -> Clause {
    let kind = match c.below(10) {
        0..=3 => Kind::One,
        4..=6 => Kind::OneRef,
        7 => Kind::All,
        _ => Kind::AllRef,
    };
    let tag = c.below(w.setting.tags.len() as u32);
    let mut clause = Clause {
        kind,
        tag,
        label: Label::Own,
    };
    let arrives = clause.arrives(&w.types());
    let out = c.below(w.scopes() as u32 + 1);
    if arrives.is_empty() && c.once_in(2) {
        clause.label = Label::Done(out);
    } else if is_result(w, &arrives) && c.once_in(2) {
        clause.label = Label::Function;
    }
    clause
}

/// Whether these are what the function gives.
fn is_result(w: &World, types: &[Ty]) -> bool {
    let starts = w
        .frames
        .last()
        .is_some_and(|frame| matches!(frame.entry, Entry::Start));
    !starts && types == w.setting.all_results()
}

fn corners(w: &mut World, clauses: &[Clause]) {
    match clauses.len() {
        0 => w.hit("try_table", "without clauses"),
        5 => w.hit("try_table", "with the most clauses"),
        _ => {}
    }
    let mut tags: Vec<u32> = clauses
        .iter()
        .filter(|clause| clause.has_tag())
        .map(|clause| clause.tag)
        .collect();
    tags.sort_unstable();
    let different = |a: &u32, b: &u32| a != b && w.setting.are_same(*a, *b);
    if tags.windows(2).any(|pair| different(&pair[0], &pair[1])) {
        w.hit("try_table", "one tag under two indices");
    }
    if tags.windows(2).any(|pair| pair[0] == pair[1]) {
        w.hit("try_table", "the same tag twice");
    }
    if clauses
        .split_last()
        .is_some_and(|(_, before)| before.iter().any(|it| !it.has_tag()))
    {
        w.hit("try_table", "clauses behind one that catches all");
    }
    if w.frame().ended > 0 {
        w.hit("try_table", "one behind another");
    }
    let in_handler = w.frame().scopes.last().map(|scope| !scope.in_body);
    match in_handler {
        Some(true) => w.hit("try_table", "in a handler"),
        Some(false) => w.hit("try_table", "within another"),
        None => {}
    }
}

/// Ends the innermost block, or the function where there is none.
pub fn end(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    if w.is_idle() {
        return None;
    }
    if w.scopes() > 0 {
        w.frame().ended += 1;
    }
    w.finish_one();
    Some(())
}

/// `br`, out of one block or several.
pub fn br(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let out = c.below(w.scopes() as u32);
    let label = w.frame().done(out);
    let in_body = w
        .frame()
        .scopes
        .iter()
        .rev()
        .take(out as usize + 1)
        .any(|it| it.in_body);
    w.sink().br(label);
    if in_body {
        w.hit("br", "out of try_table");
    }
    if out > 0 {
        w.hit("br", "out of several blocks");
    }
    let left = w.scopes() - out as usize;
    let types = w.types();
    w.frame().close_dead(&types, left);
    w.close();
    Some(())
}

/// `return`, from within blocks.
pub fn return_(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if w.is_idle() {
        return None;
    }
    let results = w.setting.all_results();
    let operands = w.operands(c, &results);
    w.note_held();
    let values = w.push_results(&operands);
    w.sink().return_();
    if w.frame().scopes.iter().any(|scope| scope.in_body) {
        w.hit("return", "from within try_table");
    }
    w.returned(c.id(), values);
    Some(())
}

/// Ends the call, so that what goes on is another one.
pub fn next_call(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    // An empty call would say nothing.
    if w.is_idle() {
        return None;
    }
    w.finish_call();
    Some(())
}
