//! What every thread knows about running out of memory: how much it asked for, and what fails.
//!
//! Everything here runs inside the allocator or inside a signal handler. So there is no lock, no
//! allocation, no lazily made thread-local, and nothing that panics: cells in a thread-local that
//! is there from the beginning, and arithmetic that wraps.

use crate::flight::{Failure, Flight};
use crate::plan::{Plan, Resource, Rule};
use crate::sites::stack::{Stack, Start};
use crate::spares::{Spares, Treatment};
use crate::tape::Tape;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a request is, as the tape keeps it. Numbers from [`SYSTEM_CALL`] on are system calls.
pub(crate) const ALLOC: u32 = 0;
pub(crate) const ZEROED: u32 = 1;
pub(crate) const REALLOC: u32 = 2;
/// Added to the row of a system call in the table of `sys::calls`.
pub(crate) const SYSTEM_CALL: u32 = 16;

/// A thread's state.
pub(crate) struct Hook {
    /// Read by the kernel (System Call User Dispatch): 1 while system calls are intercepted.
    selector: AtomicU8,
    heap: Meter,
    mapping: Meter,
    bytes: Cell<i64>,
    blocks: Cell<i64>,
    mapped: Cell<i64>,
    flight: Cell<Option<&'static Flight>>,
    /// Where requests that are known to end badly are looked up.
    spares: Cell<Option<&'static Spares>>,
    /// Stacks are walked up to here: the address of the frame that began the operation.
    boundary: Cell<usize>,
}

/// Counts the requests for one resource, and decides.
pub(crate) struct Meter {
    seen: Cell<u64>,
    eligible: Cell<u64>,
    failed: Cell<u64>,
    /// How many would have failed, but are spared.
    spared: Cell<u64>,
    /// `seen` when the first one failed.
    first: Cell<u64>,
    /// Requests with a lower number are served without a closer look.
    from: Cell<u64>,
    /// Requests with this number or a higher one are served again.
    until: Cell<u64>,
    at_least: Cell<usize>,
    rule: Cell<Rule>,
    bytes_at_start: Cell<i64>,
    tape: Cell<Option<&'static Tape>>,
    stacks: Cell<Option<&'static Tape>>,
}

thread_local! {
    /// Whether anything is counted: the one branch of the allocator when nothing is going on. Alone,
    /// so that it is read without a call.
    static ON: Cell<bool> = const { Cell::new(false) };
    static HOOK: Hook = const { Hook::new() };
}

/// Whether anything is counted on this thread.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    ON.get()
}

/// Begins or ends counting on this thread, and says what was before.
pub(crate) fn set_on(on: bool) -> bool {
    ON.replace(on)
}

/// The state of this thread.
#[inline(always)]
pub(crate) fn with<R>(what: impl FnOnce(&Hook) -> R) -> R {
    HOOK.with(what)
}

impl Hook {
    const fn new() -> Self {
        Self {
            selector: AtomicU8::new(0),
            heap: Meter::new(),
            mapping: Meter::new(),
            bytes: Cell::new(0),
            blocks: Cell::new(0),
            mapped: Cell::new(0),
            flight: Cell::new(None),
            spares: Cell::new(None),
            boundary: Cell::new(usize::MAX),
        }
    }

    /// Live bytes, live blocks and mapped bytes since counting began.
    pub(crate) fn balance(&self) -> (i64, i64, i64) {
        (self.bytes.get(), self.blocks.get(), self.mapped.get())
    }

    pub(crate) fn clear_balance(&self) {
        self.bytes.set(0);
        self.blocks.set(0);
        self.mapped.set(0);
    }

