//! Which functions there are, and where.

use crate::elf::{Image, Symbol, Value};
use crate::program::Function;
use crate::{Error, names};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// A piece of code: a function, or a part that was split off from one.
pub(crate) struct Piece {
    pub(crate) range: Range<u64>,
    pub(crate) function: usize,
    /// It goes on in the next piece: a symbol stands inside a function.
    pub(crate) runs_on: bool,
}

/// Which functions there are, and where.
pub(crate) struct Layout<'data> {
    pub(crate) functions: Vec<Function>,
    /// In the order of their addresses.
    pub(crate) pieces: Vec<Piece>,
    imports: HashMap<&'data str, usize>,
}

impl<'data> Layout<'data> {
    pub(crate) fn new(image: &Image<'data>) -> Result<Self, Error> {
        let mut layout = Self {
            functions: Vec::new(),
            pieces: Vec::new(),
            imports: HashMap::new(),
        };
        layout.add_functions(image);
        layout.add_imports(image);
        match u32::try_from(layout.pieces.len()) {
            Ok(_) => Ok(layout),
            Err(_) => Err(Error::TooLarge),
        }
    }

    fn add_functions(&mut self, image: &Image<'data>) {
        let symbols = &image.symbols;
        let wholes = wholes(symbols);
        let mut by_name = HashMap::new();
        let mut parts = Vec::new();
        let mut groups = symbols
            .chunk_by(|one, two| one.address == two.address)
            .peekable();
        while let Some(group) = groups.next() {
            let next = groups.peek().and_then(|next| next.first());
            let Some((symbol, mut piece)) = piece(image, group, next) else {
                continue;
            };
            match names::whole(symbol.name).filter(|name| wholes.contains(name)) {
                Some(whole) => parts.push((self.pieces.len(), whole)),
                None => {
                    piece.function = self.functions.len();
                    by_name.extend(group.iter().map(|symbol| (symbol.name, piece.function)));
                    self.functions.push(function(group));
                }
            }
            self.pieces.push(piece);
        }
        for (part, whole) in parts {
            if let (Some(piece), Some(function)) = (self.pieces.get_mut(part), by_name.get(whole)) {
                piece.function = *function;
            }
        }
    }

    fn add_imports(&mut self, image: &Image<'data>) {
        for slot in &image.slots {
            if let Value::Import(name) = slot.value {
                self.imports.entry(name).or_insert_with(|| {
                    self.functions.push(Function {
                        names: vec![names::demangled(name)],
                        imported: true,
                    });
                    self.functions.len() - 1
                });
            }
        }
    }

    /// The function that an address lies in.
    pub(crate) fn around(&self, address: u64) -> Option<usize> {
        let behind = self.pieces.partition_point(|p| p.range.start <= address);
        let piece = self.pieces.get(behind.checked_sub(1)?)?;
        piece.range.contains(&address).then_some(piece.function)
    }

    /// The function that begins at an address.
    pub(crate) fn at(&self, address: u64) -> Option<usize> {
        let found = self
            .pieces
            .binary_search_by_key(&address, |p| p.range.start);
        Some(self.pieces.get(found.ok()?)?.function)
    }

    /// The function of another library.
    pub(crate) fn import(&self, name: &str) -> Option<usize> {
        self.imports.get(name).copied()
    }
}

/// The piece of code that symbols of one address stand for, as if it were the first function, and one
/// of the symbols. None where there is no code.
fn piece<'s, 'data>(
    image: &Image<'_>,
    group: &'s [Symbol<'data>],
    next: Option<&Symbol<'_>>,
) -> Option<(&'s Symbol<'data>, Piece)> {
    let symbol = group.first()?;
    let rest = image.section(symbol.address)?.from(symbol.address)?;
    let next = next.map_or(u64::MAX, |next| next.address);
    let limit = next.min(symbol.address.saturating_add(rest.len() as u64));
    let size = group.iter().map(|symbol| symbol.size).max().unwrap_or(0);
    let end = match size {
        0 => limit,
        size => symbol.address.saturating_add(size),
    };
    let piece = Piece {
        range: symbol.address..end.min(limit),
        function: 0,
        runs_on: end > next,
    };
    Some((symbol, piece))
}

/// The names of which there is one symbol, so that a part can be ascribed to it.
fn wholes<'data>(symbols: &[Symbol<'data>]) -> BTreeSet<&'data str> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for symbol in symbols {
        *times.entry(symbol.name).or_default() += 1;
    }
    let once = times.into_iter().filter(|(_, times)| *times == 1);
    once.map(|(name, _)| name).collect()
}

fn function(group: &[Symbol<'_>]) -> Function {
    let names: BTreeSet<String> = group.iter().map(|s| names::demangled(s.name)).collect();
    Function {
        names: names.into_iter().collect(),
        imported: false,
    }
}
