//! Calls of a second instance, and what becomes of exceptions that come up to it.

use super::super::neighbour::{Deed, Handler};
use super::super::operand::{Operand, data};
use super::super::value::{Datum, Ty};
use super::super::world::{Entry, Sig, World};
use super::places::{datum, exception, number};
use crate::stress::Choices;
use assay_engine::Trap;

/// One of the neighbour's functions that fits.
fn deed(w: &World, c: &mut Choices<'_, '_>, fits: impl Fn(Deed) -> bool) -> Option<(u32, Deed)> {
    let numbered = (0..).zip(w.setting.neighbour.iter().copied());
    let all: Vec<(u32, Deed)> = numbered.filter(|(_, deed)| fits(*deed)).collect();
    c.one_of(&all)
}

/// Emits a call.
fn call(w: &mut World, number: u32) {
    let function = w.neighbour_index(number);
    w.sink().call(function);
}

/// It throws what it is given, or what it keeps.
pub fn throws(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = |deed| matches!(deed, Deed::Throw { .. } | Deed::ThrowKept);
    let (number, deed) = deed(w, c, fits)?;
    if deed == Deed::ThrowKept {
        return throws_kept(w, c, number);
    }
    let like = deed.tag()?;
    let tag = deed.tags(&w.setting).first().copied()?;
    let operands = w.operands(c, &w.setting.fields(like));
    w.push_all(&operands);
    call(w, number);
    w.sink().unreachable();
    w.hit(
        "neighbour",
        match (w.is_own(tag), deed) {
            (true, _) => "throws a tag of its own",
            (_, Deed::Throw { decoy: true, .. }) => "throws by a decoy",
            _ => "throws a tag that it shares",
        },
    );
    if w.is_own(tag) && w.is_caught_by_tag(like) {
        w.hit("neighbour", "throws by a decoy of the main module's");
    }
    let exception = w.exception(tag, data(&operands));
    w.throws(c.id(), exception, 1);
    Some(())
}

/// It throws the exception that it keeps; without any it traps.
fn throws_kept(w: &mut World, c: &mut Choices<'_, '_>, number: u32) -> Option<()> {
    if w.neighbour_keeps.is_none() && w.is_starting() {
        return None;
    }
    call(w, number);
    w.sink().unreachable();
    w.is_once();
    match w.neighbour_keeps {
        Some(exception) => {
            w.rethrown.push(exception);
            w.hit("neighbour", "throws what it has kept");
            w.throws(c.id(), exception, 1);
        }
        None => w.trapped(Trap::NullReference.into()),
    }
    Some(())
}

/// It is given an exception to keep, or gives the one that it keeps.
pub fn keeps(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let gives = w.neighbour_keeps.is_some();
    let fits = |deed| match deed {
        Deed::Keep => true,
        Deed::Give => gives,
        _ => false,
    };
    let (number_of, deed) = deed(w, c, fits)?;
    if deed == Deed::Keep {
        let operand = exception(w, c)?;
        w.push(&operand);
        w.neighbour_keeps = number(operand.datum);
    }
    call(w, number_of);
    w.is_once();
    if deed == Deed::Give {
        w.keep(c.id(), Ty::Exn, datum(w.neighbour_keeps));
        w.hit("neighbour", "gives what it has kept");
    }
    Some(())
}

/// It calls a new function of the main module, and code goes on in there.
pub fn calls_back(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, _) = deed(w, c, |deed| matches!(deed, Deed::Call { .. }))?;
    let operand: Operand = w.operand(c, Ty::Extern, 0);
    let function = w.function(Sig::Own(0), vec![operand.datum]);
    w.push(&operand);
    let index = w.index(function);
    w.referred.insert(function);
    w.sink().ref_func(index);
    call(w, number);
    w.enter(c.id(), Entry::Neighbour(number), function, Vec::new());
    Some(())
}

impl World {
    /// Whether a tag is one of the neighbour's own.
    pub fn is_own(&self, tag: u32) -> bool {
        tag >= self.setting.tags.len() as u32
    }

    /// Whether one of the neighbour's functions lets no exception of its callee go on.
    pub fn neighbour_keeps_all(&self, deed: u32) -> bool {
        let keeps = |deed: &Deed| matches!(deed, Deed::Call { .. }) && deed.takes();
        self.setting.neighbour.get(deed as usize).is_some_and(keeps)
    }

    /// What one of the neighbour's functions makes of an exception that comes up to it: the one that
    /// goes on, or none where it returns.
    pub fn at_neighbour(&mut self, deed: u32, exception: u32) -> Option<u32> {
        let deed = self.setting.neighbour.get(deed as usize).copied();
        let Some(Deed::Call { handler, tag }) = deed else {
            return Some(exception);
        };
        let thrown = self.exceptions[exception as usize].clone();
        let is_seen = self.setting.are_same(thrown.tag, self.setting.seen(tag));
        let catches = handler.catches_all() || (handler.has_tag() && is_seen);
        if !catches {
            self.hit_all(&[
                (handler.has_tag(), ("neighbour", "its handler does not fit")),
                (
                    handler == Handler::None,
                    ("neighbour", "an exception goes through"),
                ),
                (
                    handler == Handler::Tail,
                    ("neighbour", "it has made a tail call"),
                ),
            ]);
            return Some(exception);
        }
        match handler {
            Handler::ThrowAgain => {
                self.hit("neighbour", "throws what it has caught again");
                Some(self.exception(thrown.tag, thrown.payload))
            }
            Handler::ThrowOwn => {
                self.hit("neighbour", "throws another tag");
                let own = self.setting.own(tag);
                Some(self.exception(own, thrown.payload))
            }
            Handler::Keep => {
                self.hit("neighbour", "keeps what it has caught");
                self.is_once();
                self.neighbour_keeps = Some(exception);
                None
            }
            _ => {
                self.hit("neighbour", "lets go what it has caught");
                self.rethrown.push(exception);
                Some(exception)
            }
        }
    }

    /// One of the neighbour's functions returns, with results that say nothing.
    pub fn returns_plain(&mut self, id: u32) {
        let types = self.setting.all_results();
        let values: Vec<Datum> = types.iter().map(|&ty| Datum::of(ty, 0)).collect();
        self.take(id, &types, &values);
    }

    /// Whether a clause for this tag, and not for all, would catch it where code is.
    fn is_caught_by_tag(&self, tag: u32) -> bool {
        let scopes = self.frames.iter().flat_map(|frame| &frame.scopes);
        let mut clauses = scopes.filter(|it| it.in_body).flat_map(|it| &it.clauses);
        clauses.any(|it| it.has_tag() && self.setting.are_same(it.tag, tag))
    }
}