    #[inline(always)]
    pub(crate) fn took(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().wrapping_add(bytes as i64));
        self.blocks.set(self.blocks.get().wrapping_add(1));
    }

    #[inline(always)]
    pub(crate) fn gave_back(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().wrapping_sub(bytes as i64));
        self.blocks.set(self.blocks.get().wrapping_sub(1));
    }

    #[inline(always)]
    pub(crate) fn resized(&self, old: usize, new: usize) {
        let grown = (new as i64).wrapping_sub(old as i64);
        self.bytes.set(self.bytes.get().wrapping_add(grown));
    }

    /// Virtual memory that came (positive) or went.
    pub(crate) fn mapped(&self, bytes: i64) {
        self.mapped.set(self.mapped.get().wrapping_add(bytes));
    }

    pub(crate) fn meter(&self, resource: Resource) -> &Meter {
        match resource {
            Resource::Heap => &self.heap,
            Resource::Mapping => &self.mapping,
        }
    }

    /// Where failures are written down as they happen.
    pub(crate) fn set_flight(&self, flight: Option<&'static Flight>) {
        self.flight.set(flight);
    }

    /// What plans leave alone from now on.
    pub(crate) fn set_spares(&self, spares: Option<&'static Spares>) {
        self.spares.set(spares);
    }

    pub(crate) fn boundary(&self) -> usize {
        self.boundary.get()
    }

    pub(crate) fn set_boundary(&self, boundary: usize) {
        self.boundary.set(boundary);
    }

    /// The byte that the kernel reads.
    pub(crate) fn selector(&self) -> &AtomicU8 {
        &self.selector
    }

    /// Intercepts this thread's system calls, or lets them be; says what was before.
    #[inline(always)]
    pub(crate) fn intercept(&self, on: bool) -> bool {
        let was = self.selector.load(Ordering::Relaxed) != 0;
        self.selector.store(u8::from(on), Ordering::Relaxed);
        was
    }

    /// Runs the inner allocator: its own system calls are not the subject's.
    #[inline(always)]
    pub(crate) fn inner<R>(&self, what: impl FnOnce() -> R) -> R {
        let was = self.intercept(false);
        let result = what();
        self.selector.store(u8::from(was), Ordering::Relaxed);
        result
    }

    /// Counts a request of the heap and says whether it must fail.
    #[inline(always)]
    pub(crate) fn heap_fails(&self, kind: u32, bytes: usize) -> bool {
        match self.heap.count(bytes) {
            None => false,
            Some(number) => self.consider(&self.heap, number, kind, bytes, Start::Here),
        }
    }

    /// Counts a system call and says whether it must fail.
    pub(crate) fn mapping_fails(&self, row: usize, bytes: usize, start: Start<'_>) -> bool {
        match self.mapping.count(bytes) {
            None => false,
            Some(number) => {
                let kind = SYSTEM_CALL.wrapping_add(row as u32);
                self.consider(&self.mapping, number, kind, bytes, start)
            }
        }
    }

    /// The closer look at a request that is recorded or may fail.
    #[cold]
    #[inline(never)]
    fn consider(
        &self,
        meter: &Meter,
        number: u64,
        kind: u32,
        bytes: usize,
        start: Start<'_>,
    ) -> bool {
        // Stacks begin at the caller of this frame, however the way from here to the walk is compiled.
        let here = 0u8;
        let here = std::hint::black_box(&raw const here) as usize;
        self.inner(|| {
            let tape = meter.tape.get();
            let failed = meter.failed.get();
            let strikes = meter.strikes(number, bytes, self.bytes.get());
            let flight = self.flight.get().filter(|_| failed < Flight::FAILURES);
            if !strikes && tape.is_none() {
                return false;
            }
            let site = meter.wanted_site();
            let spares = self.spares.get().filter(|_| strikes);
            let wanted = tape.is_some() || site.is_some() || flight.is_some() || spares.is_some();
            let end = self.boundary.get();
            let stack = wanted.then(|| match tape {
                Some(_) => Stack::walk_surely(start, here, end),
                None => Stack::walk(start, here, end),
            });
            if let (Some(tape), Some(stack)) = (tape, &stack) {
                tape.record(stack);
            }
            // A panic is a verdict of its own. What follows on its way out must not hide it.
            if !strikes
                || site.is_some_and(|site| !meter.is_site(site, stack.as_ref()))
                || std::thread::panicking()
            {
                return false;
            }
            let treatment = match (spares, &stack) {
                (Some(spares), Some(stack)) => spares.treatment(stack),
                _ => Treatment::Fails,
            };
            if treatment == Treatment::Spared {
                meter.spared.set(meter.spared.get().wrapping_add(1));
                return false;
            }
            let index = meter.seen.get().wrapping_sub(1);
            meter.failed.set(failed.wrapping_add(1));
            if failed == 0 {
                meter.first.set(index);
                meter.narrow(number);
            }
            if treatment == Treatment::Alone {
                meter.from.set(u64::MAX);
            }
            if let (Some(flight), Some(stack)) = (flight, &stack) {
                flight.failure(failed, &Failure::new(index, kind, bytes), stack);
            }
            true
        })
    }
}

impl Meter {
    const fn new() -> Self {
        Self {
            seen: Cell::new(0),
            eligible: Cell::new(0),
            failed: Cell::new(0),
            spared: Cell::new(0),
            first: Cell::new(0),
            from: Cell::new(u64::MAX),
            until: Cell::new(u64::MAX),
            at_least: Cell::new(0),
            rule: Cell::new(Rule::Never),
            bytes_at_start: Cell::new(0),
            tape: Cell::new(None),
            stacks: Cell::new(None),
        }
    }

