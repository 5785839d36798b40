//! What stops a program that takes too much: a thread that watches the clock, and V8's own
//! complaint that its heap is nearly full.

use assay_engine::Resource;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

const NOTHING: u8 = 0;
const TIME: u8 = 1;
const MEMORY: u8 = 2;

/// The heap that a program may still take while it is being stopped: V8 ends the whole process
/// when even that is gone, and a single array can have 2 GiB.
const GRACE_BYTES: usize = 4 << 30;

thread_local! {
    /// The brake of the program that runs on this thread.
    static RUNNING: RefCell<Option<Arc<Brake>>> = const { RefCell::new(None) };
}

/// Stops the program that an isolate runs, and remembers why.
pub(crate) struct Brake {
    isolate: v8::IsolateHandle,
    cause: AtomicU8,
}

impl Brake {
    pub fn new(isolate: v8::IsolateHandle) -> Self {
        Self {
            isolate,
            cause: AtomicU8::new(NOTHING),
        }
    }

    fn pull(&self, cause: u8) {
        self.cause.store(cause, Ordering::SeqCst);
        self.isolate.terminate_execution();
    }

    /// Lets V8 run again, and says why it was stopped, if it was.
    pub fn release(&self) -> Option<Resource> {
        let cause = match self.cause.swap(NOTHING, Ordering::SeqCst) {
            TIME => Resource::Time,
            MEMORY => Resource::Memory,
            _ => return None,
        };
        self.isolate.cancel_terminate_execution();
        Some(cause)
    }
}

/// What V8 calls on the thread that runs when the heap is nearly full: gives the new limit.
extern "C" fn near_heap_limit(_: *mut std::ffi::c_void, limit: usize, _initial: usize) -> usize {
    RUNNING.with_borrow(|running| {
        if let Some(brake) = running {
            brake.pull(MEMORY);
        }
    });
    limit.saturating_add(GRACE_BYTES)
}

/// Has V8 report its heap.
pub(crate) fn watch_heap(isolate: &mut v8::Isolate) {
    isolate.add_near_heap_limit_callback(near_heap_limit, std::ptr::null_mut());
}

/// A thread that pulls the brake when a program has taken its time.
pub(crate) struct Watchdog {
    brake: Arc<Brake>,
    clock: Arc<Clock>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Clock {
    alarm: Mutex<Alarm>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarm {
    /// When to pull the brake, while something runs.
    deadline: Option<Instant>,
    /// Until when the thread sleeps; `None` until it is woken.
    asleep_until: Option<Instant>,
    closing: bool,
}

impl Clock {
    fn alarm(&self) -> MutexGuard<'_, Alarm> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchdog {
    pub fn new(brake: Arc<Brake>) -> Self {
        let clock = Arc::<Clock>::default();
        let thread = {
            let (brake, clock) = (Arc::clone(&brake), Arc::clone(&clock));
            std::thread::spawn(move || watch(&brake, &clock))
        };
        Self {
            brake,
            clock,
            thread: Some(thread),
        }
    }

    /// Begins to watch. The thread is woken only where it would sleep too long, which with equal
    /// limits is once for each limit's length, not once for each call.
    pub fn arm(&self, deadline: Instant) {
        RUNNING.set(Some(Arc::clone(&self.brake)));
        let mut alarm = self.clock.alarm();
        alarm.deadline = Some(deadline);
        if alarm.asleep_until.is_none_or(|until| until > deadline) {
            self.clock.changed.notify_one();
        }
    }

    /// Ends to watch, and says whether and why the brake was pulled.
    pub fn disarm(&self) -> Option<Resource> {
        self.clock.alarm().deadline = None;
        RUNNING.set(None);
        self.brake.release()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.clock.alarm().closing = true;
        self.clock.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the watchdog of V8 panicked");
        }
    }
}

/// The thread. It holds the lock while it pulls, so that no pull comes after [`Watchdog::disarm`].
fn watch(brake: &Brake, clock: &Clock) {
    let mut alarm = clock.alarm();
    while !alarm.closing {
        let now = Instant::now();
        if alarm.deadline.is_some_and(|deadline| deadline <= now) {
            alarm.deadline = None;
            brake.pull(TIME);
        }
        alarm.asleep_until = alarm.deadline;
        alarm = match alarm.deadline {
            None => clock
                .changed
                .wait(alarm)
                .unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let waited = clock.changed.wait_timeout(alarm, deadline - now);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}
