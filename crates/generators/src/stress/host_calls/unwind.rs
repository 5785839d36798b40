//! Where execution goes: into calls, and out of them with results, exceptions and traps.

use super::values::fresh;
use super::world::{DIGEST, Entry, Frame, Guard, Held, Site, World};
use crate::stress::exception_ops::value::{Datum, Ty, seen};
use crate::stress::naming::{distinct, name};
use assay_engine::{OnFailure, Outcome, Traps, Value};
use wasm_encoder::{BlockType, Catch};

/// The tag, where there are exceptions.
pub const TAG: u32 = 0;

impl World {
    /// Opens what is around a call; the call itself follows.
    pub fn open(&mut self, site: Site) {
        let landing = BlockType::FunctionType(self.landing_type());
        let mut f = self.sink();
        match site.guard {
            Guard::None => {}
            Guard::Tag => {
                let catch = Catch::One { tag: TAG, label: 0 };
                f.block(BlockType::Empty)
                    .block(landing)
                    .try_table(BlockType::Empty, [catch]);
            }
            Guard::All => {
                let catch = Catch::All { label: 0 };
                f.block(BlockType::Empty)
                    .block(BlockType::Empty)
                    .try_table(BlockType::Empty, [catch]);
            }
        }
        self.frame().site = Some(site);
    }

    /// The call has returned, and its results are on the stack.
    pub fn close_returned(&mut self, values: &[Datum]) {
        let Some(site) = self.frame().site.take() else {
            return;
        };
        let results = site.results.iter().zip(values).enumerate().rev();
        let kept: Vec<Held> = results
            .map(|(place, (&ty, &datum))| self.keep(name(site.id, 16 + place as u32), ty, datum))
            .collect();
        let mut f = self.sink();
        if site.guard != Guard::None {
            f.end().br(1).end().unreachable().end();
        }
        self.note_all(&kept);
    }

    /// The call has thrown, and its guard catches that.
    fn close_threw(&mut self, site: &Site, payload: &[Datum]) {
        self.sink().unreachable().end().br(1).end();
        let fields = match site.guard {
            Guard::Tag => self.setting.fields.clone(),
            Guard::None | Guard::All => Vec::new(),
        };
        let pairs = fields.iter().zip(payload).enumerate().rev();
        let kept: Vec<Held> = pairs
            .map(|(place, (&ty, &datum))| self.keep(name(site.id, 32 + place as u32), ty, datum))
            .collect();
        self.sink().end();
        self.note_all(&kept);
    }

    /// Takes away a function that comes to its end here.
    pub fn leave(&mut self) -> Option<Frame> {
        let mut frame = self.frames.pop()?;
        let function = &mut self.functions[frame.function as usize];
        function.body = std::mem::take(&mut frame.body);
        Some(frame)
    }

    /// Takes away a function that does not come to its end.
    fn abandon(&mut self) -> Option<Frame> {
        let frame = self.frames.last_mut()?;
        let mut f = frame.body.sink();
        f.unreachable();
        if frame
            .site
            .as_ref()
            .is_some_and(|it| it.guard != Guard::None)
        {
            f.end().br(1).end().unreachable().end().unreachable();
        }
        self.leave()
    }

    /// The innermost function returns.
    pub fn finish_one(&mut self) {
        self.note_held();
        let entry = self.frame().entry.clone();
        let mut results = Vec::new();
        if matches!(entry, Entry::Export | Entry::Callback { .. }) {
            self.sink().global_get(DIGEST);
            let behind = self.setting.results.clone();
            let plain = (0..).zip(&behind);
            let plain = plain
                .map(|(place, &ty)| fresh(ty, distinct(u32::from(u8::MAX), place), false, false));
            let plain: Vec<_> = plain.collect();
            self.push_all(&plain);
            let data: Vec<Datum> = plain.iter().map(|operand| operand.datum).collect();
            results = seen(&behind, &data);
            results.insert(0, Value::I64(self.digest));
        }
        let Some(frame) = self.leave() else { return };
        match entry {
            Entry::Start => {
                self.start = Some(frame.function);
                self.begin_call();
            }
            Entry::Export => self.over(frame.function, Outcome::Returned(results)),
            Entry::Call => self.close_returned(&[]),
            Entry::Callback { values, .. } => {
                self.host.ascend();
                self.close_returned(&values);
            }
        }
    }

