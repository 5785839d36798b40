//! Changes a case a little, by the crate `mutatis`.

use super::{Family, Operation, Sequence};
use mutatis::{Candidates, Context, DefaultMutate, Mutate, Result, Rng};
use std::marker::PhantomData;

/// How many choices an operation gets that is put in; what it does not use, repair takes away.
const CHOICES: usize = 12;

/// Names of operations and small numbers are below this: most choices that are made.
const SMALL: u32 = 64;

/// The mutator of sequences. Whatever it does, the case is repaired after it.
///
/// Asked to shrink, it only leaves out operations and makes choices smaller.
pub struct Mutator<F>(PhantomData<F>);

impl<F> Default for Mutator<F> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<F: Family> DefaultMutate for Sequence<F> {
    type DefaultMutate = Mutator<F>;
}

impl<F: Family> Mutate<Sequence<F>> for Mutator<F> {
    fn mutate(&mut self, c: &mut Candidates<'_>, case: &mut Sequence<F>) -> Result<()> {
        for (grows, change) in CHANGES {
            let possible = !case.operations.is_empty() || *grows;
            if possible && !(c.shrink() && *grows) {
                c.mutation(|context| {
                    change(context, &mut case.operations, F::TABLE.len());
                    case.operations = case.perform().0.operations;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

type Change = fn(&mut Context, &mut Vec<Operation>, usize);

/// All changes, and whether they may make a case larger.
const CHANGES: &[(bool, Change)] = &[
    (false, |context, operations, _| remove(context, operations)),
    (false, |context, operations, _| {
        choose_less(context, operations)
    }),
    (true, |context, operations, _| {
        choose_anew(context, operations)
    }),
    (true, |context, operations, _| swap(context, operations)),
    (true, |context, operations, _| repeat(context, operations)),
    (true, insert),
];

fn index(rng: &mut Rng, operations: &[Operation]) -> usize {
    rng.gen_index(operations.len()).unwrap_or(0)
}

fn remove(context: &mut Context, operations: &mut Vec<Operation>) {
    let at = index(context.rng(), operations);
    if at < operations.len() {
        operations.remove(at);
    }
}

/// One of the choices of one operation.
fn a_choice<'a>(rng: &mut Rng, operations: &'a mut [Operation]) -> Option<&'a mut u32> {
    let at = index(rng, operations);
    let choices = &mut operations.get_mut(at)?.choices;
    let choice = rng.gen_index(choices.len())?;
    choices.get_mut(choice)
}

fn choose_less(context: &mut Context, operations: &mut [Operation]) {
    if let Some(choice) = a_choice(context.rng(), operations) {
        *choice /= 2;
    }
}

fn choose_anew(context: &mut Context, operations: &mut [Operation]) {
    let new = small(context.rng());
    if let Some(choice) = a_choice(context.rng(), operations) {
        *choice = new;
    }
}

fn swap(context: &mut Context, operations: &mut [Operation]) {
    let (a, b) = (
        index(context.rng(), operations),
        index(context.rng(), operations),
    );
    if a.max(b) < operations.len() {
        operations.swap(a, b);
    }
}

fn repeat(context: &mut Context, operations: &mut Vec<Operation>) {
    let at = index(context.rng(), operations);
    if let Some(operation) = operations.get(at).cloned() {
        put(context, operations, operation);
    }
}

fn insert(context: &mut Context, operations: &mut Vec<Operation>, rows: usize) {
    let rng = context.rng();
    let operation = Operation {
        id: 0,
        row: rng.gen_index(rows).unwrap_or(0),
        choices: (0..CHOICES).map(|_| small(rng)).collect(),
    };
    put(context, operations, operation);
}

/// Puts an operation somewhere, under a number of its own.
fn put(context: &mut Context, operations: &mut Vec<Operation>, operation: Operation) {
    let ids = operations.iter().map(|operation| operation.id);
    let id = ids.max().map_or(0, |most| most.saturating_add(1));
    let at = context.rng().gen_index(operations.len() + 1).unwrap_or(0);
    operations.insert(at, Operation { id, ..operation });
}

fn small(rng: &mut Rng) -> u32 {
    rng.gen_u32() % SMALL
}
