//! Branches that carry values out of blocks: to where clauses land, past handlers, and out of the
//! function.

use super::super::operand::{Operand, data};
use super::super::value::{Datum, Ty};
use super::super::world::{Entry, World};
use crate::stress::Choices;
use crate::stress::scopes::Blocks;

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// To where a clause of the scope lands that lies so many further out.
    Landing { out: usize, landing: usize },
    /// Out of the function.
    Function,
}

/// The targets that take values, each with their types.
fn targets(w: &World) -> Vec<(Target, Vec<Ty>)> {
    let types = w.types();
    let Some(frame) = w.frames.last() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (out, scope) in frame.scopes.iter().rev().enumerate() {
        for (landing, clause) in scope.landings.iter().enumerate().rev() {
            let arrives = clause.arrives(&types);
            if !arrives.is_empty() {
                all.push((Target::Landing { out, landing }, arrives));
            }
        }
    }
    if !matches!(frame.entry, Entry::Start) {
        all.push((Target::Function, w.setting.all_results()));
    }
    all
}

/// What is about to branch.
struct Branch {
    target: Target,
    types: Vec<Ty>,
    /// What it carries.
    values: Vec<Operand>,
    /// Whether something lies below that on the stack.
    below: bool,
}

/// Chooses where to go, and with what.
fn branch(w: &World, c: &mut Choices<'_, '_>) -> Option<Branch> {
    let all = targets(w);
    // Out of the function only where there is nothing else, or once in four times.
    let some = match all.split_last() {
        Some(((Target::Function, _), rest)) if !rest.is_empty() && !c.once_in(4) => rest,
        _ => &all,
    };
    let (target, types) = some.get(c.below(some.len() as u32) as usize)?.clone();
    Some(Branch {
        target,
        values: w.operands(c, &types),
        below: c.once_in(2),
        types,
    })
}

impl Branch {
    /// Pushes what it carries; gives that.
    fn push(&self, w: &mut World) -> Vec<Datum> {
        if self.below {
            let word = w.fresh(Ty::I64, 1, false, true);
            w.push(&word);
        }
        match self.target {
            Target::Function => w.push_results(&self.values),
            Target::Landing { .. } => {
                w.push_all(&self.values);
                data(&self.values)
            }
        }
    }

    /// Code goes on where it leads to.
    fn arrive(&self, w: &mut World, id: u32, values: Vec<Datum>) {
        self.corners(w);
        match self.target {
            Target::Function => w.returned(id, values),
            Target::Landing { out, landing } => {
                let types = w.types();
                let left = w.scopes() - out;
                let frame = w.frame();
                frame.close_dead(&types, left);
                frame.land(&types, landing);
                w.take_arrived(id, &self.types, &values);
            }
        }
    }

    fn corners(&self, w: &mut World) {
        let Target::Landing { out, .. } = self.target else {
            let handlers = w.frame().scopes.iter().any(|scope| scope.in_body);
            let corner = ("branch", "out of the function, past handlers");
            return w.hit_all(&[(handlers, corner)]);
        };
        let scopes = w.frame().scopes.iter().rev().take(out + 1);
        let in_body: Vec<bool> = scopes.map(|scope| scope.in_body).collect();
        let handlers = in_body.iter().filter(|it| **it).count();
        w.hit_all(&[
            (
                handlers > 0,
                ("branch", "out of try_table to where a clause lands"),
            ),
            (handlers > 1, ("branch", "past several handlers")),
            (
                in_body.last() == Some(&false),
                (
                    "branch",
                    "from where a clause has landed to where another lands",
                ),
            ),
            (self.below, ("branch", "over a live value")),
            (
                self.types.contains(&Ty::Exn),
                ("branch", "with an exception"),
            ),
        ]);
    }
}

fn label(w: &mut World, target: Target) -> u32 {
    match target {
        Target::Landing { out, landing } => w.frame().landing_label(out as u32, landing),
        Target::Function => w.frame().function_label(),
    }
}

/// `br` with values.
pub fn br(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let branch = branch(w, c)?;
    let values = branch.push(w);
    let label = label(w, branch.target);
    w.sink().br(label);
    branch.arrive(w, c.id(), values);
    Some(())
}

/// `br_if` with values, which stay where it does not branch.
pub fn br_if(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let branch = branch(w, c)?;
    let taken = c.once_in(2);
    let values = branch.push(w);
    let condition = w.fresh(Ty::I32, u128::from(taken), false, true);
    w.push(&condition);
    let label = label(w, branch.target);
    w.sink().br_if(label);
    if taken {
        w.sink().unreachable();
        branch.arrive(w, c.id(), values);
        return Some(());
    }
    w.hit("branch", "not taken");
    if branch.target == Target::Function {
        // The first result is mostly the digest, which is another one each time.
        w.is_once();
    }
    w.take(c.id(), &branch.types, &values);
    if branch.below {
        w.note(1);
    }
    Some(())
}

/// `br_table` with values, to all targets that take the same types.
pub fn br_table(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let branch = branch(w, c)?;
    let all = targets(w).into_iter();
    let same: Vec<Target> = all
        .filter(|(_, types)| *types == branch.types)
        .map(|(target, _)| target)
        .collect();
    let place = same.iter().position(|it| *it == branch.target)?;
    let default = c.once_in(3);
    let values = branch.push(w);
    let labels: Vec<u32> = same.iter().map(|&target| label(w, target)).collect();
    let (index, otherwise) = if default {
        (labels.len() as u32 + c.below(2), labels[place])
    } else {
        (place as u32, labels[0])
    };
    let index = w.fresh(Ty::I32, index.into(), false, true);
    w.push(&index);
    w.sink().br_table(labels.clone(), otherwise);
    w.hit_all(&[
        (default, ("br_table", "the default, with values")),
        (
            labels.len() > 1,
            ("br_table", "several targets with values"),
        ),
    ]);
    branch.arrive(w, c.id(), values);
    Some(())
}
