//! Blocks with handlers: `try_table`, and the places where its clauses land.
//!
//! ```wat
//! (block $done
//!   (block $landing0 (result …)
//!     (block $landing1 (result …)
//!       (try_table (catch … $landing0) (catch_ref … $landing1)
//!         …)
//!       (br $done))
//!     ;; what clause 1 has caught
//!     (br $done))
//!   ;; what clause 0 has caught
//! )
//! ```
//!
//! Code goes on in one of the landing places, where a clause catches, and behind `$done`. In the
//! others it drops the payload and spoils the digest.

use super::module::Types;
use super::value::{FACTOR, Ty};
use super::world::{DIGEST, Frame};
use wasm_encoder::{BlockType, Catch, InstructionSink as Sink};

/// The kinds of clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    One,
    OneRef,
    All,
    AllRef,
}

/// Where a clause lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// In a place of its own.
    Own,
    /// Behind a scope, so many further out.
    Done(u32),
    /// At the end of the function, with the payload as its results.
    Function,
}

/// A clause.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Its kind.
    pub kind: Kind,
    /// Its tag, where its kind has one.
    pub tag: u32,
    /// Where it lands.
    pub label: Label,
}

impl Clause {
    /// Whether it only catches its tag.
    pub fn has_tag(self) -> bool {
        matches!(self.kind, Kind::One | Kind::OneRef)
    }

    /// Whether the exception itself arrives.
    pub fn has_exception(self) -> bool {
        matches!(self.kind, Kind::OneRef | Kind::AllRef)
    }

    /// What arrives where it lands.
    pub fn arrives(self, types: &Types) -> Vec<Ty> {
        let mut all = if self.has_tag() {
            types.fields(self.tag)
        } else {
            Vec::new()
        };
        all.extend(self.has_exception().then_some(Ty::Exn));
        all
    }

    /// The type of the block that it ends.
    pub fn block(self, types: &Types) -> BlockType {
        match self.arrives(types).as_slice() {
            [] => BlockType::Empty,
            [one] => BlockType::Result(one.encoded()),
            _ if self.has_exception() => BlockType::FunctionType(types.with_exception(self.tag)),
            _ => BlockType::FunctionType(types.payload(self.tag)),
        }
    }

    /// The clause with this label.
    pub fn encoded(self, label: u32) -> Catch {
        let tag = self.tag;
        match self.kind {
            Kind::One => Catch::One { tag, label },
            Kind::OneRef => Catch::OneRef { tag, label },
            Kind::All => Catch::All { label },
            Kind::AllRef => Catch::AllRef { label },
        }
    }
}

/// A block with handlers that is open.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The clauses, in order.
    pub clauses: Vec<Clause>,
    /// The clauses with places of their own that lie ahead, outermost first.
    pub landings: Vec<Clause>,
    /// Whether code is still within the `try_table`.
    pub in_body: bool,
    /// What lies on the stack below the block.
    pub below: Option<u64>,
}

impl Scope {
    /// How many labels it has from where code is.
    fn labels(&self) -> u32 {
        1 + self.landings.len() as u32 + u32::from(self.in_body)
    }

    /// Whether it has a clause for everything.
    pub fn catches_all(&self) -> bool {
        self.clauses.iter().any(|clause| !clause.has_tag())
    }

    /// The place of a clause among the landing places.
    pub fn landing(&self, clause: usize) -> usize {
        let before = self.clauses.iter().take(clause);
        before.filter(|it| it.label == Label::Own).count()
    }
}

impl Frame {
    fn out(&mut self) -> Sink<'_> {
        Sink::new(&mut self.code)
    }

    /// The label of the end of the scope that lies so many further out.
    pub fn done(&self, out: u32) -> u32 {
        let scopes = self.scopes.iter().rev().take(out as usize + 1);
        scopes.map(Scope::labels).sum::<u32>() - 1
    }

    /// The label of the function.
    fn function_label(&self) -> u32 {
        self.scopes.iter().map(Scope::labels).sum()
    }

    /// Opens a scope; what lies below it is on the stack already.
    pub fn open(&mut self, types: &Types, clauses: Vec<Clause>, below: Option<u64>) {
        let own = clauses.iter().filter(|clause| clause.label == Label::Own);
        let landings: Vec<Clause> = own.copied().collect();
        self.out().block(BlockType::Empty);
        for clause in &landings {
            let block = clause.block(types);
            self.out().block(block);
        }
        self.scopes.push(Scope {
            clauses: clauses.clone(),
            landings,
            in_body: false,
            below,
        });
        let mut catches = Vec::with_capacity(clauses.len());
        let count = self.scopes.last().map_or(0, |it| it.landings.len()) as u32;
        let mut landing = 0;
        for clause in clauses {
            let label = match clause.label {
                Label::Own => {
                    landing += 1;
                    count - landing
                }
                Label::Done(out) => self.done(out),
                Label::Function => self.function_label(),
            };
            catches.push(clause.encoded(label));
        }
        self.out().try_table(BlockType::Empty, catches);
        if let Some(scope) = self.scopes.last_mut() {
            scope.in_body = true;
        }
    }

    /// Goes from where code is, which ends here, to the landing place of a clause of the innermost
    /// scope: what arrives there is on the stack.
    pub fn land(&mut self, types: &Types, landing: usize) {
        self.end_body();
        self.pass_landings(types, landing + 1);
        self.out().br(landing as u32 + 1).end();
        if let Some(scope) = self.scopes.last_mut() {
            scope.landings.truncate(landing);
        }
    }

    /// Ends the innermost scope; code goes on behind it. Gives what lies on the stack there.
    pub fn close(&mut self, types: &Types) -> Option<u64> {
        self.end_body();
        self.pass_landings(types, 0);
        self.out().end();
        self.scopes.pop()?.below
    }

    /// Ends scopes until so many are left, where code cannot come.
    pub fn close_dead(&mut self, types: &Types, left: usize) {
        while self.scopes.len() > left {
            if self.close(types).is_some() {
                self.out().drop();
            }
        }
    }

    fn end_body(&mut self) {
        if let Some(scope) = self.scopes.last_mut()
            && scope.in_body
        {
            scope.in_body = false;
            self.out().end();
        }
    }

    /// Emits the landing places of the innermost scope that are not for what was thrown, from the
    /// innermost to the one with this number.
    fn pass_landings(&mut self, types: &Types, until: usize) {
        let landings = self
            .scopes
            .last()
            .map_or(Vec::new(), |it| it.landings.clone());
        for (number, clause) in landings.into_iter().enumerate().skip(until).rev() {
            let mut f = self.out();
            f.br(number as u32 + 1).end();
            clause.arrives(types).iter().for_each(|_| _ = f.drop());
            f.global_get(DIGEST)
                .i64_const(FACTOR.cast_signed())
                .i64_mul()
                .i64_const(WRONG - number as i64)
                .i64_xor()
                .global_set(DIGEST);
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.landings.truncate(until.min(scope.landings.len()));
        }
    }
}

/// What spoils a digest.
const WRONG: i64 = -7_046_029;
