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
//!
//! Families whose exceptions find their handlers while operations are performed share this: what they
//! say of their tags is [`Payloads`], and a function that runs has [`Blocks`].

use super::digest::FACTOR;
use wasm_encoder::{BlockType, Catch, InstructionSink as Sink, ValType};

/// The global with the digest.
pub const DIGEST: u32 = 0;

/// What the tags of a case carry.
pub trait Payloads {
    /// The types of values.
    type Ty: Copy + Into<ValType>;

    /// That of exceptions.
    const EXCEPTION: Self::Ty;

    /// What a tag carries.
    fn fields(&self, tag: u32) -> Vec<Self::Ty>;

    /// The type of a block that ends with the payload of a tag.
    fn payload(&self, tag: u32) -> u32;

    /// The same, with the exception behind it.
    fn with_exception(&self, tag: u32) -> u32;
}

/// The kinds of clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    One,
    OneRef,
    All,
    AllRef,
}

impl Kind {
    /// Whether it only catches a tag.
    pub fn has_tag(self) -> bool {
        matches!(self, Self::One | Self::OneRef)
    }

    /// Whether the exception itself arrives.
    pub fn has_exception(self) -> bool {
        matches!(self, Self::OneRef | Self::AllRef)
    }

    /// A clause of it, with this tag if it has one, and this label.
    pub fn encoded(self, tag: u32, label: u32) -> Catch {
        match self {
            Self::One => Catch::One { tag, label },
            Self::OneRef => Catch::OneRef { tag, label },
            Self::All => Catch::All { label },
            Self::AllRef => Catch::AllRef { label },
        }
    }
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
        self.kind.has_tag()
    }

    /// Whether the exception itself arrives.
    pub fn has_exception(self) -> bool {
        self.kind.has_exception()
    }

    /// What arrives where it lands.
    pub fn arrives<P: Payloads>(self, types: &P) -> Vec<P::Ty> {
        let mut all = if self.has_tag() {
            types.fields(self.tag)
        } else {
            Vec::new()
        };
        all.extend(self.has_exception().then_some(P::EXCEPTION));
        all
    }

    /// The type of the block that it ends.
    pub fn block(self, types: &impl Payloads) -> BlockType {
        match self.arrives(types).as_slice() {
            [] => BlockType::Empty,
            [one] => BlockType::Result((*one).into()),
            _ if self.has_exception() => BlockType::FunctionType(types.with_exception(self.tag)),
            _ => BlockType::FunctionType(types.payload(self.tag)),
        }
    }

    /// The clause with this label.
    pub fn encoded(self, label: u32) -> Catch {
        self.kind.encoded(self.tag, label)
    }
}

/// A block with handlers that is open.
#[derive(Clone, Debug)]
pub struct Scope<B> {
    /// The clauses, in order.
    pub clauses: Vec<Clause>,
    /// The clauses with places of their own that lie ahead, outermost first.
    pub landings: Vec<Clause>,
    /// Whether code is still within the `try_table`.
    pub in_body: bool,
    /// What lies on the stack below the block.
    pub below: Option<B>,
}

impl<B> Scope<B> {
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

/// A function that runs, with its blocks.
pub trait Blocks {
    /// What it keeps on the stack below a block.
    type Below: Copy;

    /// Its blocks, the innermost last.
    fn scopes(&self) -> &[Scope<Self::Below>];

    /// Its blocks and its code.
    fn parts(&mut self) -> (&mut Vec<Scope<Self::Below>>, &mut Vec<u8>);

    /// Where code goes.
    fn out(&mut self) -> Sink<'_> {
        Sink::new(self.parts().1)
    }

    /// The innermost block.
    fn last_scope(&mut self) -> Option<&mut Scope<Self::Below>> {
        self.parts().0.last_mut()
    }

    /// The label of the end of the scope that lies so many further out.
    fn done(&self, out: u32) -> u32 {
        let scopes = self.scopes().iter().rev().take(out as usize + 1);
        scopes.map(Scope::labels).sum::<u32>() - 1
    }

    /// The label of a landing place that lies ahead, of the scope so many further out.
    fn landing_label(&self, out: u32, landing: usize) -> u32 {
        let scopes = self.scopes().iter().rev();
        let within: u32 = scopes.clone().take(out as usize).map(Scope::labels).sum();
        let scope = scopes.clone().nth(out as usize);
        let ahead = |it: &Scope<_>| it.landings.len().saturating_sub(landing + 1) as u32;
        within + scope.map_or(0, |it| u32::from(it.in_body) + ahead(it))
    }

    /// The label of the function.
    fn function_label(&self) -> u32 {
        self.scopes().iter().map(Scope::labels).sum()
    }

    /// Opens a scope; what lies below it is on the stack already.
    fn open(&mut self, types: &impl Payloads, clauses: Vec<Clause>, below: Option<Self::Below>) {
        let own = clauses.iter().filter(|clause| clause.label == Label::Own);
        let landings: Vec<Clause> = own.copied().collect();
        self.out().block(BlockType::Empty);
        for clause in &landings {
            let block = clause.block(types);
            self.out().block(block);
        }
        self.parts().0.push(Scope {
            clauses: clauses.clone(),
            landings,
            in_body: false,
            below,
        });
        let mut catches = Vec::with_capacity(clauses.len());
        let count = self.scopes().last().map_or(0, |it| it.landings.len()) as u32;
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
        if let Some(scope) = self.last_scope() {
            scope.in_body = true;
        }
    }

    /// Goes from where code is, which ends here, to the landing place of a clause of the innermost
    /// scope: what arrives there is on the stack.
    fn land(&mut self, types: &impl Payloads, landing: usize) {
        self.end_body();
        self.pass_landings(types, landing + 1);
        self.out().br(landing as u32 + 1).end();
        if let Some(scope) = self.last_scope() {
            scope.landings.truncate(landing);
        }
    }

    /// Ends the innermost scope; code goes on behind it. Gives what lies on the stack there.
    fn close(&mut self, types: &impl Payloads) -> Option<Self::Below> {
        self.end_body();
        self.pass_landings(types, 0);
        self.out().end();
        self.parts().0.pop()?.below
    }

    /// Ends scopes until so many are left, where code cannot come.
    fn close_dead(&mut self, types: &impl Payloads, left: usize) {
        while self.scopes().len() > left {
            if self.close(types).is_some() {
                self.out().drop();
            }
        }
    }

    /// Ends the `try_table` of the innermost block, if code is in it.
    fn end_body(&mut self) {
        if let Some(scope) = self.last_scope()
            && scope.in_body
        {
            scope.in_body = false;
            self.out().end();
        }
    }

    /// Emits the landing places of the innermost scope that are not for what was thrown, from the
    /// innermost to the one with this number.
    fn pass_landings(&mut self, types: &impl Payloads, until: usize) {
        let landings = self
            .scopes()
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
        if let Some(scope) = self.last_scope() {
            scope.landings.truncate(until.min(scope.landings.len()));
        }
    }
}

/// What spoils a digest.
const WRONG: i64 = -7_046_029;