    /// Counts a request. Its number, if it needs a closer look.
    #[inline(always)]
    fn count(&self, bytes: usize) -> Option<u64> {
        self.seen.set(self.seen.get().wrapping_add(1));
        if bytes < self.at_least.get() {
            return None;
        }
        let number = self.eligible.get();
        self.eligible.set(number.wrapping_add(1));
        if number < self.from.get() && self.tape.get().is_none() {
            return None;
        }
        Some(number)
    }

    /// Begins with `rule`, or with `None` serves everything; the numbers begin at 0 either way.
    pub(crate) fn arm(&self, plan: Option<&Plan>, bytes_now: i64) {
        let rule = plan.map_or(Rule::Never, |plan| plan.rule);
        let (from, until) = match rule {
            Rule::Never => (u64::MAX, u64::MAX),
            Rule::Nth(n) | Rule::Pair { first: n, .. } => (n, n.saturating_add(1)),
            Rule::StickyFrom(n) => (n, u64::MAX),
            Rule::Window { from, until } => (from, until),
            Rule::Random { .. } | Rule::LiveBytes(_) | Rule::Site(_) => (0, u64::MAX),
        };
        self.seen.set(0);
        self.eligible.set(0);
        self.failed.set(0);
        self.spared.set(0);
        self.first.set(0);
        self.from.set(from);
        self.until.set(until);
        self.at_least.set(plan.map_or(0, |plan| plan.at_least));
        self.rule.set(rule);
        self.bytes_at_start.set(bytes_now);
    }

    /// Serves everything from now on; the counts stay to be read.
    pub(crate) fn disarm(&self) {
        self.from.set(u64::MAX);
        self.until.set(u64::MAX);
        self.rule.set(Rule::Never);
        self.tape.set(None);
    }

    /// Records every request from now on.
    pub(crate) fn record(&self, tape: Option<&'static Tape>) {
        self.tape.set(tape);
    }

    /// The recorded stacks, by which `Rule::Site` knows a site.
    pub(crate) fn set_stacks(&self, stacks: Option<&'static Tape>) {
        self.stacks.set(stacks);
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen.get()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.get()
    }

    pub(crate) fn spared(&self) -> u64 {
        self.spared.get()
    }

    /// How many requests came after the first that failed.
    pub(crate) fn after(&self) -> u64 {
        match self.failed.get() {
            0 => 0,
            _ => self
                .seen
                .get()
                .wrapping_sub(self.first.get())
                .wrapping_sub(1),
        }
    }

    /// Whether the rule says that this request fails; `Site` asks for its stack as well.
    fn strikes(&self, number: u64, bytes: usize, live: i64) -> bool {
        if number < self.from.get() || number >= self.until.get() {
            return false;
        }
        match self.rule.get() {
            Rule::Never => false,
            Rule::Nth(_)
            | Rule::StickyFrom(_)
            | Rule::Window { .. }
            | Rule::Pair { .. }
            | Rule::Site(_) => true,
            Rule::Random { seed, per_million } => {
                mix(seed ^ mix(number)) % 1_000_000 < u64::from(per_million)
            }
            Rule::LiveBytes(cap) => {
                let live = live.wrapping_sub(self.bytes_at_start.get());
                let wanted = live.max(0).unsigned_abs().saturating_add(bytes as u64);
                wanted > cap
            }
        }
    }

    fn wanted_site(&self) -> Option<u64> {
        match self.rule.get() {
            Rule::Site(site) => Some(site),
            _ => None,
        }
    }

    fn is_site(&self, site: u64, stack: Option<&Stack>) -> bool {
        let known = self.stacks.get().zip(stack);
        known.and_then(|(tape, stack)| tape.site(stack.hash())) == Some(site)
    }

    /// After the first failure: where the rule looks next.
    fn narrow(&self, number: u64) {
        match self.rule.get() {
            Rule::Pair { gap, .. } => {
                let second = number.saturating_add(1).saturating_add(gap);
                self.from.set(second);
                self.until.set(second.saturating_add(1));
            }
            Rule::Nth(_) | Rule::Site(_) => self.from.set(u64::MAX),
            _ => {}
        }
    }
}

/// The name of a kind of request.
pub(crate) fn kind_name(kind: u32) -> &'static str {
    let call = kind.checked_sub(SYSTEM_CALL).map(|row| row as usize);
    match (kind, call.and_then(|row| crate::sys::calls::CALLS.get(row))) {
        (ALLOC, _) => "alloc",
        (ZEROED, _) => "alloc_zeroed",
        (REALLOC, _) => "realloc",
        (_, Some(call)) => call.name,
        (_, None) => "unknown",
    }
}

/// A bijection that spreads (splitmix64).
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
