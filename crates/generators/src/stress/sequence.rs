//! A case as a list of operations.

use super::{Choices, Setting};
use crate::Draft;
use arbitrary::{Arbitrary, Result, Unstructured};
use assay_engine::Features;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Debug;

/// How often a row is drawn anew when it finds nothing to work on.
const TRIES: u32 = 8;

/// What a stress generator is made of.
pub trait Family: Clone + Debug + PartialEq + 'static {
    /// The name of the generator and of its target.
    const NAME: &'static str;

    /// How many operations a case is generated with at most; a quarter of them is the least. Shorter cases
    /// are faster, but longer ones see more in the same time, by the faults that can be seeded.
    const OPERATIONS: usize;

    /// The operation table.
    const TABLE: &'static [Row<Self>];

    /// What operations find.
    type Setting: Setting;

    /// The kinds of what operations need and give.
    type Kind: Copy + Debug + PartialEq + 'static;

    /// The model and the code, as far as the operations have come.
    type State;

    /// The state before the first operation. A setting that was read from a file may say anything;
    /// what it says that cannot be is mended first, in the setting itself.
    fn begin(setting: &mut Self::Setting) -> Self::State;

    /// Whether there is room for one more operation.
    fn is_open(state: &Self::State) -> bool;

    /// Whether there is something of this kind to work on.
    fn has(state: &Self::State, kind: Self::Kind) -> bool;

    /// The module, the calls and the answers.
    fn draft(setting: &Self::Setting, state: Self::State) -> Draft;
}

/// A row of an operation table.
pub struct Row<F: Family> {
    /// Its name; a name that is an instruction's is that instruction.
    pub name: &'static str,
    /// How often it is drawn, relative to the others.
    pub weight: u32,
    /// What must be there; it may find none that fits all the same.
    pub needs: &'static [F::Kind],
    /// What is there after it, unless it trapped.
    pub gives: &'static [F::Kind],
    /// Chooses operands, changes the model, and emits the code; or gives `None`, having changed
    /// nothing.
    pub perform: fn(&mut F::State, &mut Choices<'_, '_>) -> Option<()>,
}

/// One operation of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number, which stays when others go: what it gives is named by it.
    pub id: u32,
    /// Its row in the table.
    pub row: usize,
    /// Its operands, see [`Choices`].
    pub choices: Vec<u32>,
}

/// A case: a setting, and the operations in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence<F: Family> {
    /// What the operations find.
    pub setting: F::Setting,
    /// The operations, in order.
    pub operations: Vec<Operation>,
}

impl<F: Family> Sequence<F> {
    /// Makes a case of at most these features, with its draft.
    ///
    /// # Errors
    ///
    /// When the bytes do not suffice for a setting. Operations take what is left.
    pub fn generate(u: &mut Unstructured<'_>, features: Features) -> Result<(Self, Draft)> {
        let mut setting = F::Setting::arbitrary(u, features)?;
        let mut state = F::begin(&mut setting);
        let count = u.int_in_range(F::OPERATIONS / 4..=F::OPERATIONS)? as u32;
        let total: u32 = F::TABLE.iter().map(|row| row.weight).sum();
        let mut operations = Vec::new();
        for id in 0..count {
            for _ in 0..TRIES {
                let row = drawn::<F>(u.int_in_range(0..=total - 1)?);
                let choices = Choices::from_bytes(id, u);
                if let Some(choices) = perform::<F>(&mut state, row, choices) {
                    operations.push(Operation { id, row, choices });
                    break;
                }
            }
        }
        let draft = F::draft(&setting, state);
        let sequence = Self {
            setting,
            operations,
        };
        Ok((sequence, draft))
    }

    /// Performs the operations. Gives the case as it could be performed, and its draft: operands
    /// that are gone are replaced, operations without operands left out, and the setting mended.
    pub fn perform(&self) -> (Self, Draft) {
        let (repaired, state) = self.play();
        let draft = F::draft(&repaired.setting, state);
        (repaired, draft)
    }

    /// As [`Sequence::perform`], with what there is at the end.
    pub(super) fn play(&self) -> (Self, F::State) {
        let mut setting = self.setting.clone();
        let mut state = F::begin(&mut setting);
        let mut operations = Vec::with_capacity(self.operations.len());
        for &Operation {
            id,
            row,
            ref choices,
        } in &self.operations
        {
            let choices = Choices::written(id, choices);
            if let Some(choices) = perform::<F>(&mut state, row, choices) {
                operations.push(Operation { id, row, choices });
            }
        }
        let repaired = Self {
            setting,
            operations,
        };
        (repaired, state)
    }

    /// The names of the operations, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let rows = self.operations.iter();
        rows.filter_map(|operation| Some(F::TABLE.get(operation.row)?.name))
    }
}

/// The row that a ticket below the sum of all weights draws.
fn drawn<F: Family>(mut ticket: u32) -> usize {
    for (number, row) in F::TABLE.iter().enumerate() {
        match ticket.checked_sub(row.weight) {
            Some(rest) => ticket = rest,
            None => return number,
        }
    }
    0
}

/// Performs one operation, and gives the choices that it made.
fn perform<F: Family>(
    state: &mut F::State,
    row: usize,
    mut choices: Choices<'_, '_>,
) -> Option<Vec<u32>> {
    let row = F::TABLE.get(row)?;
    if !F::is_open(state) || !row.needs.iter().all(|&kind| F::has(state, kind)) {
        return None;
    }
    (row.perform)(state, &mut choices)?;
    Some(choices.made())
}

impl<'a, F: Family> Arbitrary<'a> for Sequence<F> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::generate(u, Features::WASM3)?.0)
    }
}

/// A sequence in a file: operations by their names, so that a change of the table loses none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<S> {
    setting: S,
    operations: Vec<WrittenOperation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOperation {
    id: u32,
    name: String,
    choices: Vec<u32>,
}

impl<F: Family> Serialize for Sequence<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let written = |operation: &Operation| {
            Some(WrittenOperation {
                id: operation.id,
                name: F::TABLE.get(operation.row)?.name.to_owned(),
                choices: operation.choices.clone(),
            })
        };
        let operations = self.operations.iter().filter_map(written).collect();
        let setting = &self.setting;
        Written {
            setting,
            operations,
        }
        .serialize(serializer)
    }
}

impl<'de, F: Family> Deserialize<'de> for Sequence<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let written = Written::<F::Setting>::deserialize(deserializer)?;
        let operation = |written: WrittenOperation| {
            let row = F::TABLE.iter().position(|row| row.name == written.name);
            let row =
                row.ok_or_else(|| D::Error::custom(format!("no operation {:?}", written.name)))?;
            Ok(Operation {
                id: written.id,
                row,
                choices: written.choices,
            })
        };
        let operations = written.operations.into_iter().map(operation);
        Ok(Self {
            setting: written.setting,
            operations: operations.collect::<std::result::Result<_, _>>()?,
        })
    }
}