    /// A call of the case is over.
    fn over(&mut self, function: u32, outcome: Outcome) {
        self.told = matches!(outcome, Outcome::Returned(_));
        self.calls.push((function, outcome));
        if self.has_room_for_call() {
            self.begin_call();
        }
    }

    /// An exception arises in the innermost function.
    pub fn threw(&mut self, payload: &[Datum]) {
        loop {
            let site = self.frame().site.take_if(|it| it.guard != Guard::None);
            if let Some(site) = site {
                self.hit(
                    "guard",
                    if site.guard == Guard::Tag {
                        "catches the tag"
                    } else {
                        "catches all"
                    },
                );
                return self.close_threw(&site, payload);
            }
            let Some(frame) = self.abandon() else { return };
            match frame.entry {
                Entry::Call => {}
                Entry::Callback { failure, values } => {
                    self.host.ascend();
                    self.hit("exception of a callee", of_failure(failure));
                    if failure == OnFailure::Swallow {
                        return self.close_returned(&values);
                    }
                }
                // The start function throws nothing.
                Entry::Export | Entry::Start => {
                    let payload = seen(&self.setting.fields, payload);
                    self.hit("exception", "leaves the call");
                    let tag = Some(TAG);
                    return self.over(frame.function, Outcome::Threw { tag, payload });
                }
            }
        }
    }

    /// What runs traps.
    pub fn trapped(&mut self, traps: Traps) {
        loop {
            let Some(frame) = self.abandon() else { return };
            let guarded = frame.site.as_ref();
            if guarded.is_some_and(|site| site.guard == Guard::All) {
                self.hit("guard", "a trap goes by");
            }
            match frame.entry {
                Entry::Call => {}
                Entry::Callback { failure, values } => {
                    self.host.ascend();
                    self.hit("trap of a callee", of_failure(failure));
                    if failure == OnFailure::Swallow {
                        return self.close_returned(&values);
                    }
                }
                // The start function does not trap.
                Entry::Export | Entry::Start => {
                    return self.over(frame.function, Outcome::Trapped(traps));
                }
            }
        }
    }

    /// Whether the current call has not done anything yet.
    pub fn is_idle(&self) -> bool {
        match self.frames.as_slice() {
            [] => true,
            [frame] => matches!(frame.entry, Entry::Export) && frame.body.code.is_empty(),
            _ => false,
        }
    }

    /// Ends all that runs in the current call, by its way.
    pub fn finish_call(&mut self) {
        let calls = self.calls.len();
        self.frame();
        while self.calls.len() == calls && !self.frames.is_empty() {
            self.finish_one();
        }
    }

    /// Brings what runs to its end, and adds a call that tells the digest, unless the last one does.
    pub fn end_all(&mut self) {
        if !self.is_idle() {
            self.finish_call();
        }
        if !self.told {
            self.finish_call();
        }
        // The call that would be the next has no code.
        if self.is_idle() && !self.frames.is_empty() {
            self.frames.clear();
            self.functions.pop();
        }
    }

    /// The corners of the types of a function of the host's.
    pub fn corners_of_types(&mut self, params: &[Ty], results: &[Ty]) {
        let has = |ty: Ty| params.contains(&ty) || results.contains(&ty);
        let all = [
            (params.len() > 8, "more than eight parameters"),
            (results.len() > 4, "more than four results"),
            (params.is_empty() && results.is_empty(), "no values"),
            (has(Ty::V128), "a vector"),
            (has(Ty::F32) || has(Ty::F64), "floats"),
            (has(Ty::Extern), "a reference of the host's"),
            (has(Ty::Func), "a function"),
            (has(Ty::I31) || has(Ty::Struct), "an object"),
        ];
        for (holds, case) in all {
            if holds {
                self.hit("signature", case);
            }
        }
    }
}

/// The name of what the host does with a callee that fails.
fn of_failure(failure: OnFailure) -> &'static str {
    match failure {
        OnFailure::Onward => "goes on",
        OnFailure::Swallow => "is swallowed",
        OnFailure::Again => "is let go of again",
    }
}
