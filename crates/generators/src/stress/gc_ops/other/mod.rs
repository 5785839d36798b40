//! A second instance in the same store, whose objects the main one uses, and the other way round.
//!
//! Its module declares types that the main module has as well, in another order and with others between
//! them, so that an engine knows them as the same only by their structure. It has a global and a table of
//! its own, of which the main module imports the table, and a function for each [`Task`] that operations
//! have for it. A third instance may have put objects into that table. Nothing refers to it or to its module
//! when the main one runs, so that its objects outlive it where an engine gives up such instances.

mod declared;
mod module;
mod task;

pub use module::{FUNCTIONS, GONE_LENGTH, MODULE, TABLE, modules, table};
pub use task::Task;

#[cfg(test)]
pub(super) use declared::Declared;

use super::corners::OTHER;
use super::matching::Types;
use super::model::Ref;
use super::setting::TABLE_LENGTH;
use super::types::{Heap, Hierarchy, RefTy};
use super::world::{Place, World};
use arbitrary::{Result, Unstructured};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a setting says of it. Plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// How many of its functions the main module can import.
    pub functions: u32,
    /// What its global holds.
    pub global: Heap,
    /// What its table holds.
    pub table: Heap,
    /// Which of the groups that can be declared next comes next; 0 keeps them in order.
    pub order: u32,
    /// Whether there is a type of its own before each group.
    pub pads: bool,
    /// The types of the objects that the third instance puts into the table; without any there is none.
    pub gone: Vec<u32>,
}

impl Other {
    /// One that knows of so many types.
    pub fn arbitrary(u: &mut Unstructured<'_>, types: u32) -> Result<Self> {
        let heap = |u: &mut Unstructured<'_>| {
            Ok(match u.int_in_range(0..=3)? {
                0 => Heap::Any,
                1 => Heap::Struct,
                _ => Heap::Type(u.int_in_range(0..=types.saturating_sub(1))?),
            })
        };
        let (global, table) = (heap(u)?, heap(u)?);
        let gone = if u.ratio(1, 3)? {
            let ty = |_| u.int_in_range(0..=types.saturating_sub(1));
            (0..3).map(ty).collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Self {
            functions: u.int_in_range(2..=6)?,
            global,
            table,
            order: u.int_in_range(0..=5)?,
            pads: u.ratio(1, 2)?,
            gone,
        })
    }

    /// Brings it to what there is.
    pub fn mend(&mut self, types: &Types) {
        for heap in [&mut self.global, &mut self.table] {
            if matches!(*heap, Heap::Type(ty) if ty >= types.len())
                || types.hierarchy(*heap) != Hierarchy::Any
            {
                *heap = Heap::Any;
            }
        }
        self.functions = self.functions.min(8);
        self.order = self.order.min(32);
        let table = self.table;
        self.gone
            .retain(|&ty| types.is_defaultable(ty) && types.is_below(Heap::Type(ty), table));
        self.gone.truncate(TABLE_LENGTH as usize);
    }

    /// How much there is to it.
    pub fn size(&self) -> usize {
        4 + self.functions as usize
            + self.gone.len()
            + self.order as usize
            + usize::from(self.pads)
            + usize::from(self.global != Heap::Any)
            + usize::from(self.table != Heap::Any)
    }

    /// The same without one of the things in it.
    pub fn simpler(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut simpler = self.clone();
            change(&mut simpler);
            simpler
        };
        vec![
            with(&|it| it.gone.clear()),
            with(&|it| _ = it.gone.pop()),
            with(&|it| it.functions = 1),
            with(&|it| it.functions = it.functions.saturating_sub(1)),
            with(&|it| it.order = 0),
            with(&|it| it.pads = false),
            with(&|it| it.global = Heap::Any),
            with(&|it| it.table = Heap::Any),
        ]
    }
}

/// What the model knows of it. Its table is the first of the main module's.
#[derive(Clone, Debug)]
pub struct State {
    /// What the setting says.
    pub setting: Other,
    /// Its global.
    pub global: Place,
    /// What it has functions for, in the order in which the main module imports them.
    pub tasks: Vec<Task>,
    /// The objects that it, or the third instance, has made, by their numbers.
    pub made: BTreeSet<u32>,
}

impl World {
    /// Adds the second instance, before there is any other table.
    pub(super) fn add_other(&mut self, setting: &Other) {
        let mut values = vec![Ref::Null; TABLE_LENGTH as usize];
        let mut made = BTreeSet::new();
        for (slot, &ty) in values.iter_mut().zip(&setting.gone) {
            *slot = self.default_object(ty);
            made.extend(slot.object());
            self.meet(OTHER, "is gone, and what it made is not");
        }
        self.tables.insert(
            0,
            Place {
                heap: setting.table,
                values,
            },
        );
        self.other = Some(State {
            setting: setting.clone(),
            global: Place {
                heap: setting.global,
                values: vec![Ref::Null],
            },
            tasks: Vec::new(),
            made,
        });
    }

    /// How many functions of the other instance are imported, or could be.
    pub fn imported(&self) -> u32 {
        self.other.as_ref().map_or(0, |it| it.setting.functions)
    }

    /// Whether the other instance can be asked for this: it has a function for it, or can have one.
    pub fn can_ask(&self, task: Task) -> bool {
        let task = task.canonical(&self.types);
        self.other.as_ref().is_some_and(|other| {
            other.tasks.len() < other.setting.functions as usize || other.tasks.contains(&task)
        })
    }

    /// Calls the function of the other instance for this, once there is one.
    pub fn ask(&mut self, task: Task) {
        let task = task.canonical(&self.types);
        let first = self.first_imported();
        let Some(other) = &mut self.other else { return };
        let known = other.tasks.iter().position(|it| *it == task);
        let place = known.unwrap_or_else(|| {
            other.tasks.push(task);
            other.tasks.len() - 1
        });
        self.sink().call(first + place as u32);
    }

    /// Whether an object was made by another instance than the main one.
    pub fn is_foreign(&self, reference: Ref) -> bool {
        let made = self.other.as_ref().map(|it| &it.made);
        made.zip(reference.object())
            .is_some_and(|(made, object)| made.contains(&object))
    }

    /// Whether an object is not of a type, but of one that is nearly the same.
    pub fn nearly(&self, reference: Ref, ty: RefTy) -> bool {
        match (self.objects.get(reference), ty.heap) {
            (Some(object), Heap::Type(ty)) => self.types.are_nearly_the_same(object.ty, ty),
            _ => false,
        }
    }
}
