//! The generator `single_op`: modules of a few functions, each of which exercises one operator.
//!
//! A table lists every operator with what it takes to exercise it (see [`operators`]); `ops` holds
//! the table, a file per family. For each operator picked there are functions that take the
//! operands as parameters and functions that have them as constants, and calls that mostly pass
//! boundary values.

mod bare;
mod body;
mod boundary;
mod ops;
mod pool;
mod row;
mod sweep;
#[cfg(test)]
mod tests;
mod world;

pub use bare::{bare, bare_operators, probe};

use crate::calls::choose_host;
use crate::draft::{Draft, DraftCall, telling};
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Value};
use assay_module::Info;
use body::{Body, Exercise, Style};
use ops::{
    access, arrays, bulk, calls, casts, control, exceptions, numeric, refs, simd, structs, tables,
};
use row::{Row, Shape};
use world::World;

/// Operators that belong together.
struct Family {
    /// How often one of them is picked, against the other families.
    weight: u32,
    rows: &'static [Row],
}

/// All operators. The weights make up for families of few rows that are rich in behaviour.
static FAMILIES: &[Family] = &[
    Family {
        weight: 8,
        rows: numeric::INTEGER,
    },
    Family {
        weight: 6,
        rows: numeric::FLOAT,
    },
    Family {
        weight: 6,
        rows: numeric::CONVERSION,
    },
    Family {
        weight: 2,
        rows: numeric::WIDE,
    },
    Family {
        weight: 16,
        rows: simd::ARITHMETIC,
    },
    Family {
        weight: 3,
        rows: simd::LANES,
    },
    Family {
        weight: 1,
        rows: simd::OTHER,
    },
    Family {
        weight: 3,
        rows: simd::RELAXED,
    },
    Family {
        weight: 8,
        rows: access::SCALAR,
    },
    Family {
        weight: 3,
        rows: access::VECTOR,
    },
    Family {
        weight: 3,
        rows: access::VECTOR_LANE,
    },
    Family {
        weight: 8,
        rows: access::ATOMIC,
    },
    Family {
        weight: 1,
        rows: access::ATOMIC_OTHER,
    },
    Family {
        weight: 6,
        rows: control::CONTROL,
    },
    Family {
        weight: 3,
        rows: control::VARIABLE,
    },
    Family {
        weight: 6,
        rows: calls::CALL,
    },
    Family {
        weight: 4,
        rows: bulk::MEMORY,
    },
    Family {
        weight: 6,
        rows: tables::TABLE,
    },
    Family {
        weight: 6,
        rows: refs::REFERENCE,
    },
    Family {
        weight: 6,
        rows: casts::CAST,
    },
    Family {
        weight: 6,
        rows: structs::STRUCT,
    },
    Family {
        weight: 9,
        rows: arrays::ARRAY,
    },
    Family {
        weight: 6,
        rows: exceptions::EXCEPTION,
    },
];

/// Proposals whose operators are not exercised, as `wasmparser` names them, and why.
pub const EXCLUDED_PROPOSALS: &[(&str, &str)] = &[
    (
        "custom_descriptors",
        "not yet standard, and none of the features that engines agree on",
    ),
    (
        "legacy_exceptions",
        "replaced by `try_table`, which is exercised",
    ),
    ("memory_control", "an experiment without a specification"),
    (
        "shared_everything_threads",
        "not yet standard, and none of the features that engines agree on",
    ),
    (
        "stack_switching",
        "not yet standard, and none of the features that engines agree on",
    ),
];

/// Single operators that are not exercised though their proposal is, and why.
pub const EXCLUDED_OPERATORS: &[(&str, &str)] = &[(
    "TypedSelectMulti",
    "valid for no number of types but one, which is `TypedSelect`",
)];

/// Every operator that is exercised, as `wasmparser::Operator` names it, with the features that
/// it needs.
pub fn operators() -> impl Iterator<Item = (&'static str, Features)> {
    FAMILIES
        .iter()
        .flat_map(|family| family.rows)
        .map(|row| (row.name, row.features))
}

/// The least and the greatest number of calls.
const CALLS: std::ops::RangeInclusive<usize> = 30..=38;

