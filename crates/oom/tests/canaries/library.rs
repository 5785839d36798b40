//! A small library that runs out of memory well, unless it is told to make a mistake.

use std::collections::TryReserveError;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    None,
    /// A push where a reservation could have failed.
    InfalliblePush,
    /// The entry that was begun stays.
    LostRollback,
    /// A table that all registries share stays half written.
    BrokenForGood,
    /// The lock that all registries share says for ever that it is poisoned.
    PoisonedLock,
    /// The lock is never given back.
    DeadLock,
    /// The name is forgotten, not freed.
    LeakOnError,
    /// A file stays open.
    DescriptorLeak,
    /// What was registered is registered again, and one registration is never undone.
    DoubleRegistration,
    /// Less is done, and success is told.
    SwallowedError,
    /// Another error.
    WrongError,
    /// A fallback that nobody listed.
    UnlistedFallback,
    /// An unwrap.
    UnwrapOnError,
    /// An unwrap while an error is being handled.
    UnwrapOnSecond,
    /// The null pointer is written to.
    NullWritten,
    /// Waits until there is memory.
    WaitsForEver,
    /// Takes another way in another process.
    AnotherWay,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    OutOfMemory,
    Small,
    Guess,
    NotFound,
}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

static REGISTRATIONS: AtomicI64 = AtomicI64::new(0);
static SHARED: AtomicU64 = AtomicU64::new(7);
static LOCKED: AtomicBool = AtomicBool::new(false);
static POISONED: AtomicBool = AtomicBool::new(false);

/// How many registrations are not undone.
pub fn registrations() -> i64 {
    REGISTRATIONS.load(SeqCst)
}

pub struct Registry {
    mistake: Mistake,
    shared: u64,
    entries: Vec<u64>,
    names: Vec<Box<[u8]>>,
    begun: bool,
}

fn copy(text: &str) -> Result<Vec<u8>, Error> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(text.len())?;
    copy.extend_from_slice(text.as_bytes());
    Ok(copy)
}

impl Registry {
    pub fn new(mistake: Mistake) -> Self {
        Self {
            mistake,
            shared: 0,
            entries: Vec::new(),
            names: Vec::new(),
            begun: false,
        }
    }

    pub fn is_whole(&self) -> bool {
        !self.begun
    }

    /// Adds a name with its numbers, and gives all the numbers.
    #[inline(never)]
    pub fn add(&mut self, name: &str) -> Result<Vec<u64>, Error> {
        if self.mistake == Mistake::AnotherWay {
            self.another_way()?;
        }
        while LOCKED.load(SeqCst) {
            std::hint::spin_loop();
        }
        if POISONED.load(SeqCst) {
            return Err(Error::NotFound);
        }
        self.begun = true;
        self.shared = SHARED.swap(0, SeqCst);
        REGISTRATIONS.fetch_add(1, SeqCst);
        let result = self.add_parts(name);
        REGISTRATIONS.fetch_sub(1, SeqCst);
        if result.is_err() {
            self.roll_back()?;
        }
        if result.is_ok() || self.mistake != Mistake::BrokenForGood {
            SHARED.store(7, SeqCst);
        }
        result
    }

    fn add_parts(&mut self, name: &str) -> Result<Vec<u64>, Error> {
        let name = copy(name)?;
        if let Err(error) = self.names.try_reserve(1) {
            match self.mistake {
                Mistake::LeakOnError => std::mem::forget(name),
                Mistake::DescriptorLeak => open_a_file(),
                _ => {}
            }
            return Err(error.into());
        }
        self.names.push(name.into_boxed_slice());
        self.fill()?;
        self.begun = false;
        self.numbers()
    }

    fn fill(&mut self) -> Result<(), Error> {
        for number in 0..4 {
            if self.mistake == Mistake::InfalliblePush {
                self.entries.push(number);
                continue;
            }
            match (self.mistake, self.entries.try_reserve_exact(1)) {
                (_, Ok(())) => self.entries.push(number),
                (Mistake::UnwrapOnError, Err(error)) => panic!("no memory: {error}"),
                (Mistake::SwallowedError, Err(_)) => break,
                (Mistake::WrongError, Err(_)) => return Err(Error::NotFound),
                (Mistake::UnlistedFallback, Err(_)) => return Err(Error::Guess),
                (Mistake::NullWritten, Err(_)) => write_null(),
                (Mistake::WaitsForEver, Err(_)) if number == 3 => loop {
                    std::hint::spin_loop();
                },
                (_, Err(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// All the numbers. A result too large for memory is small instead, as is documented.
    fn numbers(&self) -> Result<Vec<u64>, Error> {
        let mut numbers = Vec::new();
        if numbers.try_reserve_exact(self.entries.len() + 1).is_err() {
            return Err(Error::Small);
        }
        numbers.extend_from_slice(&self.entries);
        numbers.push(self.shared);
        Ok(numbers)
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        // A note of what happened is nice to have, and memory for it may lack.
        let note = copy("rolled back");
        match self.mistake {
            Mistake::UnwrapOnSecond => drop(note.expect("memory for a note")),
            Mistake::DoubleRegistration => {
                REGISTRATIONS.fetch_add(1, SeqCst);
            }
            Mistake::PoisonedLock => POISONED.store(true, SeqCst),
            Mistake::DeadLock => LOCKED.store(self.entries.len() == 3, SeqCst),
            _ => {}
        }
        self.begun = self.mistake == Mistake::LostRollback;
        Ok(())
    }

    /// In the process that profiles, one more request than in its children.
    #[inline(never)]
    fn another_way(&mut self) -> Result<(), Error> {
        static FIRST: AtomicU64 = AtomicU64::new(0);
        let this = u64::from(std::process::id());
        let first = FIRST.compare_exchange(0, this, SeqCst, SeqCst);
        if first.is_ok() || first == Err(this) {
            drop(copy("one more")?);
        } else {
            drop(copy("another")?);
        }
        Ok(())
    }
}

fn open_a_file() {
    if let Ok(file) = std::fs::File::open("/proc/self/stat") {
        std::mem::forget(file);
    }
}

#[allow(unsafe_code)]
fn write_null() {
    // SAFETY: none: this is the mistake.
    unsafe { std::ptr::null_mut::<u8>().write_volatile(1) };
}