/// Generates a module with these features, and calls of it.
///
/// # Errors
///
/// Where the bytes cannot be interpreted; running out of them is no error.
pub fn generate(u: &mut Unstructured<'_>, features: Features) -> Result<Draft> {
    let features = features.without_orphans();
    let mut world = World::new(u, features)?;
    let mut exercises = Vec::new();
    for _ in 0..2 {
        let row = pick(u, features)?;
        let second = *u.choose(&[Style::Constants, Style::Mixed, Style::Sweep])?;
        for style in [Style::Parameters, second] {
            let number = exercises.len();
            exercises.push(exercise(&mut world, u, row, style, number)?);
        }
    }
    let calls = calls(u, &exercises)?;
    let mut draft = Draft {
        wasm: world.finish(),
        calls,
        features,
        fuse: u.ratio(3, 4)?,
        state: telling(u)?,
        ..Draft::default()
    };
    if let Ok(info) = Info::read(&draft.wasm) {
        choose_host(u, &info, &mut draft)?;
        draft.info = Some(info);
    }
    Ok(draft)
}

/// Picks an operator: a family by its weight, then any of its rows.
fn pick(u: &mut Unstructured<'_>, features: Features) -> Result<&'static Row> {
    let allowed = |row: &&Row| features.contains(row.features);
    let families = || {
        FAMILIES
            .iter()
            .filter(|family| family.rows.iter().any(|row| allowed(&row)))
    };
    let total: u32 = families().map(|family| family.weight).sum();
    let mut ticket = u.int_in_range(0..=total - 1)?;
    let mut rows: Vec<&Row> = Vec::new();
    for family in families() {
        if ticket < family.weight {
            rows = family.rows.iter().filter(allowed).collect();
            break;
        }
        ticket -= family.weight;
    }
    u.choose(&rows).copied()
}

/// Adds the function that exercises an operator.
fn exercise(
    world: &mut World,
    u: &mut Unstructured<'_>,
    row: &Row,
    style: Style,
    number: usize,
) -> Result<Exercise> {
    let mut b = Body::new(world, u, style);
    match &row.shape {
        Shape::Plain(instruction, params, results) if style == Style::Sweep => {
            sweep::build(&mut b, instruction, params, results)?;
        }
        Shape::Plain(instruction, params, results) => {
            for &pool in *params {
                b.take(pool)?;
            }
            b.op(instruction.clone());
            b.results(results);
        }
        Shape::Lane(make, lanes, params, results) => {
            for &pool in *params {
                b.take(pool)?;
            }
            let lane = b.u.int_in_range(0..=lanes - 1)?;
            b.op(make(lane));
            b.results(results);
        }
        Shape::Access(access, params, results) => access::build(&mut b, access, params, results)?,
        Shape::Build(build) => build(&mut b)?,
    }
    Ok(b.finish(format!("{}/{number}", row.name)))
}

/// Calls every function once, in order, and some of them again.
fn calls(u: &mut Unstructured<'_>, exercises: &[Exercise]) -> Result<Vec<DraftCall>> {
    let mut calls = Vec::new();
    for exercise in exercises {
        calls.push(call(u, exercise)?);
    }
    let count = u.int_in_range(*CALLS.start().max(&calls.len())..=*CALLS.end())?;
    // Functions without parameters do little that is new the second time.
    let again: Vec<&Exercise> = exercises.iter().filter(|e| !e.params.is_empty()).collect();
    while calls.len() < count {
        let exercise = if again.is_empty() {
            u.choose(exercises)?
        } else {
            *u.choose(&again)?
        };
        calls.push(call(u, exercise)?);
    }
    Ok(calls)
}

/// One call. An argument is sometimes the one before it again, for comparisons and exchanges.
fn call(u: &mut Unstructured<'_>, exercise: &Exercise) -> Result<DraftCall> {
    let mut args: Vec<Value> = Vec::new();
    for (i, pool) in exercise.params.iter().enumerate() {
        let repeats = i > 0 && exercise.params[i - 1].repeats_in(*pool) && u.ratio(1, 6)?;
        args.push(if repeats { args[i - 1] } else { pool.draw(u)? });
    }
    Ok(DraftCall {
        export: exercise.export.clone(),
        args,
    })
}
